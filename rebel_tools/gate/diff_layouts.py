"""Changes of the records and enumerations that the symbols of both versions use, with their levels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import peel
from rebel_tools.abi.standard_library import elements
from rebel_tools.gate.compare import Comparison
from rebel_tools.gate.compared import Pair
from rebel_tools.gate.diff_report import Change, change
from rebel_tools.gate.difference import Difference
from rebel_tools.gate.not_compared import Reason, remedy, what_of
from rebel_tools.gate.rules import BREAK, RISK

_HEADER = re.compile(r"\.(?:h|hh|hpp|hxx|h\+\+|inl|ipp|tpp|tcc)$|(?:^|/)[^./<>]+$", re.IGNORECASE)
"""Files that programs can include; those of the C++ standard library have no suffix."""
_CONSTRUCTOR = re.compile(r"C[1-5](?:I\w+)?E")
_INITIALIZER = re.compile(r"(?:^|_)init(?:iali[sz]e)?(?:_|$)")


class Layouts:
    """Compares the definitions that symbols use. met: the pairs that each symbol uses directly, by its name."""

    def __init__(self, comparison: Comparison, old: t.Declarations, met: Mapping[str, frozenset[Pair]]) -> None:
        self.comparison = comparison
        self.old = old
        self.met = met
        self.reached = comparison.reached({pair for pairs in met.values() for pair in pairs})
        self.handed_out = {key for function in old.functions.values() for key in _handed_out(function)}
        self.handed_out.update(key for data in old.variables.values() for key in _pointed_to(data.type))
        self.constructed = {key for name, function in old.functions.items() for key in _constructs(name, function)}
        self.contained = {f"struct {name}" for key in old.types for name in elements(key)}

    def changes(self) -> Iterator[Change]:
        """A change for each difference, with the symbols that use the type."""
        for pair, compared in sorted(self.reached.items()):
            told = [difference for difference in compared.differences if not difference.unknown]
            users = self.users(pair) if told else ()
            for d in told:
                where = (t.spelled(pair[0]), d.field, d.expected, d.found)
                place = self.old.types[pair[0]].declared_at
                level = self.level(pair, d)
                yield change(d.rule or "layout-changed", *where, level, None, place, users, is_type=True)

    def level(self, pair: Pair, difference: Difference) -> str:
        """The level of a difference, which may depend on what the library's functions do with the type."""
        if difference.rule == "passing-changed" and pair in self.comparison.passed:
            return BREAK
        if difference.rule == "field-appended" and not self.is_made_by_programs(pair):
            return RISK
        return difference.level

    def is_made_by_programs(self, pair: Pair) -> bool:
        """Whether programs allocate values of a type, as far as the library shows it.

        They do if a function takes or returns a value, if other types or containers contain values, if a constructor is
        exported, or if a function initializes a value. They also do if the definition is in a header and the library
        never returns a pointer to the type.
        """
        if pair in self.comparison.by_value or pair[0] in self.constructed or pair[0] in self.contained:
            return True
        place = self.old.types[pair[0]].declared_at
        is_visible = place is not None and _HEADER.search(place.path) is not None
        return is_visible and pair[0] not in self.handed_out

    def users(self, pair: Pair) -> tuple[str, ...]:
        """The symbols that use a definition, directly or indirectly."""
        leading = self.comparison.leading_to([pair])
        return tuple(name for name, met in self.met.items() if not leading.isdisjoint(met))

    def unknown(self) -> dict[str, Reason]:
        """The symbols that use a definition that is unknown on one side, with the reason."""
        found: dict[str, Reason] = {}
        for pair in sorted(self.reached):
            for difference in self.comparison.unknown(pair):
                name = t.spelled(pair[0])
                reason = Reason(f"{what_of(name, difference)} is not known on both sides", remedy(name, difference))
                for user in self.users(pair):
                    found.setdefault(user, reason)
        return found


def _handed_out(function: t.Function) -> Iterator[str]:
    """The keys of records to which a function returns pointers: as its result, or through a pointer to a pointer."""
    yield from _pointed_to(function.result)
    for parameter in function.parameters:
        outer = peel(parameter.type)
        if isinstance(outer, t.Pointer):
            yield from _pointed_to(outer.target)


def _pointed_to(kind: t.Type) -> Iterator[str]:
    pointer = peel(kind)
    if isinstance(pointer, t.Pointer):
        yield from _key(pointer.target)


def _constructs(name: str, function: t.Function) -> Iterator[str]:
    """The key of the record that a constructor, or a function called `..._init`, initializes in place."""
    first = function.parameters[0] if function.parameters else None
    pattern = _CONSTRUCTOR if first is not None and first.name == "this" else _INITIALIZER
    if first is not None and pattern.search(name):
        yield from _pointed_to(first.type)


def _key(kind: t.Type) -> Iterator[str]:
    kind = peel(kind)
    if isinstance(kind, t.Ref):
        yield kind.key
