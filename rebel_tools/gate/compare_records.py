"""Two records: size, alignment, members, bases and virtual functions.

What counts is what lies where. Members of anonymous structs and unions are members of the record, so that wrapping some
into an anonymous union is no difference. A member under another name in the same place is the same member.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from rebel_tools.abi import types as t
from rebel_tools.abi.sizes import size_of
from rebel_tools.abi.spell import declare, member, peel
from rebel_tools.gate import qualifiers
from rebel_tools.gate.compare_virtuals import virtuals
from rebel_tools.gate.difference import MISSING, Difference

if TYPE_CHECKING:
    from rebel_tools.gate.compare import Comparison

_RESERVED = re.compile(
    r"(?:^|_)(?:reserved|rsvd|resv|unused|spare|future)(?:$|_|\d)|^_+(?:pad|padding|dummy|filler)(?:$|_|\d)"
    r"|^(?:pad|padding|dummy|filler)_*\d+$",
    re.IGNORECASE,
)
"""Names of members that keep room for later versions; a bare `padding` may be that of a picture."""
FLATTENED = 10_000
"""Members of a record, those of anonymous ones included."""


class Leaf(NamedTuple):
    """A member as it lies in the outermost record. `start` and `bits` are in bits; `bits` None when not known."""

    name: str
    field: t.Field
    start: int
    bits: int | None

    @property
    def end(self) -> int:
        return self.start + (self.bits or 0)

    def __str__(self) -> str:
        return f"{declare(self.field.type, '')} at {self.place}"

    @property
    def place(self) -> str:
        """Where it lies, in words."""
        if self.field.bit_size is None:
            return f"offset {self.start // 8}"
        return f"bits {self.start} to {self.end - 1}"

    def overlaps(self, other: Leaf) -> bool:
        return self.start < other.end and other.start < self.end


def records(comparison: Comparison, a: t.Record, b: t.Record) -> Iterator[Difference]:
    """Differences of two records, in the order of the expected one's members."""
    if a.size is None:
        return
    if b.size is None:
        yield Difference("", f"{a.size} bytes", "only declared", unknown=True)
        return
    members = list(_Members(comparison, a, b).differences())
    yield from _size(a, b, members)
    yield from _alignment(comparison, a, b)
    if comparison.values[0].by_reference(a) != comparison.values[1].by_reference(b):
        words = {True: "by reference", False: "by value"}
        ways = (words[comparison.values[0].by_reference(a)], words[comparison.values[1].by_reference(b)])
        yield Difference("passing", *ways, "passing-changed")
    yield from members
    yield from virtuals(comparison, a, b)


def _size(a: t.Record, b: t.Record, members: list[Difference]) -> Iterator[Difference]:
    if a.size == b.size:
        return
    others = any(difference.rule != "field-appended" for difference in members if difference.breaks)
    appended = any(difference.rule == "field-appended" for difference in members)
    rule = "field-appended" if appended and not others else "layout-changed"
    yield Difference("size", f"{a.size} bytes", f"{b.size} bytes", rule)


def _alignment(comparison: Comparison, a: t.Record, b: t.Record) -> Iterator[Difference]:
    """Where one of both asks for it; what follows from the members is told of them."""
    if not any(record.alignment or any(field.alignment for field in record.fields) for record in (a, b)):
        return
    before, after = comparison.values[0].alignment(a), comparison.values[1].alignment(b)
    if None not in (before, after) and before != after:
        yield Difference("alignment", f"{before} bytes", f"{after} bytes", "alignment-changed")


