"""Unit headers and abbreviation tables. Source: DWARF 5, sections 7.5.1 and 7.5.3; DWARF 4 for .debug_types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from rebel_tools.binary.dwarf_constants import Form
from rebel_tools.binary.dwarf_forms import Abbrev, Sizes, Spec, compile_steps
from rebel_tools.binary.errors import UnreadableBinary

if TYPE_CHECKING:
    from rebel_tools.binary.dwarf_reader import Dwarf

TYPE_UNIT, SKELETON, SPLIT_COMPILE, SPLIT_TYPE = 0x02, 0x04, 0x05, 0x06
MAX_SPECS = 512
"""The limit for the attributes of one abbreviation; GCC writes up to about 30."""


class Cursor:
    """Reads numbers from a section, one after the other. Errors: UnreadableBinary at the end of the section."""

    def __init__(self, dwarf: Dwarf, section: str, at: int) -> None:
        self.dwarf = dwarf
        self.section = section
        self.data = dwarf.sections.get(section, b"")
        self.at = at

    def number(self, size: int) -> int:
        end = self.at + size
        if end > len(self.data):
            raise self.error("a table is cut off", self.at, f"{size} bytes before {len(self.data):#x}")
        value = int.from_bytes(self.data[self.at : end], self.dwarf.byteorder)
        self.at = end
        return value

    def uleb(self) -> int:
        result = shift = 0
        while True:
            byte = self.number(1)
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result
            if shift > 70:
                raise self.error("a LEB128 number is too long", self.at, "at most 64 bits")

    def sleb(self) -> int:
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def error(self, message: str, offset: int, expected: str) -> UnreadableBinary:
        return self.dwarf.error(f"{self.section}: {message}", offset, expected)

    def unknown_form(self, form: int) -> UnreadableBinary:
        return self.error(f"the form {form:#x} is unknown", self.at, "a form of DWARF 2 to 5")


class UnitHeader(NamedTuple):
    """The beginning of a unit, its top DIE and its end, as offsets in its section.

    A type unit has a signature; in DWARF 5 a skeleton and the unit that completes it have the same `dwo_id`.
    """

    start: int
    first: int
    end: int
    sizes: Sizes
    abbrev_offset: int
    signature: int | None = None
    type_offset: int = 0
    dwo_id: int | None = None


def read_headers(dwarf: Dwarf, section: str) -> Iterator[UnitHeader]:
    """The units of .debug_info or .debug_types, in order."""
    cursor = Cursor(dwarf, section, 0)
    while cursor.at < len(cursor.data):
        header = _header(cursor)
        yield header
        cursor.at = header.end


def _header(cursor: Cursor) -> UnitHeader:
    start = cursor.at
    end, offset = _extent(cursor)
    version = cursor.number(2)
    if not 2 <= version <= 5:
        raise cursor.error(f"DWARF version {version}", start, "version 2 to 5")
    if version == 5:
        kind, address, abbrevs = cursor.number(1), cursor.number(1), cursor.number(offset)
    else:
        kind = TYPE_UNIT if cursor.section == ".debug_types" else 0
        abbrevs, address = cursor.number(offset), cursor.number(1)
    if address not in (2, 4, 8):
        raise cursor.error(f"addresses of {address} bytes", start, "2, 4 or 8")
    signature, type_offset, dwo_id = None, 0, None
    if kind in (TYPE_UNIT, SPLIT_TYPE):
        signature, type_offset = cursor.number(8), cursor.number(offset)
    elif kind in (SKELETON, SPLIT_COMPILE):
        dwo_id = cursor.number(8)
    return UnitHeader(start, cursor.at, end, Sizes(version, address, offset), abbrevs, signature, type_offset, dwo_id)


def _extent(cursor: Cursor) -> tuple[int, int]:
    """The end of the unit, and the size of offsets in it."""
    start, length, offset = cursor.at, cursor.number(4), 4
    if length == 0xFFFFFFFF:
        length, offset = cursor.number(8), 8
    left = len(cursor.data) - cursor.at
    if not 7 <= length <= left:
        raise cursor.error(f"a unit of {length} bytes", start, f"7 to {left} bytes")
    return cursor.at + length, offset


def read_abbrevs(dwarf: Dwarf, offset: int, sizes: Sizes) -> tuple[dict[int, Abbrev], int]:
    """The abbreviations of one table by code, compiled for a unit's sizes, and the size of the table in bytes."""
    cursor = Cursor(dwarf, ".debug_abbrev", offset)
    abbrevs: dict[int, Abbrev] = {}
    while code := cursor.uleb():
        tag, has_children = cursor.uleb(), bool(cursor.number(1))
        specs = tuple(_specs(cursor))
        steps, sibling = compile_steps(sizes, specs, cursor.unknown_form)
        abbrevs[code] = Abbrev(tag, has_children, specs, steps, sibling, sizes, dwarf.byteorder)
    return abbrevs, cursor.at - offset


def _specs(cursor: Cursor) -> Iterator[Spec]:
    for _ in range(MAX_SPECS):
        attribute, form = cursor.uleb(), cursor.uleb()
        constant = cursor.sleb() if form == Form.IMPLICIT_CONST else 0
        if not attribute and not form:
            return
        yield attribute, form, constant
    raise cursor.error("an abbreviation is too long", cursor.at, f"{MAX_SPECS} attributes")
