"""Two functions or two variables: what their declarations say, without the definitions that they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import describe
from rebel_tools.gate import qualifiers
from rebel_tools.gate.difference import MISSING, Difference

if TYPE_CHECKING:
    from rebel_tools.gate.compare import Comparison

Parameters = tuple[t.Parameter, ...]


def functions(comparison: Comparison, a: t.Function, b: t.Function) -> Iterator[Difference]:
    """Differences of result, arguments and calling convention."""
    yield from comparison.named("result", a.result, b.result, passed=True)
    yield from qualifiers.of_value("result", a.result, b.result, gained_is_harmless=False)
    if not a.varargs or a.parameters:  # C's `int f()` promises nothing about arguments
        yield from _arguments(comparison, a.parameters, b.parameters)
        if a.varargs != b.varargs:
            yield Difference("varargs", _varargs(a.varargs), _varargs(b.varargs))
    yield from conventions(comparison, a.convention, b.convention)


def conventions(comparison: Comparison, a: str | None, b: str | None) -> Iterator[Difference]:
    """Two calling conventions; None is the default of the platform where the side tells them, else it is not known."""
    before = a or ("the default" if comparison.expected.tells_conventions else None)
    after = b or ("the default" if comparison.found.tells_conventions else None)
    if b and not before:
        yield Difference("calling convention", MISSING, b, unknown=True)
    elif before and after and before != after:
        yield Difference("calling convention", before, after)


def _arguments(comparison: Comparison, wanted: Parameters, present: Parameters) -> Iterator[Difference]:
    for index in range(max(len(wanted), len(present))):
        a = wanted[index] if index < len(wanted) else None
        b = present[index] if index < len(present) else None
        name = (a and a.name) or (b and b.name)
        where = f"argument {index + 1}" + (f" ({name})" if name else "")
        if a is None or b is None:
            yield Difference(where, describe(a.type) if a else MISSING, describe(b.type) if b else MISSING)
        else:
            yield from comparison.named(where, a.type, b.type, passed=True)
            yield from qualifiers.of_value(where, a.type, b.type, gained_is_harmless=True)


def variables(comparison: Comparison, a: t.Variable, b: t.Variable) -> Iterator[Difference]:
    """Differences of type and alignment; more alignment than was promised is none."""
    yield from comparison.named("type", a.type, b.type, by_value=True)
    yield from qualifiers.of_data("type", a.type, b.type)
    wanted = max(comparison.values[0].alignment(a.type) or 1, a.alignment or 1)
    present = max(comparison.values[1].alignment(b.type) or 1, b.alignment or 1)
    if present < wanted and (a.alignment or b.alignment):
        yield Difference("alignment", f"{wanted} bytes", f"{present} bytes", "alignment-changed")


def _varargs(has: bool) -> str:
    return "..." if has else MISSING
