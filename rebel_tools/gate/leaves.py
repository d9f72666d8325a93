"""The members of a record with their places in it; anonymous structs and unions are replaced by their members."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rebel_tools.abi import types as t
from rebel_tools.abi.sizes import Definitions, size_of
from rebel_tools.abi.spell import declare, peel

_RESERVED = re.compile(
    r"(?:^|_)(?:reserved|rsvd|resv|unused|spare|future)(?:$|_|\d)|^_+(?:pad|padding|dummy|filler)(?:$|_|\d)"
    r"|^(?:pad|padding|dummy|filler)_*\d+$",
    re.IGNORECASE,
)
"""Names of members that reserve room for later versions. (A bare `padding` can be a real member, such as a margin.)"""
FLATTENED = 10_000
"""The most members of a record that are compared, including those of anonymous members."""
TOO_MANY = t.Field("<further members>", t.Unknown(f"only {FLATTENED} members of a record are compared"), 0)
"""Stands for those beyond this limit, so that they count as not known."""


class Leaf(NamedTuple):
    """A member of the outermost record. start: its place in bits; bits: its size in bits, None if unknown."""

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
    def is_bit_field(self) -> bool:
        return self.field.bit_size is not None

    @property
    def place(self) -> str:
        """Its place, for messages."""
        if self.field.bit_size is None:
            return f"offset {self.start // 8}"
        return f"bits {self.start} to {self.end - 1}"

    @property
    def is_reserved(self) -> bool:
        """Whether its name says that it reserves room for later versions."""
        return self.field.kind == "member" and _RESERVED.search(self.name) is not None

    def overlaps(self, other: Leaf) -> bool:
        return self.start < other.end and other.start < self.end


def leaves(record: t.Record, definitions: Definitions, start: int = 0) -> Iterator[Leaf]:
    """The members of a record; those of anonymous records instead of these. start: the record's place, in bits."""
    work = [(field, start) for field in reversed(record.fields)]
    seen = 0
    while work and seen < FLATTENED:
        field, base = work.pop()
        seen += 1
        inner = peel(field.type)
        if not field.name and field.kind == "member" and isinstance(inner, t.Record) and inner.size is not None:
            work += [(below, base + 8 * field.offset) for below in reversed(inner.fields)]
        else:
            yield _leaf(field, base, seen, definitions)
    if work:
        yield _leaf(TOO_MANY, start, seen, definitions)


def _leaf(field: t.Field, base: int, number: int, definitions: Definitions) -> Leaf:
    if field.kind == "member":
        name = field.name or f"<member {number} without a name>"
    else:
        name = f"<{field.kind} {field.name}>" if field.kind != "vptr" else "<vptr>"
    if field.bit_size is not None:
        return Leaf(name, field, base + (field.bit_offset or 0), field.bit_size)
    size = size_of(field.type, definitions)
    return Leaf(name, field, base + 8 * field.offset, None if size is None else 8 * size)


def inner_leaves(leaf: Leaf, definitions: Definitions) -> dict[str, Leaf]:
    """If a member is a record, its members with their places in the outermost record; otherwise empty."""
    kind = peel(leaf.field.type)
    record = definitions.get(kind.key) if isinstance(kind, t.Ref) else kind
    if leaf.field.kind != "member" or not isinstance(record, t.Record) or record.size is None:
        return {}
    return {inner.name: inner for inner in leaves(record, definitions, leaf.start)}
