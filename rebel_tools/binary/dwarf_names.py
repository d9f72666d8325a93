"""Names in C++ with their namespaces and classes, and the places of declarations."""

from __future__ import annotations

from itertools import islice

from rebel_tools.binary.dwarf_constants import At, Tag
from rebel_tools.binary.dwarf_find import SCOPES, UNITS, chain, has_scopes, walk
from rebel_tools.binary.dwarf_lines import FileTables
from rebel_tools.binary.dwarf_unit import Die, Unit
from rebel_tools.errors import Place

MAX_PARENTS = 500_000
"""How many named DIEs the parents are kept of at a time."""
NAMED = frozenset({*SCOPES, Tag.ENUMERATION, Tag.TYPEDEF, Tag.SUBPROGRAM, Tag.VARIABLE, Tag.MEMBER})


class Names:
    """The names and places of the DIEs in all units of one library."""

    def __init__(self) -> None:
        self._files = FileTables()
        self._scopes: dict[tuple[object, int], dict[int, int]] = {}

    def _parents(self, unit: Unit) -> dict[int, int]:
        """The offset of the parent of everything in `unit` that has a name; empty for C."""
        key = unit.space, unit.start
        if key not in self._scopes:
            if sum(map(len, self._scopes.values())) > MAX_PARENTS:
                self._scopes.clear()
            rows = walk(unit, UNITS | SCOPES, NAMED) if has_scopes(unit) else ()
            self._scopes[key] = {at: parent for at, parent, _ in islice(rows, MAX_PARENTS)}
        return self._scopes[key]

    def qualified(self, die: Die) -> str | None:
        """The name with its namespaces and classes; None for a DIE without a name."""
        die = chain(die)[-1]
        name = die.unit.string(die.values.get(At.NAME))
        parents = self._parents(die.unit) if name else {}
        offset = parents.get(die.offset)
        while offset is not None and offset != die.unit.first:
            parent = die.unit.die(offset)
            scope = parent.unit.string(parent.values.get(At.NAME))
            name = f"{scope or ('(anonymous namespace)' if parent.tag == Tag.NAMESPACE else '(anonymous)')}::{name}"
            offset = parents.get(offset)
        return name

    def place(self, links: list[Die]) -> Place | None:
        """Where the symbol is declared; for a member of a C++ class, in the class, not where it is defined."""
        line = next((die for die in reversed(links) if die.number(At.DECL_LINE)), None)
        file = next((die for die in reversed(links) if At.DECL_FILE in die.values), None)
        if line is None or file is None:
            return None
        files = self._files.of(file.unit)
        number = file.number(At.DECL_FILE, -1)
        return Place(files[number], line=line.number(At.DECL_LINE)) if 0 <= number < len(files) else None
