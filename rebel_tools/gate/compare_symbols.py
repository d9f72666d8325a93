"""Compares the declarations of two functions or two variables, without the definitions of types that they use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rebel_tools.abi import types as t
from rebel_tools.abi.sizes import Definitions, size_of
from rebel_tools.abi.spell import describe, peel
from rebel_tools.abi.values import asked_for
from rebel_tools.gate import qualifiers
from rebel_tools.gate.difference import MISSING, Difference, difference_at
from rebel_tools.gate.rules import RISK
from rebel_tools.gate.sameness import Sameness
from rebel_tools.gate.shapes import bare

if TYPE_CHECKING:
    from rebel_tools.gate.compare import Comparison

Parameters = tuple[t.Parameter, ...]
MAX_BASES = 100
"""The depth to which base classes are followed; it is reached only in damaged files."""


def functions(comparison: Comparison, a: t.Function, b: t.Function) -> Iterator[Difference]:
    """Differences of result, arguments and calling convention."""
    yield from _result(comparison, a.result, b.result)
    yield from qualifiers.of_value("result", a.result, b.result, gained_is_harmless=False)
    if _lacks_arguments(a, b):
        yield Difference("the number of arguments", MISSING, MISSING, unknown=True)
    elif not a.varargs or a.parameters:  # C's `int f()` says nothing about arguments
        yield from _arguments(comparison, a.parameters, b.parameters)
        if a.varargs != b.varargs:
            yield Difference("varargs", _varargs(a.varargs), _varargs(b.varargs))
    yield from conventions(comparison, a.convention, b.convention)
    yield from _returning(comparison, a.noreturn, b.noreturn)
    if a.explicit != b.explicit:
        yield Difference("conversion", _explicit(a), _explicit(b), "explicit-changed")


def _lacks_arguments(a: t.Function, b: t.Function) -> bool:
    """Whether the debug information of a side lacks arguments: functions with one name of C++ have as many.

    Clang without optimization leaves out some that are not used. Names do not say whether there is a `this`.
    """
    is_mangled = a.name.startswith("_Z") and a.name.partition("@")[0] == b.name.partition("@")[0]
    return is_mangled and len(_named(a)) != len(_named(b))


def _named(function: t.Function) -> Parameters:
    """The arguments that are a part of the function's mangled name."""
    first = bare(function.parameters[0].type) if function.parameters else None
    target = bare(first.target) if isinstance(first, t.Pointer) else None
    scope = (function.display or "").rpartition("::")[0]
    is_member = isinstance(target, t.Ref) and target.key.partition(" ")[2] == scope
    return function.parameters[1:] if is_member else function.parameters


def _returning(comparison: Comparison, a: bool, b: bool) -> Iterator[Difference]:
    """Whether the functions may return: compilers generate no code after a call of one that never does."""
    if a and not b and comparison.found.tells_noreturn:
        yield Difference("return", "ruled out", "possible", "noreturn-removed")
    elif b and not a and comparison.expected.tells_noreturn:
        yield Difference("return", "possible", "ruled out", "noreturn-added")


def _result(comparison: Comparison, a: t.Type, b: t.Type) -> Iterator[Difference]:
    found = list(comparison.named("result", a, b, passed=True))
    if any(d.breaks for d in found) and _is_derived(a, b, comparison.found.types):
        found = [difference_at("result", a, b, "result-derived")]
    yield from found


def _is_derived(a: t.Type, b: t.Type, definitions: Definitions) -> bool:
    """Whether both are pointers, the second one to a class that begins with the class of the first."""
    x, y = bare(a), bare(b)
    if not isinstance(x, t.Pointer) or not isinstance(y, t.Pointer) or x.size != y.size:
        return False
    wanted, kind, seen = bare(x.target), bare(y.target), 0
    while isinstance(kind, t.Ref) and kind != wanted and seen < MAX_BASES:
        record, seen = definitions.get(kind.key), seen + 1
        fields = record.fields if isinstance(record, t.Record) else ()
        kind = next((bare(f.type) for f in fields if f.kind == "base" and f.offset == 0), t.Void())
    return isinstance(wanted, t.Ref) and kind == wanted


