"""Unit headers and abbreviation tables. Source: DWARF 5, sections 7.5.1 and 7.5.3; version 4 for .debug_types."""

from __future__ import annotations

from collections.abc import Iterator

from rebel_tools.binary.dwarf_constants import Form
from rebel_tools.binary.dwarf_reader import MAX_SPECS, Abbrev, Dwarf, Unit, compile_steps

TYPE_UNIT, SKELETON, SPLIT_COMPILE, SPLIT_TYPE = 0x02, 0x04, 0x05, 0x06


class Cursor:
    """Numbers out of a section, one after the other; reading past the end is an UnreadableBinary."""

    def __init__(self, dwarf: Dwarf, section: str, at: int) -> None:
        self.dwarf = dwarf
        self.section = section
        self.data = dwarf.sections.get(section, b"")
        self.at = at

    def number(self, size: int) -> int:
        end = self.at + size
        if end > len(self.data):
            message = f"{self.section}: a table is cut off"
            raise self.dwarf.error(message, self.at, f"{size} bytes before {len(self.data):#x}")
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
                raise self.dwarf.error(f"{self.section}: a LEB128 number is too long", self.at, "at most 64 bits")

    def sleb(self) -> int:
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value


def read_units(dwarf: Dwarf, section: str) -> Iterator[Unit]:
    """The units of .debug_info or .debug_types; each begins where the one before it ends."""
    cursor = Cursor(dwarf, section, 0)
    while cursor.at < len(cursor.data):
        header = _header(cursor, section)
        yield Unit(dwarf, section, header)
        cursor.at = header["end"]


def _header(cursor: Cursor, section: str) -> dict:
    start = cursor.at
    length = cursor.number(4)
    offset_size = 4
    if length == 0xFFFFFFFF:
        length, offset_size = cursor.number(8), 8
    end = cursor.at + length
    if end > len(cursor.data) or length < 7:
        message = f"{section}: a unit of {length} bytes"
        raise cursor.dwarf.error(message, start, f"at most {len(cursor.data) - cursor.at} bytes")
    header = {"start": start, "end": end, "offset_size": offset_size, "version": cursor.number(2)}
    if not 2 <= header["version"] <= 5:
        raise cursor.dwarf.error(f"{section}: DWARF version {header['version']}", start, "version 2 to 5")
    kind = cursor.number(1) if header["version"] == 5 else TYPE_UNIT if section == ".debug_types" else 0
    if header["version"] == 5:
        header["address_size"] = cursor.number(1)
        header["abbrev_offset"] = cursor.number(offset_size)
    else:
        header["abbrev_offset"] = cursor.number(offset_size)
        header["address_size"] = cursor.number(1)
    if kind in (TYPE_UNIT, SPLIT_TYPE):
        header["signature"], header["type_offset"] = cursor.number(8), cursor.number(offset_size)
    elif kind in (SKELETON, SPLIT_COMPILE):
        cursor.number(8)
    if header["address_size"] not in (2, 4, 8):
        raise cursor.dwarf.error(f"{section}: addresses of {header['address_size']} bytes", start, "2, 4 or 8")
    return {**header, "first": cursor.at}


def read_abbrevs(dwarf: Dwarf, unit: Unit) -> tuple[dict[int, Abbrev], int]:
    """The abbreviations of `unit` by code, and how many bytes they take."""
    cursor = Cursor(dwarf, ".debug_abbrev", unit.abbrev_offset)
    abbrevs: dict[int, Abbrev] = {}
    while code := cursor.uleb():
        tag, has_children = cursor.uleb(), bool(cursor.number(1))
        specs = tuple(_specs(cursor))
        steps, sibling = compile_steps(unit, specs)
        abbrevs[code] = Abbrev(tag, has_children, specs, steps, sibling)
    return abbrevs, cursor.at - unit.abbrev_offset


def _specs(cursor: Cursor) -> Iterator[tuple[int, int, int]]:
    for _ in range(MAX_SPECS):
        attribute, form = cursor.uleb(), cursor.uleb()
        constant = cursor.sleb() if form == Form.IMPLICIT_CONST else 0
        if not attribute and not form:
            return
        yield attribute, form, constant
    raise cursor.dwarf.error(".debug_abbrev: an abbreviation is too long", cursor.at, f"{MAX_SPECS} attributes")
