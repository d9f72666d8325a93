"""Compares the records and enumerations of an interface with those of a library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rebel_tools.abi import types as t
from rebel_tools.abi.sizes import Definitions
from rebel_tools.gate.compare import Comparison
from rebel_tools.gate.compared import Pair
from rebel_tools.gate.difference import Difference
from rebel_tools.gate.not_compared import Reason, remedy, what_of
from rebel_tools.gate.report import Finding
from rebel_tools.gate.rules import BREAK
from rebel_tools.gate.symbol_check import SILENT, Verdict, gate_rule, promised


class LayoutCheck:
    """Compares all definitions that the symbols use, each once."""

    def __init__(self, comparison: Comparison, definitions: Definitions, verdicts: Mapping[str, Verdict]) -> None:
        self.comparison = comparison
        self.definitions = definitions
        self.verdicts = verdicts
        self.reached = comparison.reached({pair for verdict in verdicts.values() for pair in verdict.met})

    def prove(self) -> None:
        """Add the level `layout` to symbols whose prototypes are proved and whose definitions are all as declared."""
        wrong = self.comparison.leading_to(pair for pair in self.reached if any(self.breaking(pair)))
        unknown = {pair: reason for pair in self.reached for reason in self.unknown(pair)}
        open_ends = self.comparison.leading_to(unknown)
        for verdict in self.verdicts.values():
            if "prototype" not in verdict.proved:
                continue
            if not wrong.isdisjoint(verdict.met):
                verdict.contradicted = True
            elif open_ends.isdisjoint(verdict.met):
                verdict.proved.append("layout")
            else:
                reached = self.comparison.reached(verdict.met)
                verdict.stop(next(reason for pair, reason in sorted(unknown.items()) if pair in reached))

    def level(self, pair: Pair, difference: Difference) -> str:
        """The level of a difference from a definition in the interface."""
        passed = difference.rule == "passing-changed" and pair in self.comparison.passed
        return BREAK if passed else promised(difference)

    def breaking(self, pair: Pair) -> Iterator[Difference]:
        """The differences of a pair that break programs."""
        for difference in self.reached[pair].differences:
            if not difference.unknown and self.level(pair, difference) == BREAK:
                yield difference

    def unknown(self, pair: Pair) -> Iterator[Reason]:
        """Why a pair could not be compared."""
        name = t.spelled(pair[0])
        for difference in self.comparison.unknown(pair):
            yield Reason(f"the debug information does not have {what_of(name, difference)}", remedy(name, difference))

    def findings(self) -> Iterator[Finding]:
        """A finding for each difference, with the symbols that use the type."""
        for pair, compared in sorted(self.reached.items()):
            reported = [d for d in compared.differences if not d.unknown and d.rule not in SILENT]
            users = self.users(pair) if reported else ()
            for d in reported:
                level, place = self.level(pair, d), self.definitions[pair[0]].declared_at
                rule = gate_rule(level, "wrong-layout")
                where = (t.spelled(pair[0]), d.field, d.expected, d.found)
                yield Finding(rule, *where, place, users, level=level, is_type=True)

    def users(self, pair: Pair) -> tuple[str, ...]:
        """The symbols that use a definition, directly or indirectly."""
        leading = self.comparison.leading_to([pair])
        return tuple(name for name, verdict in self.verdicts.items() if not leading.isdisjoint(verdict.met))