def conventions(comparison: Comparison, a: str | None, b: str | None) -> Iterator[Difference]:
    """Differences of calling conventions. None is the platform's default if `tells_conventions`, otherwise unknown."""
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
            yield from _argument(comparison, where, a.type, b.type)
            yield from qualifiers.of_value(where, a.type, b.type, gained_is_harmless=True)
            yield from _alignment_behind(comparison, where, a.type, b.type)


def _alignment_behind(comparison: Comparison, where: str, a: t.Type, b: t.Type) -> Iterator[Difference]:
    """A stricter alignment by a typedef, of the type that an argument points to; records are compared separately."""
    x, y = peel(a), peel(b)
    if not isinstance(x, t.Pointer) or not isinstance(y, t.Pointer) or asked_for(x.target) >= asked_for(y.target):
        return
    before, after = comparison.values[0].alignment(x.target), comparison.values[1].alignment(y.target)
    if before and after and before < after:
        what = f"{where}, alignment of what it points to"
        yield Difference(what, f"{before} bytes", f"{after} bytes", "alignment-changed", own_level=RISK)


def _argument(comparison: Comparison, where: str, a: t.Type, b: t.Type) -> Iterator[Difference]:
    found = list(comparison.named(where, a, b, passed=True))
    if any(d.breaks for d in found) and _may_be_union_of(comparison, a, b):
        found = [difference_at(where, a, b, unknown=True)]
    elif any(d.breaks for d in found) and _is_union_of(comparison, a, b):
        found = [difference_at(where, a, b, "union-argument")]
    yield from found


def _may_be_union_of(comparison: Comparison, a: t.Type, b: t.Type) -> bool:
    """Whether one is a union as large as the other one whose members are not told."""
    sides = (a, comparison.expected.types), (b, comparison.found.types)
    sizes = {size_of(kind, definitions) for kind, definitions in sides}
    members = [member for kind, definitions in sides for member in _members(kind, definitions)]
    return len(sizes) == 1 and None not in sizes and any(isinstance(member.type, t.Unknown) for member in members)


def _is_union_of(comparison: Comparison, a: t.Type, b: t.Type) -> bool:
    """Whether one type is a union whose members all have its size, and the other one is one of these members."""
    old, new = comparison.expected.types, comparison.found.types
    before = any(comparison.same(member, b) == Sameness.SAME for member in _alternatives(a, old))
    return before or any(comparison.same(a, member) == Sameness.SAME for member in _alternatives(b, new))


def _alternatives(kind: t.Type, definitions: Definitions) -> list[t.Type]:
    """The types of the members of a union if all of them have its size; an empty list for other types."""
    types = [field.type for field in _members(kind, definitions)]
    return types if all(size_of(one, definitions) == size_of(kind, definitions) for one in types) else []


def _members(kind: t.Type, definitions: Definitions) -> tuple[t.Field, ...]:
    """The members of a union; an empty tuple for other types."""
    kind = bare(kind)
    record = definitions.get(kind.key) if isinstance(kind, t.Ref) else kind
    return record.fields if isinstance(record, t.Record) and record.kind == "union" else ()


def variables(comparison: Comparison, a: t.Variable, b: t.Variable) -> Iterator[Difference]:
    """Differences of type and alignment; a stricter alignment than expected is not a difference."""
    yield from comparison.named("type", a.type, b.type, by_value=True)
    yield from qualifiers.of_data("type", a.type, b.type)
    if t.UNTOLD in (a.alignment, b.alignment):
        yield Difference("alignment", MISSING, MISSING, unknown=True)
        return
    wanted = max(comparison.values[0].alignment(a.type) or 1, a.alignment or 1)
    present = max(comparison.values[1].alignment(b.type) or 1, b.alignment or 1)
    if present < wanted and (a.alignment or b.alignment):
        yield Difference("alignment", f"{wanted} bytes", f"{present} bytes", "alignment-changed")


def _explicit(function: t.Function) -> str:
    return "explicit" if function.explicit else "implicit"


def _varargs(has: bool) -> str:
    return "..." if has else MISSING
