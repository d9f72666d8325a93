"""The members of a record as they lie in it: those of anonymous structs and unions stand in place of these."""

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
    def is_bit_field(self) -> bool:
        return self.field.bit_size is not None

    @property
    def place(self) -> str:
        """Where it lies, in words."""
        if self.field.bit_size is None:
            return f"offset {self.start // 8}"
        return f"bits {self.start} to {self.end - 1}"

    @property
    def is_reserved(self) -> bool:
        """Whether it is called like room for later versions."""
        return self.field.kind == "member" and _RESERVED.search(self.name) is not None

    def overlaps(self, other: Leaf) -> bool:
        return self.start < other.end and other.start < self.end


def leaves(record: t.Record, definitions: Definitions, start: int = 0) -> Iterator[Leaf]:
    """The members with names, those of anonymous records in place of the records. `start` is that of the record."""
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
    """The members of a member that is a record, as they lie in the outermost one; nothing for any other."""
    kind = peel(leaf.field.type)
    record = definitions.get(kind.key) if isinstance(kind, t.Ref) else kind
    if leaf.field.kind != "member" or not isinstance(record, t.Record) or record.size is None:
        return {}
    return {inner.name: inner for inner in leaves(record, definitions, leaf.start)}
