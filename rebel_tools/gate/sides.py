"""Reads the two sides of a diff from files: libraries (exports and DWARF) or interfaces."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rebel_tools.abi.sizes import size_of
from rebel_tools.abi.types import Function
from rebel_tools.binary.debug_search import ONLY_SYSTEM, DebugPath
from rebel_tools.binary.dwarf_headers import EVERY
from rebel_tools.binary.library import open_library
from rebel_tools.binary.model import ExportTable, undecorate
from rebel_tools.gate.header_enums import of_headers
from rebel_tools.gate.not_compared import Reason
from rebel_tools.gate.side import Item, Side

if TYPE_CHECKING:
    from rebel_tools.interface.model import Interface

BEGINNINGS = (b"\x80\x02", b"# A")
"""The first bytes of an interface file: the opcode PROTO with protocol 2, or the comment of the text form."""


def read_side(
    path: str, with_types: bool = True, debug_path: DebugPath = ONLY_SYSTEM, headers: tuple[str, ...] = ()
) -> Side:
    """The library or interface at `path`. Errors: UnreadableBinary, UnreadableInterface.

    debug_path: where to search for debug information besides the folder of the library.
    headers: patterns of the headers that programs include; the constants of their enumerations are compared.
    """
    if _is_interface(path):
        from rebel_tools.interface.file import read_interface

        return interface_side(read_interface(path), path, headers)
    return library_side(path, with_types, debug_path, headers)


def read_sides(
    old: str, new: str, debug_path: DebugPath = ONLY_SYSTEM, headers: tuple[str, ...] = ()
) -> tuple[Side, Side]:
    """Both sides of a diff. If one is an interface with enumerations, those of all headers of a library are read."""
    from rebel_tools.interface.file import read_interface

    interfaces = {path: read_interface(path) for path in (old, new) if _is_interface(path)}
    if any(interface.declarations.enumerations for interface in interfaces.values()):
        headers = headers or EVERY
    first, second = (
        interface_side(interfaces[path], path, headers)
        if path in interfaces
        else library_side(path, True, debug_path, headers)
        for path in (old, new)
    )
    return first, second


def _is_interface(path: str) -> bool:
    if not os.path.isfile(path):
        return False  # a member of an archive, or an error that the reader of libraries reports
    with open(path, "rb") as stream:
        return stream.read(3).startswith(BEGINNINGS)


def interface_side(interface: Interface, name: str, headers: tuple[str, ...] = ()) -> Side:
    """An `Interface` as a side; `headers` as in `read_side`, without patterns all headers."""
    items = {}
    for symbol in interface.symbols.values():
        if isinstance(symbol, Function):
            items[symbol.name] = Item(symbol.name, "function")
        else:
            size = size_of(symbol.type, interface.declarations.types)
            items[symbol.name] = Item(symbol.name, "tls" if symbol.tls else "object", size, symbol.writable)
    target = interface.target
    facts = {"target": f"{target.machine}, {8 * target.pointer_size} bits, {target.byteorder} endian"}
    return Side(name, items, of_headers(interface.declarations, headers), facts=facts)


def library_side(
    path: str, with_types: bool = True, debug_path: DebugPath = ONLY_SYSTEM, headers: tuple[str, ...] = ()
) -> Side:
    """The exports of a library, with their types from its DWARF."""
    from rebel_tools.gate.debug import DebugInfo, read_debug

    with open_library(path) as library:
        table = library.table
        debug = DebugInfo(None, Reason("types were not requested"))
        if with_types:
            debug = read_debug(library, set(_items(table)), debug_path, headers)
    facts = {"target": f"{table.machine}, {table.bits} bits, {table.byteorder} endian", "soname": table.soname}
    versions = frozenset(f"{export.name}@{export.version}" for export in table.exports if export.version)
    known = (debug.declarations, debug.reason)
    loading = (table.needed, table.loader)
    return Side(path, _items(table), *known, facts, versions, *loading, debug.is_unreadable, debug.undescribed)


def _items(table: ExportTable) -> dict[str, Item]:
    """Exports by name; those whose version is not the default by name and version."""
    items = {}
    for export in table.exports:
        name = _plain(table, export.name)
        if export.default is False and (any(other.default for other in table.by_name[export.name]) or name in items):
            name = f"{name}@{export.version}"
        kind = "function" if export.kind == "ifunc" else export.kind
        is_data = kind in ("object", "tls")
        writable = table.is_writable(export) if is_data else None
        traits = (export.version, export.binding, export.visibility, export.kind == "ifunc")
        items[name] = Item(name, kind, export.size if is_data else None, writable, *traits)
    return items


def _plain(table: ExportTable, name: str) -> str:
    return undecorate(name).name if table.is_decorated else name
