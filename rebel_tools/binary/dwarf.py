"""Prototypes and layouts of named symbols out of the debug information of a linked ELF or PE file.

The way: sections (`debug_sections`) -> units and DIEs (`dwarf_reader`, `dwarf_unit`) -> the DIEs of the wanted names
(`dwarf_find`) -> types (`dwarf_types`, `dwarf_members`, `dwarf_lines`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from rebel_tools.abi.types import Declarations
from rebel_tools.binary.bulk import collector_paused
from rebel_tools.binary.debug_sections import debug_sections
from rebel_tools.binary.dwarf_constants import At, Tag
from rebel_tools.binary.dwarf_find import Finder
from rebel_tools.binary.dwarf_reader import Dwarf
from rebel_tools.binary.dwarf_types import TypeReader
from rebel_tools.binary.dwarf_unit import Die
from rebel_tools.binary.library import Library, open_library

TLS_OPERATORS = (0x9B, 0xE0)
"""DW_OP_form_tls_address and DW_OP_GNU_push_tls_address, which end the location of a thread's data."""


def has_debug_information(library: Library) -> bool:
    """Whether there is anything for `read_declarations` to read."""
    return ".debug_info" in debug_sections(library.image)


def read_declarations(library: Library | str | os.PathLike | bytes, names: Iterable[str] | None = None) -> Declarations:
    """What the debug information says about functions and data, and all records that they lead to.

    library: an open one, or what `open_library` takes. It must be linked, since object files are not relocated.
    names: symbols as a linker sees them, undecorated; None for all external functions and data, also those that are
        only declared. A name without debug information is missing in the result.
    Raises UnreadableBinary for a damaged file.
    """
    if isinstance(library, Library):
        return _read(library, names)
    with open_library(library) as opened:
        return _read(opened, names)


def _read(library: Library, names: Iterable[str] | None) -> Declarations:
    sections = debug_sections(library.image)
    if ".debug_info" not in sections:
        return Declarations()
    wanted = None if names is None else frozenset(names)
    dwarf = Dwarf(sections, library.table.byteorder, library.source.name)
    with collector_paused():
        matches = Finder(dwarf, wanted, _addresses(library, wanted)).search()
        return _declarations({name: matches[name].die for name in sorted(matches)})


def _addresses(library: Library, names: frozenset[str] | None) -> dict[str, int]:
    """Where the exports are in terms of the debug information, which knows no relative addresses.

    Not those of ifuncs: at that address is the function that chooses one, with a prototype of its own.
    """
    table = library.table
    base = 0 if library.is_elf else library.image.base
    mask = ~1 if table.machine == "arm" else ~0  # bit 0 of a function's address says that it is Thumb code
    plain = table.by_plain_name if names is None else [name for name in names if table.find(name)]
    exports = ((name, table.find(name)) for name in plain)
    return {name: (e.address & mask) + base for name, e in exports if e.address is not None and e.kind != "ifunc"}


def _declarations(dies: dict[str, Die]) -> Declarations:
    reader = TypeReader()
    functions, variables = {}, {}
    for name, die in dies.items():
        if die.tag == Tag.SUBPROGRAM:
            functions[name] = reader.function(name, die)
        else:
            variables[name] = reader.variable(name, die, _is_tls(die))
    reader.finish()
    types, conflicts = dict(sorted(reader.types.items())), tuple(reader.conflicts)
    tells_atomic = all(die.unit.sizes.version >= 5 for die in dies.values())
    return Declarations(functions, variables, types, conflicts, tells_atomic)


def _is_tls(die: Die) -> bool:
    _, location = die.values.get(At.LOCATION, (0, b""))
    return isinstance(location, bytes) and location[-1:] != b"" and location[-1] in TLS_OPERATORS
