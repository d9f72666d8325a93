"""The enumerations of headers that no symbol uses: their constants are compiled into programs nevertheless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rebel_tools.abi import types as t
from rebel_tools.abi.reach import types_of, unreached
from rebel_tools.binary.dwarf_headers import is_header
from rebel_tools.gate.compare import Comparison
from rebel_tools.gate.compare_enums import enums
from rebel_tools.gate.compared import Pair
from rebel_tools.gate.difference import Difference


def of_headers(declared: t.Declarations, patterns: tuple[str, ...]) -> t.Declarations:
    """The declarations with the enumerations of these headers only; without patterns with all of them."""
    if not patterns:
        return declared
    ours = (enum for enum in declared.enumerations if enum.declared_at and is_header(enum.declared_at.path, patterns))
    return replace(declared, enumerations=tuple(ours))


def header_enums(
    old: t.Declarations, new: t.Declarations, met: Iterable[Pair], symbols: Iterable[str]
) -> tuple[t.Enum, ...]:
    """The enumerations of the old side that were not compared with symbols. met: the definitions that were; symbols:
    the symbols that use them.
    """
    if not old.enumerations and not new.enumerations:
        return ()
    known: dict[str, t.Function | t.Variable] = {**old.functions, **old.variables}
    kinds = [kind for name in symbols if name in known for kind in types_of(known[name])]
    kinds += [old.types[expected] for expected, _ in met if expected in old.types]
    return tuple(unreached(_all(old), kinds, {}))  # what only one side uses was not compared


def differences(comparison: Comparison, enum: t.Enum, new: t.Declarations) -> tuple[Difference, ...] | None:
    """The differences to the other side; None if that does not have the enumeration.

    A missing enumeration is not a difference: compilers leave out what a library does not use.
    """
    others = list(_counterparts(enum, _all(new)))
    found = (d for other in others for d in enums(comparison, enum, other) if not d.unknown)
    return tuple(dict.fromkeys(found)) if others else None


def _all(declared: t.Declarations) -> Iterator[t.Enum]:
    """All enumerations with constants; those that symbols use are in `types`."""
    yield from (enum for enum in declared.enumerations if enum.values)
    yield from (kind for kind in declared.types.values() if isinstance(kind, t.Enum) and kind.values)


def _counterparts(enum: t.Enum, others: Iterable[t.Enum]) -> Iterator[t.Enum]:
    """Of the enumerations with the same tag (or of all, if there is none) those with the most constants in common.

    Without a common constant, only one with the same tag in a file of the same name counts, because a library may use a
    tag more than once.
    """
    known = list(others)
    same_tag = [
        other for other in known if enum.name and enum.tagged and (other.name, other.tagged) == (enum.name, True)
    ]
    candidates = same_tag or known
    shared = [len({constant for constant, _ in other.values} & {c for c, _ in enum.values}) for other in candidates]
    most = max(shared, default=0)
    for other, count in zip(candidates, shared):
        if count == most and (count or (same_tag and _file(other) == _file(enum))):
            yield other


def _file(enum: t.Enum) -> str | None:
    return enum.declared_at.path.rpartition("/")[2] if enum.declared_at else None
