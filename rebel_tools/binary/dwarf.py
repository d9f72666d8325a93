"""Prototypes and layouts of named symbols, from the debug information of a linked ELF or PE file.

Data passes from files (`debug_files`, found by `debug_search`) to sections (`debug_sections`), units and DIEs
(`dwarf_reader`, `dwarf_split`, `dwarf_unit`), the DIEs of the wanted names (`dwarf_find`), and types (`dwarf_types`,
`dwarf_members`, `dwarf_lines`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from rebel_tools.abi.types import Declarations, Enum
from rebel_tools.binary.bulk import collector_paused
from rebel_tools.binary.debug_files import DebugFile, DebugFiles
from rebel_tools.binary.debug_search import ONLY_SYSTEM, DebugPath
from rebel_tools.binary.debug_sections import debug_sections
from rebel_tools.binary.dwarf_constants import ASSEMBLERS, At, Tag
from rebel_tools.binary.dwarf_find import Finder, language
from rebel_tools.binary.dwarf_headers import nested_enumerations, read_enumerations
from rebel_tools.binary.dwarf_levels import is_clang, tells_attributes, tells_types
from rebel_tools.binary.dwarf_reader import Dwarf
from rebel_tools.binary.dwarf_split import SplitUnits, may_be_split
from rebel_tools.binary.dwarf_types import TypeReader
from rebel_tools.binary.dwarf_unit import Die
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.library import Library, open_library
from rebel_tools.binary.pe_image import PeImage

TLS_OPERATORS = (0x9B, 0xE0)
"""DW_OP_form_tls_address and DW_OP_GNU_push_tls_address, the last operator in the location of thread-local data."""


class DebugInformation(NamedTuple):
    """The debug information that was found.

    missing: files with debug information of the library that do not exist.
    tells_types: False if all of it is functions and lines, as with -g1.
    """

    is_there: bool
    declarations: Declarations
    missing: tuple[str, ...] = ()
    tells_types: bool = True


def has_debug_information(library: Library) -> bool:
    """Whether the library itself has some; it may also be in another file."""
    return ".debug_info" in debug_sections(library.image)


def read_declarations(
    library: Library | str | os.PathLike[str] | bytes,
    names: Iterable[str] | None = None,
    headers: tuple[str, ...] = (),
) -> Declarations:
    """The functions and data in the debug information, and all records that they use.

    library: an open one, or an argument for `open_library`. It must be linked, since object files are not relocated.
    names: undecorated symbols; None for all external functions and data, also those that are only declared. A name
        without debug information is missing in the result.
    headers: patterns of headers whose enumerations are read, too (`dwarf_headers`).
    Errors: UnreadableBinary for a damaged file.
    """
    if isinstance(library, Library):
        return read_debug_information(library, names, headers=headers).declarations
    with open_library(library) as opened:
        return read_debug_information(opened, names, headers=headers).declarations


def read_debug_information(
    library: Library,
    names: Iterable[str] | None = None,
    path: DebugPath = ONLY_SYSTEM,
    headers: tuple[str, ...] = (),
) -> DebugInformation:
    """As `read_declarations`, with what could not be found. `path`: where to search besides the library's folder.

    Errors: UnreadableBinary also for a file that belongs to another build of the library.
    """
    with DebugFiles(library, path) as files:
        main = files.main()
        supplement = files.supplement(main) if main else None
        if main is None or files.missing:  # without its supplement a file has no names of types
            return DebugInformation(False, Declarations(), tuple(files.missing))
        dwarf, split = _dwarf(files, main, supplement), SplitUnits(files, main)
        declarations = _read(library, names, dwarf, split, headers)
        is_empty = not declarations.functions and not declarations.variables
        tells = not (is_empty and _is_functions_and_lines(dwarf, split))
        return DebugInformation(True, declarations, tuple(dict.fromkeys(files.missing)), tells)


def _is_functions_and_lines(dwarf: Dwarf, split: SplitUnits) -> bool:
    whole = [split.whole(unit) for unit in dwarf.units if language(unit) not in ASSEMBLERS]
    return bool(whole) and not any(unit is None or tells_types(unit) for unit in whole)


def debug_files(library: Library, path: DebugPath) -> tuple[str, ...]:
    """The files besides the library that `read_debug_information` may read, as far as this can be found out."""
    found: list[str] = []
    with DebugFiles(library, path) as files, suppress(UnreadableBinary):
        for holder in files.holders():
            found += [holder.path] if holder.path and holder is not files.own else []
            found += files.supplements(holder)
            if ".debug_info" in holder.sections and may_be_split(holder):  # it is not known to be the right file
                split = SplitUnits(files, holder)
                found += [place for unit in _dwarf(files, holder, None).units for place in split.places(unit)]
    return tuple(dict.fromkeys(found))


def _dwarf(files: DebugFiles, main: DebugFile, supplement: DebugFile | None) -> Dwarf:
    shared = Dwarf(supplement.sections, files.byteorder, supplement.name) if supplement else None
    dwarf = Dwarf(main.sections, files.byteorder, main.name, shared)
    for each in filter(None, (dwarf, shared)):
        files.at_end(each.close)
    return dwarf


def _read(
    library: Library, names: Iterable[str] | None, dwarf: Dwarf, split: SplitUnits, headers: tuple[str, ...]
) -> Declarations:
    wanted = None if names is None else frozenset(names)
    with collector_paused():
        matches = Finder(dwarf, wanted, _addresses(library, wanted), split.whole).search()
        reader = TypeReader()
        enumerations = read_enumerations(reader, dwarf, split.whole, headers) if headers else ()
        return _declarations(reader, {name: matches[name].die for name in sorted(matches)}, enumerations)


def _addresses(library: Library, names: frozenset[str] | None) -> dict[str, int]:
    """The absolute addresses of exports, as debug information has them.

    Ifuncs are left out: at their address is the function that chooses an implementation, with another prototype.
    """
    table = library.table
    base = library.image.base if isinstance(library.image, PeImage) else 0
    mask = ~1 if table.machine == "arm" else ~0  # bit 0 of a function's address marks Thumb code
    exports = ((name, table.find(name)) for name in (table.by_plain_name if names is None else names))
    return {
        name: (export.address & mask) + base
        for name, export in exports
        if export is not None and export.address is not None and export.kind != "ifunc"
    }


def _declarations(reader: TypeReader, dies: dict[str, Die], enumerations: tuple[Enum, ...]) -> Declarations:
    functions, variables = {}, {}
    for name, die in dies.items():
        if die.tag == Tag.SUBPROGRAM:
            functions[name] = reader.function(name, die)
        else:
            variables[name] = reader.variable(name, die, _is_tls(die))
    reader.finish()
    enumerations = tuple(dict.fromkeys((*enumerations, *nested_enumerations(reader))))
    types, conflicts = dict(sorted(reader.types.items())), tuple(reader.conflicts)
    tells_atomic = all(die.unit.sizes.version >= 5 for die in dies.values())
    tells_noreturn = all(tells_attributes(die.unit) for die in dies.values())
    tells_conventions = all(is_clang(die.unit) for die in dies.values())  # GCC does not write them
    tells = (tells_atomic, tells_conventions, tells_noreturn)
    return Declarations(functions, variables, types, conflicts, enumerations, *tells)


def _is_tls(die: Die) -> bool:
    _, location = die.values.get(At.LOCATION, (0, b""))
    return isinstance(location, bytes) and location[-1:] != b"" and location[-1] in TLS_OPERATORS