class _Members:
    """The members of both sides, and which of the found ones were explained."""

    def __init__(self, comparison: Comparison, a: t.Record, b: t.Record) -> None:
        self.comparison = comparison
        self.size = 8 * (a.size or 0)
        self.is_plain = not comparison.values[0].by_reference(a) and not any(f.kind == "base" for f in a.fields)
        self.expected = {leaf.name: leaf for leaf in _leaves(a, comparison.expected.types)}
        self.found = {leaf.name: leaf for leaf in _leaves(b, comparison.found.types)}
        self.new = {name: leaf for name, leaf in self.found.items() if name not in self.expected}

    def differences(self) -> Iterator[Difference]:
        for name, leaf in self.expected.items():
            other = self.found.get(name)
            yield from self._both(leaf, other) if other else self._gone(leaf)
        for leaf in list(self.new.values()):
            yield self._added(leaf)

    def _both(self, a: Leaf, b: Leaf) -> Iterator[Difference]:
        if _is_reserved(a) and a.start <= b.start and b.end <= a.end:
            if (a.start, a.bits) != (b.start, b.bits):
                yield Difference(a.name, str(a), str(b), "reserved-used")
                self._explain_within(a)
            return
        if (a.start, a.field.bit_size) != (b.start, b.field.bit_size):
            yield Difference(a.name, a.place, b.place, "layout-changed")
        yield from self._types(a, b)

    def _types(self, a: Leaf, b: Leaf) -> Iterator[Difference]:
        if a.field.kind == "vptr":
            return  # compilers describe the table in their own ways
        inline = peel(a.field.type), peel(b.field.type)
        if isinstance(inline[0], t.Record) and isinstance(inline[1], t.Record):
            yield from (d.below(a.name) for d in records(self.comparison, *inline))
        else:
            found = list(self.comparison.named(a.name, a.field.type, b.field.type, "layout-changed", by_value=True))
            yield from found or qualifiers.of_field(a.name, a.field.type, b.field.type)

    def _gone(self, leaf: Leaf) -> Iterator[Difference]:
        """No member of this name: another one in its place, or nothing."""
        there = [o for o in self.new.values() if o.start == leaf.start and o.field.kind == leaf.field.kind]
        fitting = next((other for other in there if self._fits(leaf, other)), None)
        if fitting:
            del self.new[fitting.name]
            rule = "reserved-used" if _is_reserved(leaf) else "field-renamed"
            yield Difference(leaf.name, leaf.name, fitting.name, rule)
        elif _is_reserved(leaf) and self._explain_within(leaf):
            yield Difference(leaf.name, str(leaf), "other members", "reserved-used")
        elif len(there) == 1:
            del self.new[there[0].name]
            yield Difference(leaf.name, str(leaf), f"{member(there[0].field)} at {there[0].place}", "layout-changed")
        else:
            yield Difference(leaf.name, str(leaf), MISSING, "layout-changed")

    def _fits(self, a: Leaf, b: Leaf) -> bool:
        """Whether one stands for the other: the same type, or for reserved room the same number of bits."""
        if a.bits != b.bits:
            return False
        return _is_reserved(a) or self.comparison.same(a.field.type, b.field.type, by_value=True) is True

    def _explain_within(self, room: Leaf) -> bool:
        """Take new members in reserved room for explained; whether there are any and none reaches outside of it."""
        inside = [leaf for leaf in self.new.values() if leaf.overlaps(room)]
        if any(leaf.start < room.start or leaf.end > room.end for leaf in inside):
            return False
        for leaf in inside:
            del self.new[leaf.name]
        return bool(inside)

    def _added(self, leaf: Leaf) -> Difference:
        if leaf.field.kind != "member":
            rule = "layout-changed"
        elif leaf.start >= self.size:
            rule = "field-appended"
        elif touched := [other for other in self.expected.values() if leaf.overlaps(other)]:
            rule = "union-grown" if all(map(self._stayed, touched)) else "layout-changed"
        elif not self.is_plain and all(other.end <= leaf.start for other in self.expected.values()):
            rule = "layout-changed"  # derived classes of C++ begin in the padding at the end
        else:
            rule = "padding-used"
        return Difference(leaf.name, MISSING, str(leaf), rule)

    def _stayed(self, leaf: Leaf) -> bool:
        other = self.found.get(leaf.name)
        return other is not None and other.start == leaf.start


def _is_reserved(leaf: Leaf) -> bool:
    return leaf.field.kind == "member" and _RESERVED.search(leaf.name) is not None


def _leaves(record: t.Record, definitions: dict) -> Iterator[Leaf]:
    """The members with names, those of anonymous records in place of the records."""
    work = [(field, 0) for field in reversed(record.fields)]
    seen = 0
    while work and seen < FLATTENED:
        field, base = work.pop()
        seen += 1
        inner = peel(field.type)
        if not field.name and field.kind == "member" and isinstance(inner, t.Record) and inner.size is not None:
            work += [(below, base + 8 * field.offset) for below in reversed(inner.fields)]
        else:
            yield _leaf(field, base, seen, definitions)


def _leaf(field: t.Field, base: int, number: int, definitions: dict) -> Leaf:
    if field.kind == "member":
        name = field.name or f"<member {number} without a name>"
    else:
        name = f"<{field.kind} {field.name}>" if field.kind != "vptr" else "<vptr>"
    if field.bit_size is not None:
        return Leaf(name, field, base + (field.bit_offset or 0), field.bit_size)
    size = size_of(field.type, definitions)
    return Leaf(name, field, base + 8 * field.offset, None if size is None else 8 * size)
