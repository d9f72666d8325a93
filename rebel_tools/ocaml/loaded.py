"""The units of a program and the requirements of a plugin: the tables that Dynlink compares at load time.

Sources: OCaml 4.08 to 5.3, file_formats/cmxs_format.mli, asmcomp/asmlink.ml (marshalled values at the symbols
caml_globals_map of a program and caml_plugin_header of a plugin), bytecomp/bytesections.ml and bytelink.ml (the section
CRCS), otherlibs/dynlink/dynlink_common.ml (the comparison).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import unpack_from
from typing import Any, NamedTuple, Optional

from rebel_tools.ocaml.imports import Imports
from rebel_tools.ocaml.marshal import MarshalError, read_header, read_value, wrong

PROGRAM_SYMBOL, PLUGIN_SYMBOL = "caml_globals_map", "caml_plugin_header"
_TRAILER = 16  # bytes: the number of sections, and the magic number of a bytecode program
_SHOWN = 8  # digits of a digest that are shown

Digest = Optional[str]


class Unit(NamedTuple):
    """A unit that a program knows: the digests of its interface and of its code; is_linked: whether it has the code."""

    interface: Digest
    implementation: Digest
    is_linked: bool


class Wanted(NamedTuple):
    """A unit of a plugin, and the units that it was compiled with: pairs of a unit and a digest, as in `Imports`."""

    name: str
    interfaces: tuple[tuple[str, Digest], ...]
    implementations: tuple[tuple[str, Digest], ...] = ()


def marshalled_size(head: bytes, path: str) -> int:
    """The size in bytes of a marshalled value that begins with `head`. Errors: MarshalError."""
    try:
        return read_header(head, 0, path).end
    except MarshalError:
        if len(head) < 32:
            raise
        magic, small, big = unpack_from(">IIQ", head)
        return int(32 + big if magic == 0x8495A6BF else 20 + small)


def program_units(data: bytes, path: str) -> dict[str, Unit]:
    """The units of a native program, from the value at PROGRAM_SYMBOL. Errors: MarshalError."""
    found = {}
    for name, interface, implementation, symbols in _rows(data, path, 4):
        is_linked = bool(implementation) or bool(symbols)
        found[_text(name, path)] = Unit(_digest(interface), _digest(implementation), is_linked)
    return found


def plugin_units(data: bytes, path: str) -> list[Wanted]:
    """The units of a native plugin, from the value at PLUGIN_SYMBOL. Errors: MarshalError."""
    value = _value(data, path)
    try:
        rows = list(_items(value[1]))
        return [Wanted(_text(row[0], path), _table(row[2], path), _table(row[3], path)) for row in rows]
    except (TypeError, IndexError, ValueError) as error:
        raise wrong(path, 0, "this is not the table of a plugin") from error


def bytecode_program(data: bytes, path: str) -> dict[str, Unit]:
    """The units of a bytecode program. This table does not say whether the program contains their code."""
    section = _section(data, b"CRCS", path)
    rows = _rows(section, path, 2)
    return {_text(name, path): Unit(_digest(crc), None, True) for name, crc in rows}


def bytecode_plugin(archive: Imports) -> list[Wanted]:
    """The units of a bytecode plugin, which is an archive."""
    return [Wanted(unit.name, unit.interfaces) for unit in archive.units]


def differences(program: Mapping[str, Unit], plugin: Sequence[Wanted]) -> Iterator[str]:
    """Why a program cannot load a plugin: a sentence for each unit."""
    own = {unit.name for unit in plugin}
    said: set[str] = set()
    for each in plugin:
        if program.get(each.name, Unit(None, None, False)).is_linked and each.implementations:
            yield f"{each.name} is also a part of the program"
        for name, digest in each.interfaces:
            known = program.get(name)
            if name not in own | said and known and digest and known.interface and known.interface != digest:
                said.add(name)
                yield _other("interface", name, each.name, digest, known.interface)
        for name, digest in each.implementations:
            known = program.get(name)
            if name in own | said:
                continue
            if known is None or not known.is_linked:
                said.add(name)
                yield f"{name}, which {each.name} uses, is not a part of the program"
            elif digest and known.implementation and known.implementation != digest:
                said.add(name)
                yield _other("code", name, each.name, digest, known.implementation)


def _other(what: str, name: str, user: str, one: str, other: str) -> str:
    return f"{user} was compiled with the {what} {one[:_SHOWN]} of {name}, and the program has {other[:_SHOWN]}"


def _section(data: bytes, wanted: bytes, path: str) -> bytes:
    """A section of a bytecode program: the table at its end has names and lengths, the last section first."""
    if len(data) < _TRAILER or not data[-12:].startswith(b"Caml1999X"):
        raise wrong(path, max(0, len(data) - _TRAILER), "this is not a program in bytecode")
    (count,) = unpack_from(">I", data, len(data) - _TRAILER)
    start = len(data) - _TRAILER - 8 * count
    if start < 0:
        raise wrong(path, len(data) - _TRAILER, "the table of sections is cut off")
    end = start
    for at in reversed(range(count)):
        name, length = data[start + 8 * at : start + 8 * at + 4], unpack_from(">I", data, start + 8 * at + 4)[0]
        if name == wanted:
            return data[max(0, end - length) : end]
        end -= length
    raise wrong(path, start, f"there is no section {wanted.decode()}")


def _value(data: bytes, path: str) -> Any:
    return read_value(data, read_header(data, 0, path), path)


def _rows(data: bytes, path: str, fields: int) -> Iterator[list[Any]]:
    try:
        for row in _items(_value(data, path)):
            if len(row) != fields:
                raise ValueError("another number of fields")
            yield row
    except (TypeError, IndexError, ValueError) as error:
        raise wrong(path, 0, "this is not a table of units") from error


def _items(cell: Any) -> Iterator[Any]:
    while cell != 0:
        head, cell = cell
        yield head


def _table(cell: Any, path: str) -> tuple[tuple[str, Digest], ...]:
    return tuple((_text(name, path), _digest(crc)) for name, crc in _items(cell))


def _digest(crc: Any) -> Digest:
    return crc[0].hex() if crc else None


def _text(name: Any, path: str) -> str:
    if not isinstance(name, bytes):
        raise wrong(path, 0, "a unit has no name")
    return name.decode("utf-8", "replace")
