"""The enumerations of headers that no symbol leads to: programs are compiled with their constants all the same."""

from __future__ import annotations

from collections.abc import Iterator

from rebel_tools.abi import types as t
from rebel_tools.gate.compare import Comparison
from rebel_tools.gate.compare_enums import enums
from rebel_tools.gate.diff_report import Change, change


def header_enums(comparison: Comparison, old: t.Declarations, new: t.Declarations, told: set[str]) -> Iterator[Change]:
    """What changed of those that both sides have; `told` are the keys of those that were compared already.

    Compilers leave out what a library does not use, so that one which a side lacks says nothing.
    """
    compared = {old.types[key] for key in told if key in old.types}
    for enum in old.enumerations:
        other = _counterpart(enum, new.enumerations)
        if other is not None and not any(_is_same(enum, known) for known in compared):
            name = f"enum {enum.name}" if enum.name else f"enum of {enum.values[0][0]}"
            for d in enums(comparison, enum, other):
                where = (name, d.field, d.expected, d.found)
                yield change(
                    d.rule or "layout-changed", *where, level=d.level, declared_at=enum.declared_at, is_type=True
                )


def _is_same(enum: t.Enum, known: t.Record | t.Enum) -> bool:
    return isinstance(known, t.Enum) and known.values == enum.values and known.declared_at == enum.declared_at


def _counterpart(enum: t.Enum, others: tuple[t.Enum, ...]) -> t.Enum | None:
    """The one of the same name; of those without a name the one that has most constants in common."""
    alike = [other for other in others if other.name == enum.name]
    shared = [(len({name for name, _ in other.values} & {name for name, _ in enum.values}), other) for other in alike]
    best = max(shared, key=lambda pair: pair[0], default=(0, None))
    return best[1] if enum.name or best[0] else None
