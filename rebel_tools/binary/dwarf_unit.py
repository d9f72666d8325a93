"""One unit of .debug_info and its DIEs, which are decoded one at a time, or skipped by a table look-up.

pyelftools makes an object of every DIE, which is far too slow if 200 functions out of 80,000 DIEs are needed. Here
each abbreviation is compiled into the sizes of its values, so a DIE that is not needed is skipped in one step. Offsets
only increase, so reading ends even in a damaged file. Source: DWARF 5, section 7.5 (and 2 to 4 where they differ).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Union, overload

from rebel_tools.binary.dwarf_constants import At, Form
from rebel_tools.binary.dwarf_forms import BLOCK, BLOCKS, INDIRECT, LEBS, STRING, ULEB, Abbrev
from rebel_tools.binary.dwarf_tables import UnitHeader
from rebel_tools.binary.errors import UnreadableBinary

if TYPE_CHECKING:
    from rebel_tools.binary.dwarf_reader import Dwarf

MAX_STRING = 32 << 10
_LOCAL_REFS = frozenset({Form.REF1, Form.REF2, Form.REF4, Form.REF8, Form.REF_UDATA})
_STRX = frozenset({Form.STRX, Form.STRX1, Form.STRX2, Form.STRX3, Form.STRX4, Form.GNU_STR_INDEX})
_ADDRX = frozenset({Form.ADDRX, Form.ADDRX1, Form.ADDRX2, Form.ADDRX3, Form.ADDRX4, Form.GNU_ADDR_INDEX})
_SUP_STRINGS = frozenset({Form.STRP_SUP, Form.GNU_STRP_ALT})
_SUP_REFS = frozenset({Form.REF_SUP4, Form.REF_SUP8, Form.GNU_REF_ALT})

Raw = Union[int, bytes]
"""The raw value of an attribute: a number, or the bytes of a block or of an inline string."""
Value = tuple[int, Raw]
"""The form of an attribute, and its raw value."""
Spot = tuple[object, int]
"""The place of a DIE among those of all files: `Unit.space` and the offset."""


class Die(NamedTuple):
    """A decoded DIE: its values by attribute, and the offset of its first child (or its next sibling)."""

    unit: Unit
    offset: int
    abbrev: Abbrev
    values: dict[int, Value]
    end: int

    @property
    def tag(self) -> int:
        return self.abbrev.tag

    @overload
    def number(self, attribute: int, default: int = 0) -> int: ...

    @overload
    def number(self, attribute: int, default: None) -> int | None: ...

    def number(self, attribute: int, default: int | None = 0) -> int | None:
        """The number of an attribute; `default` if it is absent or an expression."""
        value = self.values.get(attribute)
        return value[1] if value and isinstance(value[1], int) else default


class Parts(NamedTuple):
    """Where a unit's parts of other sections begin, in bytes; not 0 only in a package of split units (.dwp)."""

    abbrev: int = 0
    line: int = 0
    str_offsets: int = 0


ALONE = Parts()
"""The parts of a unit in a file without an index."""


