"""Two sides' types compared: what the interface says (`expected`) and what the library has (`found`).

Names of typedefs, qualifiers and the spelling of integers do not count; sizes, signedness, shapes and layouts do. A
type that one side does not know is neither equal nor different: such a `Difference` has `unknown` set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Union

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import declare, describe, peel

Definitions = Mapping[str, Union[t.Record, t.Enum]]

MISSING = "nothing"


@dataclass(frozen=True)
class Difference:
    """One place where two types differ: `field` says where ("argument 1", "y"), the other two what is there."""

    field: str
    expected: str
    found: str
    unknown: bool = False

    def below(self, field: str) -> Difference:
        """The same difference, seen from one level above."""
        return replace(
            self, field=f"{field}{'' if self.field.startswith('[') else '.'}{self.field}" if self.field else field
        )


class Comparison:
    """Compares types of two sides that have their own definitions of records and enumerations.

    void_is_any: an expected `void *` stands for every pointer, as producers of other languages write it.
    """

    def __init__(self, expected: Definitions, found: Definitions, void_is_any: bool = False) -> None:
        self.expected = expected
        self.found = found
        self.void_is_any = void_is_any

    def function(self, expected: t.Function, found: t.Function) -> Iterator[Difference]:
        """Differences of prototypes; records count by their key only."""
        yield from self._named("result", expected.result, found.result)
        if expected.varargs and not expected.parameters:
            return  # C's `int f()`, which promises nothing about arguments
        wanted, present = [p.type for p in expected.parameters], [p.type for p in found.parameters]
        yield from self._arguments(wanted, present, expected.varargs, found.varargs)
        if expected.convention and found.convention and expected.convention != found.convention:
            yield Difference("calling convention", expected.convention, found.convention)

    def variable(self, expected: t.Variable, found: t.Variable) -> Iterator[Difference]:
        """Differences of the types of data."""
        yield from self._named("type", expected.type, found.type)

    def _arguments(self, wanted: list, present: list, varargs: bool, has_varargs: bool) -> Iterator[Difference]:
        for index in range(max(len(wanted), len(present))):
            field = f"argument {index + 1}"
            if index >= len(wanted):
                yield Difference(field, MISSING, describe(present[index]))
            elif index >= len(present):
                yield Difference(field, describe(wanted[index]), MISSING)
            else:
                yield from self._named(field, wanted[index], present[index])
        if varargs != has_varargs:
            yield Difference("varargs", _varargs(varargs), _varargs(has_varargs))

    def _named(self, field: str, expected: t.Type, found: t.Type) -> Iterator[Difference]:
        verdict = self.same(expected, found)
        if verdict is not True:
            yield Difference(field, describe(expected), describe(found), unknown=verdict is None)

    def same(self, expected: t.Type, found: t.Type) -> bool | None:
        """True, False, or None for unknown."""
        a, b = self._number(_bare(expected)), self._number(_bare(found))
        if isinstance(a, t.Unknown) or isinstance(b, t.Unknown):
            return None
        if type(a) is not type(b):
            return self._mixed(a, b)
        return getattr(self, "_" + type(a).__name__.lower(), _equal)(a, b)

    def _number(self, kind: t.Type) -> t.Type:
        """An enumeration with a tag stays one; an enumeration without one is its integer."""
        return kind.underlying if isinstance(kind, t.Enum) and kind.name is None else kind

    def _mixed(self, a: t.Type, b: t.Type) -> bool | None:
        """An `enum` against an integer is fine when its representation is that integer."""
        if isinstance(a, t.Ref) and isinstance(b, t.Integer):
            return self._enum_is(self.expected.get(a.key), b)
        if isinstance(b, t.Ref) and isinstance(a, t.Integer):
            return self._enum_is(self.found.get(b.key), a)
        return False

    def _enum_is(self, definition: t.Record | t.Enum | None, integer: t.Integer) -> bool | None:
        if definition is None:
            return None
        return isinstance(definition, t.Enum) and self._integer(definition.underlying, integer)

    def _integer(self, a: t.Integer, b: t.Integer) -> bool:
        return (a.size, a.signed) == (b.size, b.signed)

    def _float(self, a: t.Float, b: t.Float) -> bool:
        return (a.size, a.complex) == (b.size, b.complex)

    def _pointer(self, a: t.Pointer, b: t.Pointer) -> bool | None:
        if self.void_is_any and isinstance(_bare(a.target), t.Void):
            return a.size == b.size
        return _all([a.size == b.size, (a.kind == "*") == (b.kind == "*"), self.same(a.target, b.target)])

    def _memberpointer(self, a: t.MemberPointer, b: t.MemberPointer) -> bool | None:
        return _all([a.size == b.size, self.same(a.target, b.target)])

    def _array(self, a: t.Array, b: t.Array) -> bool | None:
        return _all([a.count in (None, b.count), self.same(a.element, b.element)])

    def _functiontype(self, a: t.FunctionType, b: t.FunctionType) -> bool | None:
        pairs = [self.same(x, y) for x, y in zip(a.parameters, b.parameters)]
        equal = len(a.parameters) == len(b.parameters) and a.varargs == b.varargs
        return _all([equal, self.same(a.result, b.result), *pairs])

    def _record(self, a: t.Record, b: t.Record) -> bool | None:
        differences = list(self.record(a, b))
        if not differences:
            return True
        return None if all(d.unknown for d in differences) else False

    # layouts

    def definition(self, key: str) -> Iterator[Difference]:
        """Differences of the two definitions under `key`. One that the interface leaves open cannot differ."""
        expected, found = self.expected.get(key), self.found.get(key)
        if isinstance(expected, t.Record) and expected.size is None:
            return
        if expected is None or found is None:
            side = "the interface" if expected is None else "the library's debug information"
            yield Difference("", key, f"not in {side}", unknown=True)
        elif isinstance(expected, t.Enum) and isinstance(found, t.Enum):
            yield from self.enum(expected, found)
        elif isinstance(expected, t.Record) and isinstance(found, t.Record):
            yield from self.record(expected, found)

    def enum(self, expected: t.Enum, found: t.Enum) -> Iterator[Difference]:
        """Differences of representation and of the constants that the interface names; further ones are allowed."""
        yield from self._named("representation", expected.underlying, found.underlying)
        values = dict(found.values)
        for name, value in expected.values:
            if values.get(name) != value:
                yield Difference(name, str(value), str(values.get(name, MISSING)))

    def record(self, expected: t.Record, found: t.Record) -> Iterator[Difference]:
        """Differences of size and of fields, in the order of the interface."""
        if found.size is None:
            yield Difference("", f"{expected.size} bytes", "only declared", unknown=True)
            return
        if expected.size != found.size:
            yield Difference("size", f"{expected.size} bytes", f"{found.size} bytes")
        yield from self._fields(expected.fields, found.fields)

    def _fields(self, expected: tuple[t.Field, ...], found: tuple[t.Field, ...]) -> Iterator[Difference]:
        present = _by_name(found)
        for name, field in _by_name(expected).items():
            other = present.pop(name, None)
            if other is None:
                yield Difference(name, f"{declare(field.type, '')} at offset {field.offset}", MISSING)
            else:
                yield from (d if d.field == name else d.below(name) for d in self._field(name, field, other))
        for name, field in present.items():
            yield Difference(name, MISSING, f"{declare(field.type, '')} at offset {field.offset}")

    def _field(self, name: str, a: t.Field, b: t.Field) -> Iterator[Difference]:
        if _position(a) != _position(b):
            yield Difference(name, _position(a), _position(b))
        inline_a, inline_b = peel(a.type), peel(b.type)
        if isinstance(inline_a, t.Record) and isinstance(inline_b, t.Record):
            yield from self.record(inline_a, inline_b)
        else:
            yield from self._named(name, a.type, b.type)


def _by_name(fields: tuple[t.Field, ...]) -> dict[str, t.Field]:
    """Fields by name; nameless ones (anonymous unions, padding bit-fields) by their number among such."""
    named: dict[str, t.Field] = {}
    nameless = 0
    for field in fields:
        if field.name:
            named[field.name if field.kind == "member" else f"<{field.kind} {field.name}>"] = field
        else:
            nameless += 1
            named[f"<{field.kind} {nameless} without a name>"] = field
    return named


def _position(field: t.Field) -> str:
    if field.bit_size is None:
        return f"offset {field.offset}"
    return f"bits {field.bit_offset} to {(field.bit_offset or 0) + field.bit_size - 1}"


def _equal(a: t.Type, b: t.Type) -> bool:
    return a == b


def _bare(kind: t.Type) -> t.Type:
    """The type below all names and qualifiers; `_Atomic` too, which DWARF before version 5 cannot say."""
    kind = peel(kind)
    while isinstance(kind, t.Qualified):
        kind = peel(kind.target)
    return kind


def _varargs(has: bool) -> str:
    return "..." if has else MISSING


def _all(verdicts: list[bool | None]) -> bool | None:
    """False when anything is false, else None when anything is unknown."""
    if False in verdicts:
        return False
    return None if None in verdicts else True
