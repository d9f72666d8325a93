"""Compares the virtual functions of two classes: which function is in which slot of the virtual table.

Source: Itanium C++ ABI, section 2.5. Only what a class declares itself is compared; its bases are pairs of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rebel_tools.abi import types as t
from rebel_tools.abi.sizes import Definitions
from rebel_tools.gate.compare_symbols import functions
from rebel_tools.gate.difference import MISSING, Difference
from rebel_tools.gate.rules import NOTE

if TYPE_CHECKING:
    from rebel_tools.gate.compare import Comparison

BASES = ("base", "virtual base")


def virtuals(comparison: Comparison, a: t.Record, b: t.Record) -> Iterator[Difference]:
    """Differences of the virtual functions that the classes themselves declare."""
    inherited = _inherited(a, comparison.expected.types) | _inherited(b, comparison.found.types)
    before, after = _by_name(a, inherited), _by_name(b, inherited)
    for name, virtual in before.items():
        other = after.get(name)
        if other is None:
            rule = "override-changed" if virtual.name in inherited else "virtual-removed"
            yield Difference(f"virtual {virtual.name}", _slot(virtual), MISSING, rule)
        elif None not in (virtual.slot, other.slot) and virtual.slot != other.slot:
            yield Difference(f"virtual {virtual.name}", _slot(virtual), _slot(other), "virtual-moved")
        elif virtual.pure != other.pure:
            level = None if other.pure else NOTE
            yield Difference(f"virtual {virtual.name}", _pure(virtual), _pure(other), "virtual-pure", own_level=level)
        if other is not None:
            yield from _prototypes(comparison, virtual, other)
    for name, virtual in after.items():
        if name not in before:
            rule = "override-changed" if virtual.name in inherited else "virtual-added"
            yield Difference(f"virtual {virtual.name}", MISSING, _slot(virtual), rule)


def _prototypes(comparison: Comparison, a: t.Virtual, b: t.Virtual) -> Iterator[Difference]:
    """Results, of which mangled names say nothing, and the definitions that arguments lead to."""
    if a.type and b.type:
        for difference in functions(comparison, _as_function(a, a.type), _as_function(b, b.type)):
            where = f"virtual {a.name}, {difference.field}"
            yield replace(difference, field=where, rule=difference.rule or "prototype-changed")


def _as_function(virtual: t.Virtual, kind: t.FunctionType) -> t.Function:
    parameters = tuple(t.Parameter(None, parameter) for parameter in kind.parameters)
    return t.Function(virtual.name, kind.result, parameters, kind.varargs, kind.convention)


def _inherited(record: t.Record, definitions: Definitions) -> set[str]:
    """The names of the virtual functions of all base classes; `~` for a virtual destructor."""
    names: set[str] = set()
    seen: set[str] = set()
    work = [record]
    while work:
        for field in work.pop().fields:
            key = field.type.key if field.kind in BASES and isinstance(field.type, t.Ref) else ""
            base = definitions.get(key)
            if isinstance(base, t.Record) and key not in seen:
                seen.add(key)
                names.update("~" if v.name.startswith("~") else v.name for v in base.virtuals)
                work.append(base)
    return names


def _by_name(record: t.Record, inherited: set[str]) -> dict[str, t.Virtual]:
    """Virtual functions by symbol, without destructors that override one: Clang does not describe implicit ones."""
    return {
        virtual.symbol or virtual.name: virtual
        for virtual in record.virtuals
        if not (virtual.name.startswith("~") and "~" in inherited)
    }


def _slot(virtual: t.Virtual) -> str:
    return "a virtual function" if virtual.slot is None else f"slot {virtual.slot} of the virtual table"


def _pure(virtual: t.Virtual) -> str:
    return "pure" if virtual.pure else "not pure"
