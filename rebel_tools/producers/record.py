"""Makes an interface from an existing library: from its exports and its DWARF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rebel_tools.abi.reach import definitions_among, parts, types_of, visited, with_enumerations
from rebel_tools.abi.types import Declarations, Function, Record, Type, Unknown, Variable
from rebel_tools.binary.debug_search import ONLY_SYSTEM, DebugPath
from rebel_tools.binary.library import open_library
from rebel_tools.binary.model import ExportTable, undecorate
from rebel_tools.interface.model import Interface, Target
from rebel_tools.interface.names import COMPILER_MADE, LINKER_MADE, matches
from rebel_tools.producers.producer import PRODUCER


@dataclass(frozen=True)
class Recording:
    """The interface of a library, and what could not be described.

    undescribed: exports without a declaration in the debug information, which are not in the interface.
    missing: files with debug information of the library that were not found.
    left_out: keys of classes whose definition is not in the debug information, only uses or members.
    vague: symbols and keys of types that contain an unknown type, each with the reason.
    """

    interface: Interface
    undescribed: tuple[str, ...]
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    vague: tuple[tuple[str, str], ...] = ()


def record(
    path: str, only: tuple[str, ...] = (), debug_path: DebugPath = ONLY_SYSTEM, headers: tuple[str, ...] = ()
) -> Recording:
    """The interface of the exports that match a pattern of `only` (all without one).

    headers: patterns of headers whose enumerations are recorded, whether or not a symbol uses them.
    Errors: UnreadableBinary if the file is not a library. Without DWARF, `undescribed` contains all exports.
    """
    from rebel_tools.binary.dwarf import read_debug_information

    with open_library(path) as library:
        table = library.table
        names = {name for name in _names(table) if not only or matches(name, only)}
        debug = read_debug_information(library, names, debug_path, headers)
    found = debug.declarations
    functions = {name: _as_exported(table, f) for name, f in sorted(found.functions.items()) if name in names}
    variables = {
        name: replace(variable, writable=_is_writable(table, name))
        for name, variable in sorted(found.variables.items())
        if name in names
    }
    symbols: list[Function | Variable] = [*functions.values(), *variables.values()]
    used = list(visited((kind for symbol in symbols for kind in types_of(symbol)), found.types))
    types = definitions_among(used, found.types)
    language = "c++" if any(name.startswith("_Z") for name in names) else "c"
    declarations = with_enumerations(Declarations(functions, variables, types), found.enumerations)
    interface = Interface(_target(table), PRODUCER, declarations, language=language)
    undescribed = sorted(names - functions.keys() - variables.keys())
    left_out = (key for key, kind in types.items() if isinstance(kind, Record) and kind.left_out)
    vague = tuple(_vague(interface)) if any(isinstance(kind, Unknown) for kind in used) else ()
    return Recording(interface, tuple(undescribed), debug.missing, tuple(left_out), vague)


def _vague(interface: Interface) -> Iterator[tuple[str, str]]:
    for key, definition in interface.declarations.types.items():
        yield from ((key, unknown.reason) for unknown in _unknown([definition]))
    for symbol in interface.symbols.values():
        yield from ((symbol.name, unknown.reason) for unknown in _unknown(types_of(symbol)))


def _unknown(kinds: Iterable[Type]) -> list[Unknown]:
    """The first unknown type in these types, or an empty list."""
    work = list(kinds)
    while work:
        kind = work.pop()
        if isinstance(kind, Unknown):
            return [kind]
        work += parts(kind)
    return []


def _as_exported(table: ExportTable, function: Function) -> Function:
    """The function with the calling convention from its decorated name, because GCC does not write it into DWARF."""
    export = table.find(function.name) if table.is_decorated and function.convention is None else None
    return function if export is None else replace(function, convention=undecorate(export.name).convention)


def _is_writable(table: ExportTable, name: str) -> bool | None:
    export = table.find(name)
    return None if export is None else table.is_writable(export)


def _names(table: ExportTable) -> set[str]:
    names = {undecorate(e.name).name if table.is_decorated else e.name for e in table.exports if not e.noname}
    return {name for name in names.difference(LINKER_MADE) if not matches(name, COMPILER_MADE)}


def _target(table: ExportTable) -> Target:
    system = "windows" if table.format == "PE" else "unknown"
    return Target(table.machine, table.bits // 8, table.byteorder, system)
