"""The debug sections of one file. Its units, abbreviations, strings and type units are each read once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import islice

from rebel_tools.binary.dwarf_forms import Abbrev, Sizes
from rebel_tools.binary.dwarf_levels import is_strict
from rebel_tools.binary.dwarf_tables import read_abbrevs, read_headers
from rebel_tools.binary.dwarf_unit import ALONE, MAX_STRING, Die, Parts, Unit
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.model import ByteOrder
from rebel_tools.errors import Place

MAX_UNITS = 200_000
MAX_WORK = 1_000_000
"""The limit for decoded attributes and DIEs, beyond four for every byte of .debug_info; real files need up to two."""
MAX_TEXT = 32 << 20
"""The limit for the bytes of distinct decoded strings, beyond the size of their section."""


class Dwarf:
    """The debug sections of one file (names as in ELF), and its units by offset and by signature.

    name: the file's name in errors, whose offsets are relative to the section.
    supplement: the file with what dwz found in several files, which references can point into.
    parts: returns where the parts of a unit begin, by section and offset, in a package of split units (.dwp).
    """

    def __init__(
        self,
        sections: Mapping[str, bytes],
        byteorder: ByteOrder,
        name: str,
        supplement: Dwarf | None = None,
        parts: Callable[[str, int], Parts] = lambda section, start: ALONE,
    ) -> None:
        self.sections = sections
        self.byteorder = byteorder
        self.name = name
        self.supplement = supplement
        self._parts = parts
        self._abbrevs: dict[tuple[int, Sizes], dict[int, Abbrev]] = {}
        self._strings: dict[tuple[str, int], str] = {}
        self._text = MAX_TEXT
        self._work = MAX_WORK + 4 * len(sections[".debug_info"])
        self._abbrev_work = (1 << 20) + 2 * len(sections.get(".debug_abbrev", b""))

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """All units of .debug_info in the order of the file."""
        return self._units(".debug_info")

    def _units(self, section: str) -> tuple[Unit, ...]:
        headers = islice(read_headers(self, section), MAX_UNITS + 1)
        units = tuple(Unit(self, section, header, self._parts(section, header.start)) for header in headers)
        if len(units) > MAX_UNITS:
            raise self.error(f"{section}: too many units", units[-1].start, f"at most {MAX_UNITS}")
        return units

    @cached_property
    def has_strict_units(self) -> bool:
        """Whether a unit that names its compiler leaves out what its version of DWARF does not have."""
        return any(unit.producer and is_strict(unit) for unit in self.units)

    @cached_property
    def _type_units(self) -> dict[int, Unit]:
        old = self._units(".debug_types") if ".debug_types" in self.sections else ()
        return {unit.signature: unit for unit in (*self.units, *old) if unit.signature is not None}

    @cached_property
    def _starts(self) -> list[int]:
        return [unit.start for unit in self.units]

    def close(self) -> None:
        """Remove the references from units to themselves, so that memory is freed at once, not by the collector."""
        for units in (self.__dict__.pop("units", ()), self.__dict__.pop("_type_units", {}).values()):
            for unit in units:
                unit.__dict__.pop("top", None)

    def die(self, offset: int) -> Die:
        """The DIE at an offset of .debug_info."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            raise self.error(".debug_info: a reference points outside of all units", offset, "an offset in a unit")
        return self.units[index].die(offset)

    def type_by_signature(self, signature: int) -> Die | None:
        unit = self._type_units.get(signature)
        return unit.die(unit.start + unit.type_offset) if unit else None

    def string(self, section: str, offset: int) -> str:
        """A string of .debug_str or .debug_line_str."""
        known = self._strings.get((section, offset))
        if known is not None:
            return known
        data = self.sections.get(section, b"")
        end = data.find(b"\0", offset, offset + MAX_STRING) if offset < len(data) else -1
        if end < 0:
            raise self.error(f"{section}: a string lies outside or has no end", offset, f"below {len(data):#x}")
        self._text -= end - offset
        if self._text + len(data) < 0:
            raise self.error(f"{section}: the strings overlap", offset, f"at most {MAX_TEXT + len(data)} bytes")
        text = self._strings[section, offset] = data[offset:end].decode("utf-8", "surrogateescape")
        return text

    def entry(self, section: str, at: int, size: int) -> int | None:
        """An entry of a table of numbers; None if the table is in another file (split DWARF)."""
        data = self.sections.get(section)
        if data is None:
            return None
        if at + size > len(data):
            raise self.error(f"{section}: an index lies outside", at, f"below {len(data):#x}")
        return int.from_bytes(data[at : at + size], self.byteorder)

    def abbrevs(self, unit: Unit) -> dict[int, Abbrev]:
        """The abbreviations of a unit by code, compiled for its sizes. A shared table is compiled once."""
        key = unit.abbrev_offset, unit.sizes
        if key not in self._abbrevs:
            self._abbrevs[key], read = read_abbrevs(self, unit.abbrev_offset, unit.sizes)
            self._abbrev_work -= read
            if self._abbrev_work < 0:
                raise self.error(".debug_abbrev: the tables overlap", unit.abbrev_offset, "each table for itself")
        return self._abbrevs[key]

    def spend(self, steps: int) -> None:
        """Count decoded attributes and DIEs: in a malicious file the work could grow with the square of its size."""
        self._work -= steps
        if self._work < 0:
            raise self.error(".debug_info: DIEs are nested or shared beyond reason", 0, "work in line with the file")

    def error(self, message: str, offset: int, expected: str) -> UnreadableBinary:
        return UnreadableBinary(message, place=Place(self.name, offset=offset), expected=expected)
