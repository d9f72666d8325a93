"""const and volatile on both sides of what is otherwise one type.

They change no representation. What they change is told by who relies on them: the compiler of a program that keeps a
field in a register, the author of a program whose constant can now be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rebel_tools.abi import types as t
from rebel_tools.gate.difference import Difference, told
from rebel_tools.gate.rules import NOTE, SOURCE
from rebel_tools.gate.shapes import bare

TOLD = ("const", "volatile")
RULE = "qualifier-changed"


def of_value(where: str, a: t.Type, b: t.Type, gained_is_harmless: bool) -> Iterator[Difference]:
    """Of what pointers lead to. The qualifiers of an argument or a result itself mean nothing to the other side.

    gained_is_harmless: an argument may gain const, since what could be written can be read; a result may lose it. That
        holds for what the pointer itself leads to; a `char **` is no `const char **`.
    """
    before, after = _levels(a)[1:], _levels(b)[1:]
    if before == after or len(before) != len(after):
        yield from _of_functions(where, a, b)
        return
    gained = any(new - old for old, new in zip(before, after))
    lost = any(old - new for old, new in zip(before, after))
    harms = before[1:] != after[1:] or (lost if gained_is_harmless else gained)
    yield _difference(where, a, b, SOURCE if harms else NOTE)


def of_data(where: str, a: t.Type, b: t.Type) -> Iterator[Difference]:
    """Of exported data and of what they point to. Whether memory can be written is told by `memory-changed`."""
    before, after = _levels(a), _levels(b)
    if before != after and len(before) == len(after):
        gained = any(new - old for old, new in zip(before, after))
        yield _difference(where, a, b, SOURCE if gained else NOTE)
    else:
        yield from _of_functions(where, a, b)


def _of_functions(where: str, a: t.Type, b: t.Type) -> Iterator[Difference]:
    """Of what the arguments and results of function pointers lead to: no such pointer converts to another."""
    x, y = _pointee(a), _pointee(b)
    if not isinstance(x, t.FunctionType) or not isinstance(y, t.FunctionType):
        return
    pairs = zip((x.result, *x.parameters), (y.result, *y.parameters))
    if any(_levels(one)[1:] != _levels(other)[1:] for one, other in pairs):
        yield _difference(where, a, b, SOURCE)


def _pointee(kind: t.Type) -> t.Type:
    """What is at the end of pointers and arrays."""
    while True:
        kind = bare(kind)
        if isinstance(kind, t.Pointer):
            kind = kind.target
        elif isinstance(kind, t.Array):
            kind = kind.element
        else:
            return kind


def of_field(where: str, a: t.Type, b: t.Type) -> Iterator[Difference]:
    """Of a field. One that becomes volatile was kept in registers by programs that were compiled before."""
    before, after = _levels(a), _levels(b)
    if len(before) == len(after) and "volatile" in after[0] - before[0]:
        yield _difference(where, a, b, None, "volatile-field")
    else:
        yield from of_data(where, a, b)


def _difference(where: str, a: t.Type, b: t.Type, level: str | None, rule: str = RULE) -> Difference:
    return replace(told(where, a, b, rule), own_level=level)


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
