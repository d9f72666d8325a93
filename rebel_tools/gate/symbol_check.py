"""Checks single symbols of an interface against a library: export, kind and prototype."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Union

from rebel_tools.abi.sizes import Definitions, argument_bytes, size_of
from rebel_tools.abi.types import Declarations, Function, Variable
from rebel_tools.binary.model import Export, undecorate
from rebel_tools.errors import Place
from rebel_tools.gate.compare import Comparison
from rebel_tools.gate.compared import Compared, Pair
from rebel_tools.gate.difference import Difference
from rebel_tools.gate.not_compared import CHOSEN_AT_LOAD, Reason, part_unknown
from rebel_tools.gate.report import Finding
from rebel_tools.gate.rules import BREAK

if TYPE_CHECKING:
    from rebel_tools.gate.verify import LibraryFacts

Symbol = Union[Function, Variable]
PROMISED = ("field-appended", "flexible-array", "count-changed", "void-pointer")
"""Differences that always break programs here, because the interface promises that there are none."""
SILENT = ("constant-added", "virtual-pure")
"""Differences that an interface allows, or in which compilers describe the same thing differently."""


@dataclass
class Verdict:
    """The result for one symbol.

    proved: levels of evidence, in order; contradicted: whether a finding says that it differs from its declaration.
    unchecked: why not more was proved, if something could not be compared.
    met: the definitions that its declaration uses directly.
    """

    proved: list[str] = field(default_factory=list)
    contradicted: bool = False
    unchecked: Reason | None = None
    met: frozenset[Pair] = frozenset()

    def stop(self, reason: Reason) -> None:
        """Record the reason why nothing more can be proved; only the first one is kept."""
        self.unchecked = self.unchecked or reason


def promised(difference: Difference) -> str:
    """The level of a difference from an interface."""
    return BREAK if difference.rule in PROMISED else difference.level


def gate_rule(level: str, breaking: str) -> str:
    """The rule of a finding with this level: `breaking` if it breaks programs, otherwise that of differences."""
    return breaking if level == BREAK else "difference"


class SymbolCheck:
    """Checks one symbol after the other, and collects findings."""

    def __init__(self, definitions: Definitions, library: LibraryFacts, comparison: Comparison) -> None:
        self.definitions = definitions
        self.library = library
        self.debug = library.debug or Declarations()
        self.undescribed = library.undescribed
        self.comparison = comparison
        self.findings: list[Finding] = []

    def verdict(self, symbol: Symbol) -> Verdict:
        """What is proved about a symbol up to its prototype."""
        verdict = Verdict()
        export = self.library.table.find(symbol.name)
        if export is None:
            self.missing(symbol, verdict)
            return verdict
        verdict.proved.append("name")
        self.kind(symbol, export, verdict)
        self.types(symbol, verdict)
        return verdict

    def missing(self, symbol: Symbol, verdict: Verdict) -> None:
        expected = "an exported function" if isinstance(symbol, Function) else "exported data"
        defined = self.debug.functions.get(symbol.name) or self.debug.variables.get(symbol.name)
        if defined is None:
            self.report(verdict, "missing-symbol", symbol, "", expected, "no such export")
        else:
            hint = "hidden visibility, a version script, a .def file or a missing definition keeps it inside"
            found = f"it in its debug information{_at(defined.declared_at)}, but does not export it"
            self.report(verdict, "hidden-symbol", symbol, "", expected, found, hint)

    def kind(self, symbol: Symbol, export: Export, verdict: Verdict) -> None:
        found = "function" if export.kind == "ifunc" else export.kind
        expected = _expected_kind(symbol, found)
        if found == "unknown":
            return verdict.stop(Reason("the library does not say whether they are code or data"))
        if found != expected:
            words = {"function": "a function", "object": "data", "tls": "thread-local data"}
            return self.report(verdict, "wrong-kind", symbol, "", words[expected], words[found])
        if isinstance(symbol, Function):
            self.decoration(symbol, export, verdict)
        else:
            self.data(symbol, export, verdict)
        if not verdict.contradicted:
            verdict.proved.append("kind")

    def data(self, symbol: Variable, export: Export, verdict: Verdict) -> None:
        """The size of data, and whether data that programs may write is in writable memory."""
        expected = size_of(symbol.type, self.definitions)
        if None not in (expected, export.size) and export.size != expected:
            self.report(verdict, "wrong-size", symbol, "size", f"{expected} bytes", f"{export.size} bytes")
        if symbol.writable and self.library.table.is_writable(export) is False:
            self.report(verdict, "wrong-memory", symbol, "memory", "data that can be written", "it in read-only memory")

    def decoration(self, symbol: Function, export: Export, verdict: Verdict) -> None:
        """The decoration of a name on 32-bit Windows (`@8`): the calling convention and the bytes of the arguments."""
        found = undecorate(export.name)
        if not self.library.table.is_decorated or found.convention is None:
            return
        if found.convention != symbol.convention:
            expected = symbol.convention or "cdecl"
            self.report(verdict, "wrong-prototype", symbol, "calling convention", expected, found.convention)
            return
        expected_bytes = argument_bytes(symbol, self.definitions)
        if expected_bytes is not None and expected_bytes != found.argument_bytes:
            wrong = f"{found.argument_bytes} bytes ({export.name})"
            self.report(verdict, "wrong-prototype", symbol, "arguments", f"{expected_bytes} bytes", wrong)

    def types(self, symbol: Symbol, verdict: Verdict) -> None:
        """The prototype, as far as the debug information goes."""
        if self.library.debug is None:
            return verdict.stop(self.library.no_debug)
        compared = self.compare(symbol)
        if compared is None:
            export = self.library.table.find(symbol.name)
            is_ifunc = export is not None and export.kind == "ifunc"
            return verdict.stop(CHOSEN_AT_LOAD if is_ifunc else self.undescribed)
        verdict.met = compared.met
        rule = "wrong-prototype" if isinstance(symbol, Function) else "wrong-type"
        for difference in compared.differences:
            if difference.unknown:
                verdict.stop(part_unknown(symbol.name, difference))
            elif difference.rule not in SILENT:
                level = promised(difference)
                where = (difference.field, difference.expected, difference.found)
                self.report(verdict, gate_rule(level, rule), symbol, *where, level=level)
        if "kind" in verdict.proved and not verdict.contradicted and verdict.unchecked is None:
            verdict.proved.append("prototype")

    def compare(self, symbol: Symbol) -> Compared | None:
        """Compare the declaration with the debug information; None if that does not have the symbol."""
        if isinstance(symbol, Function):
            function = self.debug.functions.get(symbol.name)
            return None if function is None else self.comparison.function(symbol, function)
        variable = self.debug.variables.get(symbol.name)
        return None if variable is None else self.comparison.variable(symbol, variable)

    def report(
        self,
        verdict: Verdict,
        rule: str,
        symbol: Symbol,
        where: str,
        expected: str,
        found: str,
        hint: str | None = None,
        level: str = BREAK,
    ) -> None:
        verdict.contradicted = verdict.contradicted or level == BREAK
        place, display = symbol.declared_at, symbol.display
        self.findings.append(Finding(rule, symbol.name, where, expected, found, place, (), hint, display, level))


def _expected_kind(symbol: Symbol, found: str) -> str:
    if isinstance(symbol, Function):
        return "function"
    if symbol.tls is None and found == "tls":
        return "tls"
    return "tls" if symbol.tls else "object"


def _at(place: Place | None) -> str:
    return f" at {place}" if place else ""
