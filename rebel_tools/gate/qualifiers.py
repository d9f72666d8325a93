"""const and volatile on both sides of what is otherwise one type.

They change no representation. What they change is told by who relies on them: the compiler of a program that keeps a
field in a register, the author of a program whose constant can now be written.
"""

from __future__ import annotations

from collections.abc import Iterator

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import describe
from rebel_tools.gate.difference import Difference
from rebel_tools.gate.rules import NOTE, SOURCE

TOLD = ("const", "volatile")
RULE = "qualifier-changed"


def of_value(where: str, a: t.Type, b: t.Type, gained_is_harmless: bool) -> Iterator[Difference]:
    """Of what pointers lead to. The qualifiers of an argument or a result itself mean nothing to the other side.

    gained_is_harmless: an argument may gain const, since what could be written can be read; a result may lose it.
    """
    before, after = _levels(a)[1:], _levels(b)[1:]
    if before == after or len(before) != len(after):
        return
    gained = any(new - old for old, new in zip(before, after))
    lost = any(old - new for old, new in zip(before, after))
    harms = lost if gained_is_harmless else gained
    yield _difference(where, a, b, SOURCE if harms else NOTE)


def of_data(where: str, a: t.Type, b: t.Type) -> Iterator[Difference]:
    """Of exported data and of what they point to. Whether memory can be written is told by `memory-changed`."""
    before, after = _levels(a), _levels(b)
    if before != after and len(before) == len(after):
        gained = any(new - old for old, new in zip(before, after))
        yield _difference(where, a, b, SOURCE if gained else NOTE)


def of_field(where: str, a: t.Type, b: t.Type) -> Iterator[Difference]:
    """Of a field. One that becomes volatile was kept in registers by programs that were compiled before."""
    before, after = _levels(a), _levels(b)
    if len(before) == len(after) and "volatile" in after[0] - before[0]:
        yield _difference(where, a, b, None, "volatile-field")
    else:
        yield from of_data(where, a, b)


def _difference(where: str, a: t.Type, b: t.Type, level: str | None, rule: str = RULE) -> Difference:
    return Difference(where, describe(a), describe(b), rule, own_level=level)


def _levels(kind: t.Type) -> list[frozenset[str]]:
    """The qualifiers of a type, of what it points to, and so on; those of an array are those of its elements."""
    levels: list[frozenset[str]] = []
    current: set[str] = set()
    while True:
        if isinstance(kind, t.Qualified):
            current.update({kind.qualifier}.intersection(TOLD))
            kind = kind.target
        elif isinstance(kind, t.Typedef):
            kind = kind.target
        elif isinstance(kind, t.Array):
            kind = kind.element
        else:
            levels.append(frozenset(current))
            if not isinstance(kind, t.Pointer):
                return levels
            current, kind = set(), kind.target
