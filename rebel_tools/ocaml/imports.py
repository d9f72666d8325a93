"""The import tables of compiled OCaml files: what the compiler consulted, with the digest that it saw.

They correspond to depfiles in C, but are better: aliases are resolved, and each entry has the digest of what was read,
so a unit is up to date exactly when every entry is still true.

Source of the formats: OCaml's file_formats/{cmi_format.ml,cmo_format.mli,cmx_format.mli}, middle_end/compilenv.ml and
tools/objinfo.ml, 4.06 to 5.3: the tables keep their places in their records over all of them, flambda's `y` and `z`
files too. `ocamlobjinfo` prints the same tables.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from struct import unpack_from
from sys import intern
from typing import Any, Callable, NamedTuple, Optional

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.atomic import read_regular
from rebel_tools.ocaml.marshal import MarshalError, read_header, read_value, wrong

Table = tuple[tuple[str, Optional[str]], ...]  # of (unit name, digest in hex or None)

_MAGIC_LENGTH = 12
_DIGEST_LENGTH = 16
_MAX_NAME = 255  # a unit is the name of a file
_KINDS = {b"I": "cmi", b"O": "cmo", b"A": "cma", b"Y": "cmx", b"y": "cmx", b"Z": "cmxa", b"z": "cmxa"}


class NotCompiledOCaml(RebelError):
    """The file is not a .cmi, .cmo, .cmx, .cma or .cmxa at all."""


class Needs(NamedTuple):
    """What has to be linked together with an archive.

    objects: C objects, as files or `-lfoo`; options: for the C linker; dlls: `-lfoo`, for bytecode that loads its
        stubs.
    """

    objects: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    dlls: tuple[str, ...] = ()


class Imports(NamedTuple):
    """The imports of one compiled file.

    name: the unit, as the compiler calls it (`Foo__Bar`); for an archive the file's name without its suffix.
    kind: cmi, cmo, cmx, cma or cmxa. magic: the twelve first characters, `Caml1999Y030`.
    crc: hex digest of the interface (.cmi) or of the unit's information for the optimiser (.cmx); else None.
    interfaces: (unit, digest of its .cmi, or None where only its name was used). A .cmi lists itself first; a .cmo
        and a .cmx list their own interface somewhere.
    implementations: (unit, digest of its .cmx, or None if the .cmx did not exist or was not opened); .cmx only.
    units: of an archive, the imports of each member in link order. Its own two tables are then their union.
    needs: of an archive.
    """

    name: str
    kind: str
    magic: str
    crc: str | None
    interfaces: Table
    implementations: Table = ()
    units: tuple[Imports, ...] = ()
    needs: Needs = Needs()


class _File:
    """A file that is being read.

    left: how many more items its lists may have, and of those that are texts, how many more bytes.
    """

    def __init__(self, path: str, kind: str, data: bytes) -> None:
        self.path = path
        self.kind = kind
        self.data = data
        self.magic = data[:_MAGIC_LENGTH].decode("latin-1")
        self.left = len(data)

    def items(self, cell: Any) -> Iterator[Any]:
        """The items of an OCaml list.

        Each takes some bytes of the file. A file with more items than bytes has cyclic or shared lists, which no
        compiler writes, and which could take unlimited time and memory.
        """
        while cell != 0:
            if self.left <= 0:
                raise ValueError("more items than bytes")
            self.left -= 1
            head, cell = cell
            yield head

    def texts(self, cell: Any) -> Iterator[str]:
        """The items of a list of texts, whose total length is limited to the size of the file.

        Otherwise, a list could refer to one long text many times, with only a few bytes for each reference.
        """
        for text in self.items(cell):
            self.left -= len(text)
            if self.left < 0:
                raise ValueError("more text than bytes")
            yield os.fsdecode(text)

    def table(self, cell: Any) -> Table:
        """A list of (name, digest option): `crcs` in utils/misc.ml."""
        # The tables of a program contain the same texts many times.
        entries = self.items(cell)
        return tuple([(intern(_name(name)), intern(_digest(crc[0])) if crc else None) for name, crc in entries])


def read_imports(path: str | os.PathLike[str]) -> Imports:
    """The import tables of the compiled file `path`, in time and memory proportional to its size.

    Errors: NotCompiledOCaml for another kind of file, MarshalError (with the offset) for a truncated or damaged one,
    OSError for one that cannot be read.
    """
    path = os.fspath(path)
    data = read_regular(path)
    if data is None:
        raise OSError(errno.ENOENT, "there is no such file", path)
    kind = _KINDS.get(data[8:9]) if data.startswith(b"Caml1999") else None
    if kind is None:
        raise NotCompiledOCaml(
            "not a compiled OCaml file", place=Place(path, offset=0), expected="Caml1999, then I, O, A, Y, y, Z or z"
        )
    if len(data) <= _MAGIC_LENGTH:
        raise wrong(path, len(data), "the file ends after its magic number")
    try:
        return _READERS[kind](_File(path, kind, data))
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        # Well-formed values of another shape than in this format: decoding them fails in one of these ways.
        raise wrong(path, _MAGIC_LENGTH, f"the contents are not those of a .{kind} file") from error


def _read_cmi(file: _File) -> Imports:
    # (name, signature), imports, flags. The signature is most of the file, and compressed since 5.1: skipped.
    signature = read_header(file.data, _MAGIC_LENGTH, file.path)
    table = file.table(read_value(file.data, read_header(file.data, signature.end, file.path), file.path))
    name, crc = table[0]
    return Imports(name, "cmi", file.magic, crc, table)


def _read_cmo(file: _File) -> Imports:
    return _bytecode_unit(file, _at_offset(file, 5))


def _read_cma(file: _File) -> Imports:
    units, _custom, *needs = _at_offset(file, 5)
    return _archive(file, [_bytecode_unit(file, unit) for unit in file.items(units)], needs)


def _read_cmx(file: _File) -> Imports:
    header = read_header(file.data, _MAGIC_LENGTH, file.path)
    digest = file.data[header.end : header.end + _DIGEST_LENGTH]
    if len(digest) < _DIGEST_LENGTH:
        raise wrong(file.path, len(file.data), "the file ends inside the digest of the unit", f"{_DIGEST_LENGTH} bytes")
    return _native_unit(file, read_value(file.data, header, file.path, fields=5), digest)


def _read_cmxa(file: _File) -> Imports:
    units, *needs = read_value(file.data, read_header(file.data, _MAGIC_LENGTH, file.path), file.path, fields=3)
    return _archive(file, [_native_unit(file, info, digest) for info, digest in file.items(units)], needs)


_READERS: dict[str, Callable[[_File], Imports]] = {
    "cmi": _read_cmi,
    "cmo": _read_cmo,
    "cma": _read_cma,
    "cmx": _read_cmx,
    "cmxa": _read_cmxa,
}


def _at_offset(file: _File, fields: int) -> Any:
    """The descriptor of bytecode: after the code, at the offset that follows the magic number."""
    if len(file.data) < _MAGIC_LENGTH + 4:
        raise wrong(file.path, len(file.data), "the file ends before the offset of its descriptor")
    (offset,) = unpack_from(">I", file.data, _MAGIC_LENGTH)
    return read_value(file.data, read_header(file.data, offset, file.path), file.path, fields)


def _bytecode_unit(file: _File, unit: Any) -> Imports:
    name, _position, _size, _relocations, imports = unit[:5]
    return Imports(_name(name), "cmo", file.magic, None, file.table(imports))


def _native_unit(file: _File, info: Any, digest: bytes) -> Imports:
    name, _symbol, _defines, interfaces, implementations = info[:5]
    tables = file.table(interfaces), file.table(implementations)
    return Imports(_name(name), "cmx", file.magic, _digest(digest), *tables)


def _archive(file: _File, units: list[Imports], needs: list[Any]) -> Imports:
    name = os.path.splitext(os.path.basename(file.path))[0]
    interfaces = tuple(dict.fromkeys(entry for unit in units for entry in unit.interfaces))
    implementations = tuple(dict.fromkeys(entry for unit in units for entry in unit.implementations))
    words = Needs(*(tuple(file.texts(each)) for each in needs))
    return Imports(name, file.kind, file.magic, None, interfaces, implementations, tuple(units), words)


def _name(text: bytes) -> str:
    """The name of a unit, which is used to search folders. Errors: ValueError."""
    name = text.decode()
    if not 0 < len(text) <= _MAX_NAME or not name.isprintable():
        raise ValueError("no name of a unit")
    return name


def _digest(data: bytes) -> str:
    if len(data) != _DIGEST_LENGTH:
        raise ValueError("no digest")
    return data.hex()


__all__ = ["Imports", "MarshalError", "Needs", "NotCompiledOCaml", "read_imports"]
