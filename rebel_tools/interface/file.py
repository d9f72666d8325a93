"""Interface files: from an interface to bytes and back, with errors that name the file.

A file is checked in this order: size, decoding (bounded, see `codec.Limits`), digest, schema. The digest comes after
decoding because it covers the data and not the pickle's bytes, which differ between picklers.
"""

from __future__ import annotations

import os
import stat

from rebel_tools.errors import Place
from rebel_tools.interface import codec, plain
from rebel_tools.interface.errors import UnreadableInterface
from rebel_tools.interface.model import Interface
from rebel_tools.interface.shapes import SchemaError

HINT = "write it again from its source: env.Interface in SCons, or symbol-audit record"
TEXT_BEGINNING = b"# A rebel-interface as text."
"""The beginning of an interface as text (`text_form.HEAD`). Only for these, that module is loaded."""
_PROTOCOL = 0x80
"""The first opcode of a pickle."""


def to_bytes(interface: Interface) -> bytes:
    """The bytes of the file. They are equal for equal interfaces from the same producer and places."""
    producer = {"name": interface.producer.name, "version": interface.producer.version}
    return codec.seal(interface.plain, producer, plain.places(interface), interface.forms)


def from_bytes(data: bytes, name: str) -> Interface:
    """The interface in `data`, the contents of the file `name`. Errors: UnreadableInterface for anything else."""
    if data.startswith(TEXT_BEGINNING):
        from rebel_tools.interface.text_form import refuse_edited, sealed_from_text, to_text_form

        interface = from_bytes(sealed_from_text(data, name), name)
        refuse_edited(data, to_text_form(interface, to_bytes(interface)), name)
        return interface
    if data and data[0] != _PROTOCOL:
        raise _something_else(data, name)
    try:
        return plain.decode(codec.unseal(data))
    except codec.CodecError as error:
        place = Place(name, offset=error.offset)
        raise UnreadableInterface(error.message, place=place, expected=error.expected, hint=HINT) from error
    except SchemaError as error:
        message = f"{'.'.join(error.path) or 'the interface'} is {error.found}"
        raise UnreadableInterface(message, place=Place(name, offset=0), expected=error.expected, hint=HINT) from error


def _something_else(data: bytes, name: str) -> UnreadableInterface:
    """The error for another kind of file, with how to make an interface of it if that is possible."""
    what, record = "data of another kind", ""
    if data.startswith((b"\x7fELF", b"MZ")):
        what, record = "a library", f"symbol-audit record {name}"
    elif b"\0" not in data:
        what, record = "text (a header?)", f"symbol-audit record --header {name}"
    hint = f"{record} -o FILE makes an interface of it" if record else HINT
    return UnreadableInterface(f"this is {what}", place=Place(name), expected="an interface file", hint=hint)


def read_interface(path: str | os.PathLike[str]) -> Interface:
    """Read an interface file, at most as much of it as the codec's limit. Errors: UnreadableInterface."""
    name = os.fspath(path)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UnreadableInterface("this is not a regular file", place=Place(name), expected="an interface file")
        with open(path, "rb") as stream:
            data = stream.read(codec.Limits.size + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise UnreadableInterface(f"cannot be read: {reason}", place=Place(name)) from error
    return from_bytes(data, name)


def write_interface(interface: Interface, path: str | os.PathLike[str], as_text: bool = False) -> None:
    """Write an interface file, as a pickle or as text. Errors: UnreadableInterface if it cannot be written."""
    try:
        data = to_bytes(interface)
    except codec.CodecError as error:  # a name that is not UTF-8, which a library can have
        raise UnreadableInterface(
            f"cannot be written: {error.message}",
            place=Place(os.fspath(path)),
            expected=error.expected,
            hint="symbol-audit record --only PATTERN selects symbols",
        ) from error
    if as_text:
        from rebel_tools.interface.text_form import to_text_form

        data = to_text_form(interface, data).encode()
    try:
        with open(path, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise UnreadableInterface(f"cannot be written: {error.strerror}", place=Place(os.fspath(path))) from error
