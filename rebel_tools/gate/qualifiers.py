"""Compares const and volatile in types that are otherwise the same.

They do not change the representation. But a compiler relies on them when it keeps a field in a register, and a program
relies on them when it passes or uses a constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rebel_tools.abi import types as t
from rebel_tools.gate.difference import Difference, difference_at
from rebel_tools.gate.rules import NOTE, SOURCE
from rebel_tools.gate.shapes import end

COMPARED = ("const", "volatile")
RULE = "qualifier-changed"


def of_value(where: str, a: t.Type, b: t.Type, gained_is_harmless: bool) -> Iterator[Difference]:
    """Differences in the target of a pointer. Qualifiers of an argument or a result itself do not matter to callers.

    gained_is_harmless: an argument may gain const, since writable data can be read; a result may lose it. That is true
        for the direct target of the pointer only: a `char **` is not a `const char **`.
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
    """Differences in exported data and in the targets of its pointers. `memory-changed` is about the memory."""
    before, after = _levels(a), _levels(b)
    if before != after and len(before) == len(after):
        gained = any(new - old for old, new in zip(before, after))
        yield _difference(where, a, b, SOURCE if gained else NOTE)
    else:
        yield from _of_functions(where, a, b)


def _of_functions(where: str, a: t.Type, b: t.Type) -> Iterator[Difference]:
    """Differences in the arguments and results of function pointers, which do not convert to each other."""
    x, y = end(a), end(b)
    if not isinstance(x, t.FunctionType) or not isinstance(y, t.FunctionType):
        return
    pairs = zip((x.result, *x.parameters), (y.result, *y.parameters))
    if any(_levels(one)[1:] != _levels(other)[1:] for one, other in pairs):
        yield _difference(where, a, b, SOURCE)


def of_field(where: str, a: t.Type, b: t.Type) -> Iterator[Difference]:
    """Differences in a field. If it became volatile, existing programs may still keep it in registers."""
    before, after = _levels(a), _levels(b)
    if len(before) == len(after) and "volatile" in after[0] - before[0]:
        yield _difference(where, a, b, None, "volatile-field")
    else:
        yield from of_data(where, a, b)


def _difference(where: str, a: t.Type, b: t.Type, level: str | None, rule: str = RULE) -> Difference:
    return replace(difference_at(where, a, b, rule), own_level=level)


def _levels(kind: t.Type) -> list[frozenset[str]]:
    """The qualifiers of a type, of what it points to, and so on; those of an array are those of its elements."""
    levels: list[frozenset[str]] = []
    current: set[str] = set()
    while True:
        if isinstance(kind, t.Qualified):
            current.update({kind.qualifier}.intersection(COMPARED))
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
