"""The import tables of compiled OCaml files: what the compiler consulted, with the digest that it saw.

They are to OCaml what depfiles are to C, and better: aliases are resolved, and each entry has the digest of what was
read, so that a unit is up to date exactly when every entry still holds.

Source of the formats: OCaml's file_formats/{cmi_format.ml,cmo_format.mli,cmx_format.mli}, middle_end/compilenv.ml and
tools/objinfo.ml, 4.06 to 5.3: the tables keep their places in their records over all of them, flambda's `y` and `z`
files too. `ocamlobjinfo` prints the same tables.
"""

from __future__ import annotations

import os
from struct import unpack_from
from sys import intern
from typing import NamedTuple

from rebel_tools.errors import Place, RebelError
from rebel_tools.ocaml.marshal import MarshalError, Value, read_header, read_value, wrong

Table = tuple  # of (unit name, digest in hex or None)

_MAGIC_LENGTH = 12
_KINDS = {b"I": "cmi", b"O": "cmo", b"A": "cma", b"Y": "cmx", b"y": "cmx", b"Z": "cmxa", b"z": "cmxa"}


class NotCompiledOCaml(RebelError):
    """The file is not a .cmi, .cmo, .cmx, .cma or .cmxa at all."""


class Imports(NamedTuple):
    """The imports of one compiled file.

    name: the unit, as the compiler calls it (`Foo__Bar`); for an archive the file's name without its suffix.
    kind: cmi, cmo, cmx, cma or cmxa. magic: the twelve first characters, `Caml1999Y030`.
    crc: hex digest of the interface (.cmi) or of the unit's information for the optimiser (.cmx); else None.
    interfaces: (unit, digest of its .cmi, or None where only its name was used). A .cmi lists itself first; a .cmo
        and a .cmx list their own interface somewhere.
    implementations: (unit, digest of its .cmx, or None where the .cmx was not there or not opened); .cmx only.
    units: of an archive, the imports of each member in link order. Its own two tables are then their union.
    """

    name: str
    kind: str
    magic: str
    crc: str | None
    interfaces: Table
    implementations: Table = ()
    units: tuple = ()


def read_imports(path: str) -> Imports:
    """The import tables of the compiled file `path`.

    Errors: NotCompiledOCaml for another kind of file, MarshalError (with the offset) for a truncated or damaged one,
    OSError for one that cannot be read.
    """
    path = os.fspath(path)
    with open(path, "rb") as file:
        data = file.read()
    kind = _KINDS.get(data[8:9]) if data.startswith(b"Caml1999") else None
    if kind is None:
        raise NotCompiledOCaml(
            "not a compiled OCaml file", place=Place(path, offset=0), expected="Caml1999, then I, O, A, Y, y, Z or z"
        )
    if len(data) <= _MAGIC_LENGTH:
        raise wrong(path, len(data), "the file ends after its magic number")
    magic = data[:_MAGIC_LENGTH].decode("latin-1")
    try:
        return _READERS[kind](data, magic, path)
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        # Well-formed values of another shape than this format's: taking them apart fails in one of these ways.
        raise wrong(path, _MAGIC_LENGTH, f"the contents are not those of a .{kind} file") from error


def _read_cmi(data: bytes, magic: str, path: str) -> Imports:
    # (name, signature), imports, flags. The signature is most of the file, and compressed since 5.1: skipped.
    signature = read_header(data, _MAGIC_LENGTH, path)
    table = _table(read_value(data, read_header(data, signature.end, path), path))
    name, crc = table[0]
    return Imports(name, "cmi", magic, crc, table)


def _read_cmo(data: bytes, magic: str, path: str) -> Imports:
    return _bytecode_unit(_at_offset(data, path, 5), magic)


def _read_cma(data: bytes, magic: str, path: str) -> Imports:
    (units,) = _at_offset(data, path, 1)
    return _archive("cma", magic, path, [_bytecode_unit(unit, magic) for unit in _items(units)])


def _read_cmx(data: bytes, magic: str, path: str) -> Imports:
    header = read_header(data, _MAGIC_LENGTH, path)
    digest = data[header.end : header.end + 16]
    if len(digest) < 16:
        raise wrong(path, len(data), "the file ends inside the digest of the unit", "16 bytes")
    return _native_unit(read_value(data, header, path, fields=5), digest, magic)


def _read_cmxa(data: bytes, magic: str, path: str) -> Imports:
    (units,) = read_value(data, read_header(data, _MAGIC_LENGTH, path), path, fields=1)
    return _archive("cmxa", magic, path, [_native_unit(info, digest, magic) for info, digest in _items(units)])


_READERS = {"cmi": _read_cmi, "cmo": _read_cmo, "cma": _read_cma, "cmx": _read_cmx, "cmxa": _read_cmxa}


def _at_offset(data: bytes, path: str, fields: int) -> Value:
    """The descriptor of bytecode: behind the code, at the place that the file names after its magic number."""
    if len(data) < _MAGIC_LENGTH + 4:
        raise wrong(path, len(data), "the file ends before the offset of its descriptor")
    (offset,) = unpack_from(">I", data, _MAGIC_LENGTH)
    return read_value(data, read_header(data, offset, path), path, fields)


def _bytecode_unit(unit: Value, magic: str) -> Imports:
    name, _position, _size, _relocations, imports = unit[:5]
    return Imports(name.decode(), "cmo", magic, None, _table(imports))


def _native_unit(info: Value, digest: bytes, magic: str) -> Imports:
    name, _symbol, _defines, interfaces, implementations = info[:5]
    return Imports(name.decode(), "cmx", magic, digest.hex(), _table(interfaces), _table(implementations))


def _archive(kind: str, magic: str, path: str, units: list) -> Imports:
    name = os.path.splitext(os.path.basename(path))[0]
    interfaces = tuple(dict.fromkeys(entry for unit in units for entry in unit.interfaces))
    implementations = tuple(dict.fromkeys(entry for unit in units for entry in unit.implementations))
    return Imports(name, kind, magic, None, interfaces, implementations, tuple(units))


def _items(cell: Value) -> list:
    """The items of an OCaml list. A list that runs into itself, which only a damaged file has, is a ValueError."""
    items, seen = [], set()
    while cell != 0:
        head, tail = cell
        items.append(head)
        if id(cell) in seen:
            raise ValueError("cyclic list")
        seen.add(id(cell))
        cell = tail
    return items


def _table(cell: Value) -> Table:
    """A list of (name, digest option): `crcs` in utils/misc.ml. The tables of a program are full of the same texts."""
    return tuple([(intern(name.decode()), intern(crc[0].hex()) if crc else None) for name, crc in _items(cell)])


__all__ = ["Imports", "MarshalError", "NotCompiledOCaml", "read_imports"]
