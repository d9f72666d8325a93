"""Compares two records: size, alignment, members, bases and virtual functions.

What counts is the type and the place of each member. Members of anonymous structs and unions count as members of the
record, so that wrapping some of them in an anonymous union is not a difference. A member with another name at the same
place is the same member.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rebel_tools.abi import types as t
from rebel_tools.abi.sizes import Definitions
from rebel_tools.abi.spell import member, peel
from rebel_tools.gate import qualifiers
from rebel_tools.gate.compare_virtuals import virtuals
from rebel_tools.gate.difference import MISSING, Difference
from rebel_tools.gate.leaves import Leaf, inner_leaves, leaves
from rebel_tools.gate.rules import NOTE, RISK, SOURCE
from rebel_tools.gate.sameness import Sameness
from rebel_tools.gate.shapes import are_alike, bare

if TYPE_CHECKING:
    from rebel_tools.gate.compare import Comparison


def records(comparison: Comparison, a: t.Record, b: t.Record) -> Iterator[Difference]:
    """Differences of two records, in the order of the expected one's members."""
    if a.size is None:
        return
    if b.size is None:
        yield Difference("", f"{a.size} bytes", "only declared", unknown=True)
        return
    if any(isinstance(field.type, t.Unknown) and not field.name for field in (*a.fields, *b.fields)):
        yield from _size(a, b, [])
        yield Difference("members", MISSING, MISSING, unknown=True)
        return
    members = list(_Members(comparison, a, b).differences())
    yield from _size(a, b, members)
    if a.kind != b.kind:
        yield Difference("kind", f"a {a.kind}", f"a {b.kind}", "passing-changed")
    yield from _alignment(comparison, a, b, members)
    yield from _passing(comparison, a, b)
    yield from members
    yield from _constants(a, b)
    yield from virtuals(comparison, a, b)


def _size(a: t.Record, b: t.Record, members: list[Difference]) -> Iterator[Difference]:
    if a.size == b.size:
        return
    others = any(difference.rule != "field-appended" for difference in members if difference.breaks)
    appended = any(difference.rule == "field-appended" for difference in members)
    rule = "field-appended" if appended and not others else "layout-changed"
    yield Difference("size", f"{a.size} bytes", f"{b.size} bytes", rule)


def _alignment(comparison: Comparison, a: t.Record, b: t.Record, members: list[Difference]) -> Iterator[Difference]:
    """A difference of alignment. If no attribute sets it, it follows from the members: then it is left out if they have
    breaking differences of their own.
    """
    if t.UNTOLD in (a.alignment, b.alignment):
        yield Difference("alignment", MISSING, MISSING, unknown=True)
        return
    is_asked_for = any(record.alignment or any(field.alignment for field in record.fields) for record in (a, b))
    if not is_asked_for and any(difference.breaks for difference in members):
        return
    before, after = comparison.values[0].alignment(a), comparison.values[1].alignment(b)
    if None not in (before, after) and before != after:
        level = None if is_asked_for else RISK
        yield Difference("alignment", f"{before} bytes", f"{after} bytes", "alignment-changed", own_level=level)


def _passing(comparison: Comparison, a: t.Record, b: t.Record) -> Iterator[Difference]:
    """By hidden reference or by value. Where a side does not tell, it counts if a function takes or returns one."""
    ways = comparison.values[0].passing(a), comparison.values[1].passing(b)
    if t.NOT_KNOWN in ways or ways[0] != ways[1]:
        before, after = (MISSING if way == t.NOT_KNOWN else f"by {way}" for way in ways)
        yield Difference("passing", before, after, "passing-changed", unknown=t.NOT_KNOWN in ways)


def _constants(a: t.Record, b: t.Record) -> Iterator[Difference]:
    """Static constants of a class: compilers write their values into programs."""
    after = dict(b.constants)
    for name, value in a.constants:
        if name in after and after[name] != value:
            yield Difference(f"static {name}", str(value), str(after[name]), "constant-changed", own_level=RISK)


Leaves = dict[str, Leaf]
_OPEN = ("public", "protected", "private")


