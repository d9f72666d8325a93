"""Which units contain given addresses, from .debug_aranges if the compiler wrote it (GCC does). DWARF 5, 6.1.2."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from sys import byteorder as NATIVE

from rebel_tools.binary.dwarf_reader import Dwarf
from rebel_tools.binary.dwarf_tables import Cursor
from rebel_tools.binary.errors import UnreadableBinary


def units_of(dwarf: Dwarf, addresses: Iterable[int]) -> frozenset[int]:
    """The starts of the units whose code includes one of the addresses. It is only a hint; none if it is damaged."""
    data = dwarf.sections.get(".debug_aranges", b"")
    wanted = sorted(addresses)
    found: set[int] = set()
    if not data or not wanted:
        return frozenset()
    try:
        for unit, starts, lengths in _sets(dwarf, data):
            if any(_holds(wanted, start, length) for start, length in zip(starts, lengths)):
                found.add(unit)
    except UnreadableBinary:
        return frozenset()
    return frozenset(found)


def _holds(wanted: list[int], start: int, length: int) -> bool:
    index = bisect_right(wanted, start + length - 1)
    return bool(index) and wanted[index - 1] >= start


def _sets(dwarf: Dwarf, data: bytes) -> Iterator[tuple[int, array[int], array[int]]]:
    """(unit, starts, lengths) of each set of ranges; tuples are aligned to their own size from the set's start."""
    cursor = Cursor(dwarf, ".debug_aranges", 0)
    while cursor.at < len(data):
        begin = cursor.at
        length = cursor.number(4)
        wide = length == 0xFFFFFFFF
        length = cursor.number(8) if wide else length
        end = min(cursor.at + length, len(data))
        cursor.number(2)
        unit, size, _ = cursor.number(8 if wide else 4), cursor.number(1), cursor.number(1)
        if size not in (4, 8) or end <= cursor.at:
            raise dwarf.error(".debug_aranges: a damaged header", begin, "addresses of 4 or 8 bytes")
        start = cursor.at + -(cursor.at - begin) % (2 * size)
        pairs = array("Q" if size == 8 else "I", data[start : start + max(end - start, 0) // (2 * size) * 2 * size])
        if dwarf.byteorder != NATIVE:
            pairs.byteswap()
        yield unit, pairs[0::2], pairs[1::2]
        cursor.at = end
