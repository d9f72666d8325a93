"""The index of a package of split units (.dwp): which parts of its sections belong to which unit.

Source: DWARF 5, section 7.3.5; version 2, which GNU tools write for DWARF 4, has the same tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rebel_tools.binary.dwarf_unit import ALONE, Parts
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.model import ByteOrder
from rebel_tools.errors import Place

INFO, TYPES, ABBREV, LINE, STR_OFFSETS = 1, 2, 3, 4, 6
INDEXES = ((".debug_cu_index", ".debug_info"), (".debug_tu_index", ".debug_info"), (".debug_tu_index", ".debug_types"))
HEADER = 16


class Index(NamedTuple):
    """The offsets of units in their section, by signature (`dwo_id`), and their parts by offset."""

    offsets: dict[int, int]
    parts: dict[int, Parts]


class Package:
    """The indexes of one file. A .dwo file has none; all its parts begin at 0."""

    def __init__(self, sections: Mapping[str, bytes], byteorder: ByteOrder, name: str) -> None:
        self._byteorder = byteorder
        self._name = name
        self.units = Index({}, {})
        self._parts: dict[str, dict[int, Parts]] = {".debug_info": {}, ".debug_types": {}}
        for index, section in INDEXES:
            if index in sections:
                found = self._read(sections[index], index, TYPES if section == ".debug_types" else INFO)
                self._parts[section].update(found.parts)
                self.units = found if index == ".debug_cu_index" else self.units

    def parts(self, section: str, start: int) -> Parts:
        """The parts of the unit at an offset of .debug_info or .debug_types."""
        return self._parts.get(section, {}).get(start, ALONE)

    def _read(self, data: bytes, name: str, holder: int) -> Index:
        """One index, for the units of the section `holder`; empty if the index is about another section."""
        columns, rows, slots = self._numbers(data, 4, 3, 4, name)
        if columns > 16 or rows > slots or slots > len(data) // 12:
            raise self._error(f"{name}: {rows} units in {slots} places", 4)
        signatures = self._numbers(data, HEADER, slots, 8, name)
        indices = self._numbers(data, HEADER + 8 * slots, slots, 4, name)
        kinds = self._numbers(data, HEADER + 12 * slots, columns, 4, name)
        cells = self._numbers(data, HEADER + 12 * slots + 4 * columns, columns * rows, 4, name)
        if holder not in kinds:
            return Index({}, {})
        table = [dict(zip(kinds, cells[at : at + columns])) for at in range(0, columns * rows, columns)]
        offsets = {s: table[i - 1][holder] for s, i in zip(signatures, indices) if 0 < i <= rows}
        parts = {row[holder]: Parts(row.get(ABBREV, 0), row.get(LINE, 0), row.get(STR_OFFSETS, 0)) for row in table}
        return Index(offsets, parts)

    def _numbers(self, data: bytes, at: int, count: int, size: int, name: str) -> list[int]:
        end = at + count * size
        if end > len(data):
            raise self._error(f"{name} is cut off", at)
        return [int.from_bytes(data[i : i + size], self._byteorder) for i in range(at, end, size)]

    def _error(self, message: str, offset: int) -> UnreadableBinary:
        return UnreadableBinary(message, place=Place(self._name, offset=offset), expected="an index of split units")
