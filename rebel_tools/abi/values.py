"""How values of a type are aligned and passed, as far as this follows from their members."""

from __future__ import annotations

from rebel_tools.abi import types as t
from rebel_tools.abi.sizes import Definitions, size_of
from rebel_tools.abi.spell import peel

MAX_NESTING = 100
"""How deeply records may be nested; deeper ones, in a damaged file, have no known alignment."""
STRICTEST = 64
"""The strictest natural alignment of a scalar in any ABI, in bytes. Requested alignments are in the types."""


class Values:
    """Alignment and passing of the types of one side of a comparison. Each definition is computed once."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._alignments: dict[str, int | None] = {}
        self._passing: dict[str, str] = {}
        self._depth = 0

    def alignment(self, kind: t.Type) -> int | None:
        """The alignment of a type in bytes, None if it is not known.

        That of `alignas` is part of the type. The rest follows from the members: a scalar is aligned to its size,
        unless its offset in a record shows that the ABI or an attribute aligns it to less.
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
            self._alignments[kind.key] = None  # in a damaged file, a record may contain itself
            if kind.key in self._definitions and self._depth < MAX_NESTING:
                self._depth += 1
                self._alignments[kind.key] = self._natural(self._definitions[kind.key])
                self._depth -= 1
        return self._alignments[kind.key]

    def _record(self, record: t.Record) -> int | None:
        if record.size is None or record.alignment == t.UNTOLD:
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

    def passing(self, kind: t.Type) -> str:
        """`BY_REFERENCE` if values are passed and returned by hidden reference because copying or destroying one runs
        code, otherwise `BY_VALUE`, or `NOT_KNOWN`.

        By the Itanium C++ ABI, section 1.1, the first is so for classes that `types.Record.passing` marks, classes with
        a virtual table, and classes with such a member or base.
        """
        kind = peel(kind)
        while isinstance(kind, (t.Array, t.Qualified)):
            kind = peel(kind.element if isinstance(kind, t.Array) else kind.target)
        if isinstance(kind, t.Record):
            return self._passing_of(kind)
        if not isinstance(kind, t.Ref):
            return t.BY_VALUE
        if kind.key not in self._passing:
            self._passing[kind.key] = t.BY_VALUE
            definition = self._definitions.get(kind.key)
            if isinstance(definition, t.Record) and self._depth < MAX_NESTING:
                self._depth += 1
                self._passing[kind.key] = self._passing_of(definition)
                self._depth -= 1
        return self._passing[kind.key]

    def _passing_of(self, record: t.Record) -> str:
        if record.passing in (t.BY_REFERENCE, t.BY_VALUE):
            return record.passing
        if record.virtuals or any(field.kind in ("vptr", "virtual base") for field in record.fields):
            return t.BY_REFERENCE
        found = {self.passing(field.type) for field in record.fields}
        if t.BY_REFERENCE in found:
            return t.BY_REFERENCE
        return t.NOT_KNOWN if t.NOT_KNOWN in (*found, record.passing) else t.BY_VALUE


def is_constant(kind: t.Type) -> bool:
    """Whether a program may not write to data of this type: it is const, or a reference, which cannot be changed."""
    while isinstance(kind, (t.Typedef, t.Qualified, t.Array)):
        if isinstance(kind, t.Qualified) and kind.qualifier == "const":
            return True
        kind = kind.element if isinstance(kind, t.Array) else kind.target
    return isinstance(kind, t.Pointer) and kind.kind != "*"


def asked_for(kind: t.Type) -> int:
    """The alignment that the typedefs in a type request, in bytes; 1 if none does."""
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