class _Members:
    """The members of both sides. new: members of the found side that do not correspond to an expected one yet."""

    def __init__(self, comparison: Comparison, a: t.Record, b: t.Record) -> None:
        self.comparison = comparison
        self.size = 8 * (a.size or 0)
        self.keeps_size = a.size == b.size
        self.is_plain = comparison.values[0].passing(a) == t.BY_VALUE and not any(f.kind == "base" for f in a.fields)
        self.expected = {leaf.name: leaf for leaf in leaves(a, comparison.expected.types)}
        self.found = {leaf.name: leaf for leaf in leaves(b, comparison.found.types)}
        self.grouped = [*self._grouped(self.found, self.expected, comparison.found.types)]
        self.grouped += self._grouped(self.expected, self.found, comparison.expected.types)
        self.new = {name: leaf for name, leaf in self.found.items() if name not in self.expected}

    def _grouped(self, own: Leaves, other: Leaves, definitions: Definitions) -> Iterator[Difference]:
        """Replace a member that is a record by its members, if the other side has these directly at the same place."""
        for name, leaf in list(own.items()):
            inner = inner_leaves(leaf, definitions) if name not in other else {}
            if inner and all(n in other and n not in own and other[n].start == lf.start for n, lf in inner.items()):
                del own[name]
                own.update(inner)
                whole, part = "members of the record", f"members of {name}"
                was, now = (whole, part) if own is self.found else (part, whole)
                yield Difference(", ".join(inner), was, now, "field-renamed")

    def differences(self) -> Iterator[Difference]:
        yield from self.grouped
        for name, leaf in self.expected.items():
            other = self.found.get(name)
            yield from self._both(leaf, other) if other else self._gone(leaf)
        for leaf in list(self.new.values()):
            yield self._added(leaf)
        yield from self._virtual_bases()

    def _virtual_bases(self) -> Iterator[Difference]:
        """The order of virtual bases, from which their places follow: DWARF has no offsets for them."""
        before, after = (
            [leaf.name for leaf in own.values() if leaf.field.kind == "virtual base" and leaf.name in other]
            for own, other in ((self.expected, self.found), (self.found, self.expected))
        )
        if before != after:
            yield Difference("order of virtual bases", ", ".join(before), ", ".join(after), "layout-changed")

    def _both(self, a: Leaf, b: Leaf) -> Iterator[Difference]:
        if a.is_reserved and a.start <= b.start and b.end <= a.end:
            if (a.start, a.bits) != (b.start, b.bits):
                yield Difference(a.name, str(a), str(b), "reserved-used")
                self._explain_within(a)
            return
        has_bits = a.is_bit_field or b.is_bit_field
        if a.start != b.start or (has_bits and a.bits != b.bits):
            yield Difference(a.name, a.place, b.place, "layout-changed")
        elif a.field.access != b.field.access:
            level = SOURCE if _OPEN.index(b.field.access) > _OPEN.index(a.field.access) else NOTE
            yield Difference(a.name, a.field.access, b.field.access, "access-changed", own_level=level)
        yield from self._types(a, b)

    def _types(self, a: Leaf, b: Leaf) -> Iterator[Difference]:
        if a.field.kind == "vptr":
            return  # compilers describe the table in different ways
        before, after = peel(a.field.type), peel(b.field.type)
        if isinstance(before, t.Record) and isinstance(after, t.Record):
            yield from (d.below(a.name) for d in records(self.comparison, before, after))
        else:
            found = list(self.comparison.named(a.name, a.field.type, b.field.type, "layout-changed", by_value=True))
            if a.is_bit_field and _is_number(before) != _is_number(after):
                found = [replace(d, rule="layout-changed") if d.rule == "sign-changed" else d for d in found]
            if (a.is_bit_field or b.is_bit_field) and are_alike(a.field.type, b.field.type):
                found = []  # the number of bits was compared before
            yield from found or qualifiers.of_field(a.name, a.field.type, b.field.type)

    def _gone(self, leaf: Leaf) -> Iterator[Difference]:
        """The difference for an expected member without a counterpart of the same name."""
        if self._is_empty_base(leaf, self.comparison.expected.types):
            yield Difference(leaf.name, str(leaf), MISSING, "empty-base")
            return
        there = [o for o in self.new.values() if o.start == leaf.start and o.field.kind == leaf.field.kind]
        fitting = next((other for other in there if self._fits(leaf, other)), None)
        if fitting:
            del self.new[fitting.name]
            rule = "reserved-used" if leaf.is_reserved else "field-renamed"
            yield Difference(leaf.name, leaf.name, fitting.name, rule)
        elif leaf.is_reserved and self._explain_within(leaf):
            yield Difference(leaf.name, str(leaf), "other members", "reserved-used")
        elif len(there) == 1:
            del self.new[there[0].name]
            yield Difference(leaf.name, str(leaf), f"{member(there[0].field)} at {there[0].place}", "layout-changed")
        else:
            yield Difference(leaf.name, str(leaf), MISSING, "layout-changed")

    def _fits(self, a: Leaf, b: Leaf) -> bool:
        """Whether `b` can be `a` under another name: it has the same type, or for reserved room the same size."""
        if a.bits != b.bits:
            return False
        return a.is_reserved or self.comparison.same(a.field.type, b.field.type, by_value=True) == Sameness.SAME

    def _explain_within(self, room: Leaf) -> bool:
        """Remove the members in a reserved room from `new`; return whether there are any. Nothing is removed if one of
        them reaches outside of the room.
        """
        inside = [leaf for leaf in self.new.values() if leaf.overlaps(room)]
        if any(leaf.start < room.start or leaf.end > room.end for leaf in inside):
            return False
        for leaf in inside:
            del self.new[leaf.name]
        return bool(inside)

    def _is_empty_base(self, leaf: Leaf, definitions: Definitions) -> bool:
        """Whether this is a base class without data and virtual functions, in a record whose size has not changed."""
        base = definitions.get(leaf.field.type.key) if isinstance(leaf.field.type, t.Ref) else None
        is_empty = isinstance(base, t.Record) and base.size == 1 and not base.fields and not base.virtuals
        return self.keeps_size and leaf.field.kind == "base" and is_empty

    def _added(self, leaf: Leaf) -> Difference:
        if self._is_empty_base(leaf, self.comparison.found.types):
            rule = "empty-base"
        elif leaf.field.kind != "member":
            rule = "layout-changed"
        elif leaf.start >= self.size:
            rule = "field-appended" if leaf.bits else "flexible-array"
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


def _is_number(kind: t.Type) -> bool:
    """Whether it is an integer: in a few bits, the constants of an enumeration may be negative numbers of it."""
    return isinstance(bare(kind), t.Integer)
