"""Compares an interface with a library: a pure function of both, which returns a `Report`.

Everything that can be read is compared, whatever evidence is required; what is required and cannot be read is a
finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rebel_tools.abi.types import Declarations, Function
from rebel_tools.binary.model import ExportTable, undecorate
from rebel_tools.gate import evidence as ev
from rebel_tools.gate.compare import Comparison
from rebel_tools.gate.constants_check import ConstantsCheck
from rebel_tools.gate.header_enums import of_headers
from rebel_tools.gate.layout_check import LayoutCheck
from rebel_tools.gate.not_compared import Reason, grouped
from rebel_tools.gate.report import Finding, Report, SymbolEvidence
from rebel_tools.gate.symbol_check import Symbol, SymbolCheck, Verdict
from rebel_tools.interface.model import Interface
from rebel_tools.interface.names import LINKER_MADE, matches

WHAT = {"name": "names", "kind": "kinds", "prototype": "prototypes", "layout": "layouts", "contents": "contents"}
"""The object of a level of evidence, for messages."""


@dataclass(frozen=True)
class Policy:
    """What a user requires of a check.

    required: levels of evidence, with all that they include (`evidence.required`).
    complete: whether any export that is not in the interface is a finding.
    allow: patterns of exports that are allowed besides the interface (with `complete`).
    forbid: patterns of exports that must not exist.
    headers: patterns of headers whose enumerations count even if no symbol uses them; without patterns, all count.
    """

    required: tuple[str, ...] = ("name", "kind")
    complete: bool = False
    allow: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class LibraryFacts:
    """What was read of a library.

    debug: what its DWARF says about the symbols of the interface; None, with the reason in `no_debug`, if there is
    none.
    is_unreadable: whether there is debug information that could not be read.
    undescribed: the reason why a symbol is not in `debug`.
    digest: the text in the digest object of the interface; None if there is none.
    """

    table: ExportTable
    debug: Declarations | None = None
    no_debug: Reason = Reason("the library has no debug information", "compile with -g")
    digest: str | None = None
    is_unreadable: bool = False
    undescribed: Reason = Reason("the debug information does not describe them", "compile all of it with -g")


def verify(interface: Interface, library: LibraryFacts, policy: Policy = Policy(), name: str = "interface") -> Report:
    """Compare every symbol of the interface, which is called `name` in the report."""
    return _Check(interface, library, policy, name).run()


class _Check:
    def __init__(self, interface: Interface, library: LibraryFacts, policy: Policy, name: str) -> None:
        self.interface = interface
        self.library = library
        self.policy = policy
        self.name = name

    def run(self) -> Report:
        whole = [*self.target(), *self.contradictions(), *self.unreadable(), *self.digest()]
        verdicts, findings, left_out = self.symbols()
        evidence = tuple(self.evidence(symbol, verdicts[symbol.name]) for symbol in self.interface.symbols.values())
        lacking = self.lacking(verdicts)
        findings = [*whole, *findings, *self.exceptions(), *self.unexpected(), *lacking]
        unchecked = [(name, verdict.unchecked) for name, verdict in verdicts.items() if verdict.unchecked] + left_out
        table, digest = self.library.table, self.interface.digest
        required = self.policy.required
        return Report(self.name, digest, table.path, required, evidence, tuple(findings), grouped(unchecked))

    def symbols(self) -> tuple[dict[str, Verdict], list[Finding], list[tuple[str, Reason]]]:
        """The result for each symbol, findings, and the enumerations that could not be compared."""
        debug = self.library.debug or Declarations()
        comparison = Comparison(self.interface.declarations, debug, self.interface.language not in ("c", "c++"))
        check = SymbolCheck(self.interface.declarations.types, self.library, comparison)
        verdicts = {symbol.name: check.verdict(symbol) for symbol in self.interface.symbols.values()}
        layouts = LayoutCheck(comparison, self.interface.declarations.types, verdicts)
        layouts.prove()
        findings = [*check.findings, *layouts.findings()]
        if self.library.debug is None:
            return verdicts, findings, []
        promised = of_headers(self.interface.declarations, self.policy.headers)
        constants = ConstantsCheck(comparison, promised, debug, layouts.reached)
        return verdicts, [*findings, *constants.findings()], list(constants.left_out())

    def evidence(self, symbol: Symbol, verdict: Verdict) -> SymbolEvidence:
        proved = tuple(verdict.proved)
        if "name" in proved and self.library.digest == self.interface.digest:
            proved += (ev.CONTENTS,)
        kind = "function" if isinstance(symbol, Function) else "object"
        return SymbolEvidence(symbol.name, kind, proved, verdict.unchecked and verdict.unchecked.text)

    # the library as a whole

    def target(self) -> Iterator[Finding]:
        target, table = self.interface.target, self.library.table
        pairs = (
            ("machine", target.machine, table.machine),
            ("pointer size", f"{target.pointer_size} bytes", f"{table.bits // 8} bytes"),
            ("byte order", target.byteorder, table.byteorder),
            ("format", "PE" if target.os == "windows" else "ELF", table.format),
        )
        for field_name, expected, found in pairs:
            if expected != found:
                yield Finding("target", "", field_name, expected, found)

    def contradictions(self) -> Iterator[Finding]:
        for finding in self.library.table.findings:
            yield Finding("inconsistent-library", "", finding.rule, "a consistent file", finding.message)

    def unreadable(self) -> Iterator[Finding]:
        """A finding for debug information that exists and cannot be read, which is not the same as none."""
        if self.library.is_unreadable:
            reason = self.library.no_debug
            hint = reason.remedy or None
            yield Finding("unreadable-debug-info", "", "", "types", reason.text, hint=hint, text=reason.text)

    def digest(self) -> Iterator[Finding]:
        """Findings about the digest object, which ties the library to the interface."""
        symbol, found = self.interface.digest_symbol, self.library.digest
        if symbol is not None and found is not None and found != self.interface.digest:
            hint = "build the library again from this interface"
            yield Finding("wrong-digest", symbol, "", self.interface.digest, found, hint=hint)
        if found is None and ev.CONTENTS in self.policy.required:
            reason = "the interface names no digest object" if symbol is None else f"{symbol} cannot be read"
            text = f"{reason}, so contents cannot be checked"
            where = (symbol or "", ev.CONTENTS, self.interface.digest, reason)
            yield Finding("not-checked", *where, text=text)

    def unexpected(self) -> Iterator[Finding]:
        if not self.policy.complete and not self.policy.forbid:
            return
        known = set(self.interface.symbols) | {self.interface.digest_symbol}
        known |= {e.symbol for e in self.interface.exceptions.values()}
        for export in self.library.table.exports:
            plain = undecorate(export.name).name if self.library.table.is_decorated else export.name
            forbidden = matches(export.name, self.policy.forbid)
            if forbidden or (self.policy.complete and plain not in known and not self.may_be_there(export.name)):
                yield Finding("unexpected-symbol", export.name, "", "nothing", f"an exported {export.kind}")

    def may_be_there(self, name: str) -> bool:
        return name in LINKER_MADE or matches(name, self.policy.allow)

    def exceptions(self) -> Iterator[Finding]:
        """Findings about exceptions: their type information has to be exported data."""
        for exception in self.interface.exceptions.values():
            if exception.symbol and self.library.table.find(exception.symbol) is None:
                expected = f"data {exception.symbol} for exception {exception.name}"
                yield Finding("missing-symbol", exception.symbol, "", expected, "no such export")

    def lacking(self, verdicts: dict[str, Verdict]) -> Iterator[Finding]:
        """A finding for each missing level and reason, because thousands of symbols can lack the same."""
        groups: dict[tuple[str, Reason], list[str]] = {}
        for name, verdict in verdicts.items():
            level = next((level for level in self.policy.required if level not in verdict.proved), ev.CONTENTS)
            if level != ev.CONTENTS and not verdict.contradicted:
                reason = verdict.unchecked or Reason("they could not be compared")
                groups.setdefault((level, reason), []).append(name)
        for (level, reason), names in groups.items():
            count = f"{len(names)} symbol{'' if len(names) == 1 else 's'}"
            remedy = f"; {reason.remedy}" if reason.remedy else ""
            text = f"{reason.text}, so {WHAT[level]} cannot be checked{remedy} ({count})"
            yield Finding("not-checked", "", level, f"evidence '{level}'", reason.text, used_by=tuple(names), text=text)
