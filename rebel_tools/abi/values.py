"""How values of a type are aligned and passed, as far as it follows from their members."""

from __future__ import annotations

from rebel_tools.abi import types as t
from rebel_tools.abi.sizes import Definitions, size_of
from rebel_tools.abi.spell import peel

MAX_NESTING = 100
"""Records inside of records; what a damaged file nests deeper has no known alignment."""
STRICTEST = 64
"""No scalar of any ABI is aligned to more, and what is asked for stands in the type."""


class Values:
    """Answers for the types of one side, each definition worked out once."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._alignments: dict[str, int | None] = {}
        self._by_reference: dict[str, bool] = {}
        self._depth = 0

    def alignment(self, kind: t.Type) -> int | None:
        """The alignment of a type in bytes, None when it is not known.

        What `alignas` asks for is written in the type. The rest follows from the members: a scalar is aligned to its
        size, unless its place in a record says that the ABI or an attribute aligns it to less.
        """
        asked = asked_for(kind)
        while isinstance(kind, (t.Typedef, t.Qualified)):
            kind = kind.target
        natural = self._natural(kind)
        return None if natural is None else max(natural, asked)

    def _natural(self, kind: t.Type) -> int | None:
        if isinstance(kind, t.Array):
            return size_of(kind, self._definitions) if kind.vector else self.alignment(kind.element)
        if isinstance(kind, t.Record):
            return self._record(kind)
        if not isinstance(kind, t.Ref):
            size = size_of(kind, self._definitions)
            return _power_of_two_in(size, STRICTEST) if size else None
        if kind.key not in self._alignments:
            self._alignments[kind.key] = None  # what a damaged file lets contain itself has none
            if kind.key in self._definitions and self._depth < MAX_NESTING:
                self._depth += 1
                self._alignments[kind.key] = self._natural(self._definitions[kind.key])
                self._depth -= 1
        return self._alignments[kind.key]

    def _record(self, record: t.Record) -> int | None:
        if record.size is None:
            return None
        strictest = 1
        for field in record.fields:
            own = self.alignment(field.type)
            if own is None:
                return None
            if field.kind != "virtual base" and field.bit_size is None:
                own = _power_of_two_in(field.offset, own)
            strictest = max(strictest, own, field.alignment or 1)
        return max(_power_of_two_in(record.size, strictest), record.alignment or 1)

    def by_reference(self, kind: t.Type) -> bool:
        """Whether values are passed and returned by hidden reference because copying or destroying one runs code.

        Itanium C++ ABI, section 1.1: a class of its own accord (see `types.Record.passing`), with a virtual table, or
        with such a member or base.
        """
        kind = peel(kind)
        while isinstance(kind, (t.Array, t.Qualified)):
            kind = peel(kind.element if isinstance(kind, t.Array) else kind.target)
        if isinstance(kind, t.Record):
            return self._is_special(kind)
        if not isinstance(kind, t.Ref):
            return False
        if kind.key not in self._by_reference:
            self._by_reference[kind.key] = False
            definition = self._definitions.get(kind.key)
            if isinstance(definition, t.Record) and self._depth < MAX_NESTING:
                self._depth += 1
                self._by_reference[kind.key] = self._is_special(definition)
                self._depth -= 1
        return self._by_reference[kind.key]

    def _is_special(self, record: t.Record) -> bool:
        if record.passing is not None:
            return record.passing == "reference"
        if record.virtuals or any(field.kind in ("vptr", "virtual base") for field in record.fields):
            return True
        return any(self.by_reference(field.type) for field in record.fields)


def is_constant(kind: t.Type) -> bool:
    """Whether a program may not write data of this type: const, or a reference, which leads to one object for ever."""
    while isinstance(kind, (t.Typedef, t.Qualified, t.Array)):
        if isinstance(kind, t.Qualified) and kind.qualifier == "const":
            return True
        kind = kind.element if isinstance(kind, t.Array) else kind.target
    return isinstance(kind, t.Pointer) and kind.kind != "*"


def asked_for(kind: t.Type) -> int:
    """The alignment that typedefs ask for, 1 for none."""
    asked = 1
    while isinstance(kind, (t.Typedef, t.Qualified)):
        asked = max(asked, kind.alignment or 1) if isinstance(kind, t.Typedef) else asked
        kind = kind.target
    return asked


def _power_of_two_in(number: int, limit: int) -> int:
    """The largest power of two up to `limit` that divides a number."""
    power = limit
    while number % power:
        power //= 2
    return power
