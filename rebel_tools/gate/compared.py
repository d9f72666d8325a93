"""The input and the results of comparisons: declarations of a side, pairs of definitions, differences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from rebel_tools.abi import types as t
from rebel_tools.abi.sizes import Definitions
from rebel_tools.gate.difference import Difference

Pair = tuple[str, str]
"""The keys of a definition on both sides; they differ if the type was renamed or got a tag."""


class Compared(NamedTuple):
    """The result of comparing two symbols or a pair of definitions. met: the pairs of definitions that they use."""

    differences: tuple[Difference, ...]
    met: frozenset[Pair]


@dataclass(frozen=True)
class Sources:
    """The parts of a side's `Declarations` that a comparison needs, with the same names. conflicts: by key."""

    types: Definitions
    conflicts: dict[str, list[t.Record | t.Enum]] = field(default_factory=dict)
    tells_atomic: bool = True
    tells_conventions: bool = False
    tells_noreturn: bool = False

    @classmethod
    def of(cls, declarations: t.Declarations) -> Sources:
        conflicts: dict[str, list[t.Record | t.Enum]] = {}
        for key, definition in declarations.conflicts:
            conflicts.setdefault(key, []).append(definition)
        tells = (declarations.tells_atomic, declarations.tells_conventions, declarations.tells_noreturn)
        return cls(declarations.types, conflicts, *tells)

    def all(self, key: str) -> list[t.Record | t.Enum]:
        """The definitions under a key, usually one."""
        first = self.types.get(key)
        return [] if first is None else [first, *self.conflicts.get(key, ())]