class Unit:
    """One unit of .debug_info or .debug_types. `start` is the offset of its header, `first` that of its top DIE.

    dwarf: the file that it is a part of (`dwarf_reader.Dwarf`).
    space: distinguishes its offsets from those in other files and sections.
    skeleton: for a unit of a .dwo or .dwp file, the unit in the linked file that has its addresses and line table.
    Errors of all methods: UnreadableBinary for damaged data.
    """

    def __init__(self, dwarf: Dwarf, section: str, header: UnitHeader, parts: Parts = ALONE) -> None:
        self.dwarf = dwarf
        self.section = section
        self.space = dwarf, section
        self.data: bytes = dwarf.sections[section]
        self.start, self.first, self.end, self.sizes, self.abbrev_offset = header[:5]
        self.abbrev_offset += parts.abbrev
        self.signature = header.signature
        self.type_offset = header.type_offset
        self.dwo_id = header.dwo_id
        self.parts = parts
        self.skeleton: Unit | None = None

    @property
    def address_size(self) -> int:
        return self.sizes.address

    @cached_property
    def abbrevs(self) -> dict[int, Abbrev]:
        return self.dwarf.abbrevs(self)

    @cached_property
    def top(self) -> Die:
        return self.die(self.first)

    @cached_property
    def producer(self) -> str:
        """The compiler, and of GCC its options; "" where the unit does not say."""
        return self.string(self.top.values.get(At.PRODUCER)) or ""

    def abbrev_at(self, offset: int) -> tuple[Abbrev | None, int]:
        """The abbreviation of the DIE at `offset` (None at the end of siblings), and the offset of its values."""
        data = self.data
        if not self.first <= offset < self.end:
            raise self.error("a DIE lies outside of its unit", offset, f"{self.first:#x} to {self.end:#x}")
        code = data[offset]
        offset += 1
        if code > 127:
            code, offset = self.uleb(offset - 1)
        if code == 0:
            return None, offset
        try:
            return self.abbrevs[code], offset
        except KeyError:
            raise self.undefined(code, offset) from None

    def undefined(self, code: int, offset: int) -> UnreadableBinary:
        return self.error(f"the abbreviation {code} is not defined", offset, "a code of its table")

    def skip(self, offset: int, abbrev: Abbrev) -> int:
        """The offset of the end of an abbreviation's values, which begin at `offset`."""
        for step in abbrev.steps:
            if step >= 0:
                offset += step
            elif step == ULEB:
                while self.byte(offset) > 127:
                    offset += 1
                offset += 1
            elif step == STRING:
                offset = self.string_end(offset) + 1
            elif step == INDIRECT:
                form, offset = self.uleb(offset)
                offset = self.value(form, offset)[1]
            else:
                length, offset = self.block_length(step, offset)
                offset += length
        return offset

    def die(self, offset: int) -> Die:
        """Decode the DIE at `offset`, which is relative to the section; the end of siblings is an error here."""
        abbrev, at = self.abbrev_at(offset)
        if abbrev is None:
            raise self.error("a reference points to the end of a list of DIEs", offset, "a DIE")
        return self._decoded(offset, abbrev, at)

    def _decoded(self, offset: int, abbrev: Abbrev, at: int) -> Die:
        """The DIE at `offset` of this abbreviation, whose values begin at `at`."""
        self.dwarf.spend(len(abbrev.specs) + 1)
        values: dict[int, Value] = dict(abbrev.constants)
        for layout, attributes, forms in abbrev.runs:
            if layout is None:
                form = forms[0]
                if form == Form.INDIRECT:
                    form, at = self.uleb(at)
                value, at = self.value(form, at)
                values[attributes[0]] = (form, value)
            else:
                start, at = at, at + layout.size
                if at > self.end:
                    raise self.error("a value is cut off", start, f"{layout.size} bytes before {self.end:#x}")
                values.update(zip(attributes, zip(forms, layout.unpack_from(self.data, start))))
        return Die(self, offset, abbrev, values, at)

    def children(self, die: Die) -> Iterator[Die]:
        """The DIEs directly below `die`, in order. Each step increases the offset, whatever DW_AT_sibling is."""
        offset, depth = die.end, 0
        while die.abbrev.has_children and offset < self.end:
            self.dwarf.spend(1)
            abbrev, at = self.abbrev_at(offset)
            if abbrev is None:
                offset, depth = at, depth - 1
                if depth < 0:
                    return
            elif depth == 0:
                child = self._decoded(offset, abbrev, at)
                yield child
                offset, depth = self.behind(abbrev, at, child.end)
            else:
                end = self.skip(at, abbrev)
                offset, step = self.behind(abbrev, at, end)
                depth += step

    def behind(self, abbrev: Abbrev, at: int, end: int) -> tuple[int, int]:
        """The offset to go on at after a DIE, and 1 if its children are entered, 0 if DW_AT_sibling skips them."""
        if not abbrev.has_children:
            return end, 0
        if abbrev.sibling >= 0:
            sibling = self.start + self.integer(at + abbrev.sibling, 4)
            if end < sibling < self.end:
                return sibling, 0
        return end, 1

    # Raw values

    def value(self, form: int, at: int) -> tuple[Raw, int]:
        """The raw value of `form` at `at` (an integer, or the bytes of a block or a string), and its end."""
        size = self.sizes.fixed(form)
        if size is not None:
            return self.integer(at, size), at + size
        if form == Form.SDATA:
            return self.sleb(at)
        if form in LEBS:
            return self.uleb(at)
        if form == Form.STRING:
            end = self.string_end(at)
            return self.data[at:end], end + 1
        if form in BLOCKS:
            length, at = self.block_length(BLOCKS[form], at)
            if length > self.end - at:
                raise self.error(f"a block of {length} bytes", at, f"at most {self.end - at} bytes")
            return self.data[at : at + length], at + length
        raise self.error(f"the form {form:#x} is unknown", at, "a form of DWARF 2 to 5")

    def integer(self, at: int, size: int) -> int:
        if at + size > self.end:
            raise self.error("a value is cut off", at, f"{size} bytes before {self.end:#x}")
        return int.from_bytes(self.data[at : at + size], self.dwarf.byteorder)

    def byte(self, at: int) -> int:
        if at >= self.end:
            raise self.error("a value is cut off", at, f"a byte before {self.end:#x}")
        return self.data[at]

    def uleb(self, at: int) -> tuple[int, int]:
        byte = self.byte(at)
        if byte < 128:
            return byte, at + 1
        result = shift = 0
        while True:
            byte = self.byte(at)
            at += 1
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result, at
            if shift > 70:
                raise self.error("a LEB128 number is too long", at, "at most 64 bits")

    def sleb(self, at: int) -> tuple[int, int]:
        value, end = self.uleb(at)
        bits = 7 * (end - at)
        return (value - (1 << bits) if value >> (bits - 1) else value), end

    def block_length(self, code: int, at: int) -> tuple[int, int]:
        if code == BLOCK:
            return self.uleb(at)
        size = -2 - code
        return self.integer(at, size), at + size

    def string_end(self, at: int) -> int:
        end = self.data.find(b"\0", at, min(self.end, at + MAX_STRING))
        if end < 0:
            raise self.error("a string has no end", at, "a NUL byte")
        return end

    # Values

    def string(self, value: Value | None) -> str | None:
        """The text of a string attribute; None without the attribute, or if its text is in a missing file."""
        if value is None:
            return None
        form, raw = value
        if isinstance(raw, bytes):
            return raw.decode("utf-8", "surrogateescape") if form == Form.STRING else None
        if form == Form.STRP:
            return self.dwarf.string(".debug_str", raw)
        if form == Form.LINE_STRP:
            return self.dwarf.string(".debug_line_str", raw)
        if form in _STRX:
            base = self.parts.str_offsets + self.base(At.STR_OFFSETS_BASE, 2 * self.sizes.offset)
            at = self.dwarf.entry(".debug_str_offsets", base + raw * self.sizes.offset, self.sizes.offset)
            return None if at is None else self.dwarf.string(".debug_str", at)
        if form in _SUP_STRINGS and self.dwarf.supplement is not None:
            return self.dwarf.supplement.string(".debug_str", raw)
        return None

    def base(self, attribute: int, default: int) -> int:
        return self.top.number(attribute, default if self.sizes.version >= 5 else 0)

    def address(self, value: Value | None) -> int | None:
        """The address of an attribute such as DW_AT_low_pc."""
        if value is None:
            return None
        form, raw = value
        if form == Form.ADDR and isinstance(raw, int):
            return raw
        return self.address_at(raw) if form in _ADDRX and isinstance(raw, int) else None

    def address_at(self, index: int) -> int | None:
        """An entry of the linked file's table of addresses; None if it has none."""
        holder = self.skeleton or self
        if At.GNU_ADDR_BASE in holder.top.values:
            base = holder.top.number(At.GNU_ADDR_BASE)
        else:
            base = holder.base(At.ADDR_BASE, 8)
        return holder.dwarf.entry(".debug_addr", base + index * holder.sizes.address, holder.sizes.address)

    def spot(self, value: Value) -> Spot | None:
        """The place of the DIE in this unit that an attribute refers to; None for a DIE of another unit."""
        form, raw = value
        return (self.space, self.start + raw) if form in _LOCAL_REFS and isinstance(raw, int) else None

    def reference(self, value: Value | None) -> Die | None:
        """The DIE that an attribute refers to; None without the attribute, or if the DIE is in a missing file."""
        if value is None:
            return None
        form, raw = value
        if not isinstance(raw, int):
            return None
        if form in _LOCAL_REFS:
            return self.die(self.start + raw)
        if form == Form.REF_ADDR:
            return self.dwarf.die(raw)
        if form == Form.REF_SIG8:
            return self.dwarf.type_by_signature(raw)
        if form in _SUP_REFS and self.dwarf.supplement is not None:
            return self.dwarf.supplement.die(raw)
        return None

    def error(self, message: str, offset: int, expected: str) -> UnreadableBinary:
        return self.dwarf.error(f"{self.section}: {message}", offset, expected)
