"""Compares two enumerations: the integers that represent them, and their constants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rebel_tools.abi import types as t
from rebel_tools.gate.difference import MISSING, Difference
from rebel_tools.gate.shapes import fits_both

if TYPE_CHECKING:
    from rebel_tools.gate.compare import Comparison

_COUNTS = re.compile(r"(?:^|_|[a-z])(?:max|last|count|num|end|total|sentinel|size|limit|n)(?:_|$|[A-Z])", re.IGNORECASE)
"""Names of constants that count the others."""


def enums(comparison: Comparison, a: t.Enum, b: t.Enum) -> Iterator[Difference]:
    """Differences of representation and of constants, in the order of the expected side."""
    if not a.values or not b.values:  # only declared: in C++ the size is known, and nothing else
        if 0 not in (a.underlying.size, b.underlying.size) and a.underlying.size != b.underlying.size:
            yield from comparison.named("representation", a.underlying, b.underlying)
        if a.values:
            yield Difference("", "its constants", "only declared", unknown=True)
        return
    yield from _representation(comparison, a, b)
    before, after = dict(a.values), dict(b.values)
    for name, value in a.values:
        if name not in after:
            yield _gone(name, value, before, b)
        elif after[name] != value:
            rule = "count-changed" if _is_count(name, a) and _is_count(name, b) else "constant-changed"
            yield Difference(name, str(value), str(after[name]), rule)
    renamed = {other for name, value in a.values if name not in after for other in _same_value(value, before, b)}
    for name, value in b.values:
        if name not in before and name not in renamed:
            yield Difference(name, MISSING, str(value), "constant-added")


def _representation(comparison: Comparison, a: t.Enum, b: t.Enum) -> Iterator[Difference]:
    """Differences of the representing integers. A different sign matters only for values other than the constants."""
    found = comparison.named("representation", a.underlying, b.underlying)
    if a.underlying.size == b.underlying.size and all(fits_both(value, a.underlying) for _, value in a.values):
        found = (replace(difference, rule="sign-changed") for difference in found)
    yield from found


def _gone(name: str, value: int, before: dict[str, int], b: t.Enum) -> Difference:
    """A constant that was removed; if there is a new one with the same value, it was renamed."""
    others = _same_value(value, before, b)
    if others:
        return Difference(name, name, others[0], "constant-renamed")
    return Difference(name, str(value), MISSING, "constant-changed")


def _same_value(value: int, before: dict[str, int], b: t.Enum) -> list[str]:
    return [name for name, other in b.values if other == value and name not in before]


def _is_count(name: str, definition: t.Enum) -> bool:
    """Whether the constant has the highest value and a name for a count, so that it grows with the others."""
    values = dict(definition.values)
    return values[name] >= max(values.values()) and _COUNTS.search(name) is not None
