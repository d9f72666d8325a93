"""Compares properties of types that do not need their definitions: names, qualifiers, pointers, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import peel
from rebel_tools.gate.sameness import Sameness, same_if

FLOAT, INT = 4, 4
"""Bytes of a `float` and of an `int`: smaller arguments are promoted."""


def bare(kind: t.Type) -> t.Type:
    """The type without typedefs and qualifiers."""
    kind = peel(kind)
    while isinstance(kind, t.Qualified):
        kind = peel(kind.target)
    return kind


def fits_any_call(old_style: t.FunctionType, other: t.FunctionType) -> bool:
    """Whether the first is C's `int (*)()` and compatible with the second, which has a fixed number of arguments whose
    types a call without a prototype does not change. Source: C17, section 6.7.6.3, paragraph 15.
    """
    is_open = old_style.varargs and not old_style.parameters
    return is_open and not other.varargs and all(map(_is_promoted, other.parameters))


def _is_promoted(kind: t.Type) -> bool:
    kind = bare(kind)
    if isinstance(kind, t.Float):
        return kind.complex or kind.size > FLOAT
    return not isinstance(kind, (t.Integer, t.Bool)) or kind.size >= INT


def is_atomic(kind: t.Type) -> bool:
    return isinstance(kind, t.Qualified) and kind.qualifier == "atomic"


def share_a_name(a: t.Type, b: t.Type) -> bool:
    """Whether both types are named by a typedef of the same name."""
    names = [set(_typedefs(kind)) for kind in (a, b)]
    return not names[0].isdisjoint(names[1])


def _typedefs(kind: t.Type) -> Iterator[str]:
    while isinstance(kind, (t.Typedef, t.Qualified)):
        if isinstance(kind, t.Typedef):
            yield kind.name
        kind = kind.target


def is_renamed(a: t.Type, b: t.Type) -> bool:
    """Whether two equal types are, or point to, definitions with different names."""
    while True:
        x, y = bare(a), bare(b)
        if isinstance(x, t.Ref) and isinstance(y, t.Ref):
            return not is_one_type((x.key, y.key)) and not share_a_name(a, b)
        if isinstance(x, t.Pointer) and isinstance(y, t.Pointer):
            a, b = x.target, y.target
        elif isinstance(x, t.Array) and isinstance(y, t.Array):
            a, b = x.element, y.element
        else:
            return False


def is_one_type(pair: tuple[str, str]) -> bool:
    """Whether two keys mean the same type: they are equal, or the same name with and without a tag."""
    return pair[0] == pair[1] or pair[0].partition(" ")[2] == pair[1].partition(" ")[2]


def pointers(kind: t.Type) -> list[str]:
    """The kinds of pointers and references in a type, from the outside in."""
    kinds: list[str] = []
    while isinstance(kind := bare(kind), t.Pointer):
        kinds.append(kind.kind)
        kind = kind.target
    return kinds


def leads_to_void(kind: t.Type) -> bool:
    """Whether it is a `void *`, or a pointer to one, or an array of them."""
    return isinstance(end(kind), t.Void)


def end(kind: t.Type) -> t.Type:
    """The type at the end of pointers and arrays."""
    kind = bare(kind)
    while isinstance(kind, (t.Pointer, t.Array)):
        kind = bare(kind.target if isinstance(kind, t.Pointer) else kind.element)
    return kind


_QUAD = re.compile(r"__float128|__ieee128|_Float128\b")
"""Names of IEEE binary128 on all targets. (`long double` can be that format, x87's or IBM's.)"""


_NAMED = re.compile(r"__bf16|_Decimal")
"""Names of formats that differ from others of the same size."""
_BIT_INT = re.compile(r"_BitInt(\(\d+\))?")


def has_other_sign(a: t.Type, b: t.Type) -> bool:
    """Whether one is an enumeration and the other one an integer as large, which has a sign where the enumeration has
    none or the other way round, and all constants are the same in both.
    """
    enum, integer = (a, b) if isinstance(a, t.Enum) else (b, a)
    if not isinstance(enum, t.Enum) or not isinstance(integer, t.Integer) or not enum.values:
        return False
    held = enum.underlying
    differ = held.size == integer.size and held.signed != integer.signed
    return differ and all(fits_both(value, held) for _, value in enum.values)


def fits_both(value: int, integer: t.Integer) -> bool:
    """Whether signed and unsigned integers of this size can represent the value."""
    return 0 <= value < 1 << (8 * integer.size - 1)


def numbers(a: t.Type, b: t.Type) -> Sameness:
    """Compares types without parts. An enumeration equals the integer that represents it, with and without a sign."""
    if has_other_sign(a, b):
        return Sameness.SAME
    a = a.underlying if isinstance(a, t.Enum) else a
    b = b.underlying if isinstance(b, t.Enum) else b
    if isinstance(a, t.Integer) and isinstance(b, t.Integer):
        return _integers(a, b)
    if isinstance(a, t.Float) and isinstance(b, t.Float):
        return _floats(a, b)
    return same_if(type(a) is type(b) and a == b)


def are_alike(a: t.Type, b: t.Type) -> bool:
    """Whether the types of two bit-fields are integers (which enumerations are not) with the same signedness."""
    a, b = bare(a), bare(b)
    are_integers = isinstance(a, (t.Integer, t.Bool)) and isinstance(b, (t.Integer, t.Bool))
    return are_integers and _is_signed(a) == _is_signed(b)


def _is_signed(kind: t.Type) -> bool:
    return isinstance(kind, t.Integer) and kind.signed


def _integers(a: t.Integer, b: t.Integer) -> Sameness:
    """Compares integers; unknown for C's `_BitInt` without the width, which some compilers do not describe."""
    if (a.size, a.signed) != (b.size, b.signed):
        return Sameness.DIFFERENT
    widths = [_BIT_INT.findall(kind.name) for kind in (a, b)]
    return Sameness.UNKNOWN if [""] in widths else same_if(widths[0] == widths[1])


def _floats(a: t.Float, b: t.Float) -> Sameness:
    """Compares floating-point types. Formats of the same size are distinguished by name, where that is possible."""
    if (a.size, a.complex) != (b.size, b.complex) or _NAMED.findall(a.name) != _NAMED.findall(b.name):
        return Sameness.DIFFERENT
    quad = _QUAD.search(a.name), _QUAD.search(b.name)
    return Sameness.SAME if bool(quad[0]) == bool(quad[1]) else Sameness.UNKNOWN
