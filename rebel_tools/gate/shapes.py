"""What two types have in common without a look at the definitions that they lead to: names, qualifiers, numbers."""

from __future__ import annotations

from collections.abc import Iterator

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import peel


def bare(kind: t.Type) -> t.Type:
    """The type below all names and qualifiers."""
    kind = peel(kind)
    while isinstance(kind, t.Qualified):
        kind = peel(kind.target)
    return kind


def is_atomic(kind: t.Type) -> bool:
    return isinstance(kind, t.Qualified) and kind.qualifier == "atomic"


def share_a_name(a: t.Type, b: t.Type) -> bool:
    """Whether a typedef of the same name leads to both."""
    names = [set(_typedefs(kind)) for kind in (a, b)]
    return not names[0].isdisjoint(names[1])


def _typedefs(kind: t.Type) -> Iterator[str]:
    while isinstance(kind, (t.Typedef, t.Qualified)):
        if isinstance(kind, t.Typedef):
            yield kind.name
        kind = kind.target


def is_renamed(a: t.Type, b: t.Type) -> bool:
    """Whether two equal types are, or point to, definitions of different names."""
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
    """Whether the keys name one type: the same, or the same name with and without a tag."""
    return pair[0] == pair[1] or pair[0].partition(" ")[2] == pair[1].partition(" ")[2]


def numbers(a: t.Type, b: t.Type) -> bool:
    """What has no parts. An enumeration equals the integer that represents it."""
    a = a.underlying if isinstance(a, t.Enum) else a
    b = b.underlying if isinstance(b, t.Enum) else b
    if isinstance(a, t.Integer) and isinstance(b, t.Integer):
        return (a.size, a.signed) == (b.size, b.signed)
    if isinstance(a, t.Float) and isinstance(b, t.Float):
        return (a.size, a.complex) == (b.size, b.complex)
    return type(a) is type(b) and a == b
