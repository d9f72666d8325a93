"""An interface against what a library exports: a pure function from both to a `Report`.

What can be read is compared, whatever evidence is required; what is required and could not be read is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Union

from rebel_tools.abi.reach import reached, types_of
from rebel_tools.abi.sizes import argument_bytes, size_of
from rebel_tools.abi.types import Declarations, Function, Variable
from rebel_tools.binary.model import Export, ExportTable, undecorate
from rebel_tools.errors import Place
from rebel_tools.gate import evidence as ev
from rebel_tools.gate.compare import Comparison, Difference
from rebel_tools.gate.not_compared import Reason, grouped
from rebel_tools.gate.report import Finding, Report, SymbolEvidence
from rebel_tools.interface.model import Interface
from rebel_tools.interface.names import LINKER_MADE, matches

Symbol = Union[Function, Variable]
WHAT = {"name": "names", "kind": "kinds", "prototype": "prototypes", "layout": "layouts", "contents": "contents"}
"""What a level of evidence proves, in a sentence."""


@dataclass(frozen=True)
class Policy:
    """What a user asks of a check.

    required: evidence levels, closed downwards (`evidence.required`).
    complete: the interface is the complete list; any further export is a finding.
    allow: patterns of exports that are fine beside the interface (with `complete`).
    forbid: patterns of exports that must not be there.
    """

    required: tuple[str, ...] = ("name", "kind")
    complete: bool = False
    allow: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()


@dataclass(frozen=True)
class LibraryFacts:
    """What is known about a library.

    debug: what its DWARF says about the interface's names, or None with the reason in `no_debug`.
    digest: the text in the interface's digest object, or None when it could not be read.
    """

    table: ExportTable
    debug: Declarations | None = None
    no_debug: Reason = Reason("the library has no debug information", "compile with -g")
    digest: str | None = None


@dataclass
class _Verdict:
    """The levels of one symbol while they are collected."""

    proved: list[str] = field(default_factory=list)
    unchecked: Reason | None = None

    def stop(self, reason: Reason | str) -> None:
        self.unchecked = self.unchecked or (Reason(reason) if isinstance(reason, str) else reason)


def verify(interface: Interface, library: LibraryFacts, policy: Policy = Policy(), name: str = "interface") -> Report:
    """Compare every symbol of the interface; `name` is what the report calls the interface."""
    return _Check(interface, library, policy, name).run()


class _Check:
    def __init__(self, interface: Interface, library: LibraryFacts, policy: Policy, name: str) -> None:
        self.interface = interface
        self.library = library
        self.policy = policy
        self.name = name
        self.findings: list[Finding] = []
        self.debug = library.debug or Declarations()
        self.void_is_any = interface.language not in ("c", "c++")
        self.comparison = Comparison(interface.declarations.types, self.debug.types, self.void_is_any)
        self.layouts: dict[str, bool | None] = {}  # by key: True, False or None for unknown
        self.users: dict[str, list[str]] = {}
        self.unchecked: dict[str, Reason] = {}
        self.lacking: dict[tuple[str, Reason], list[str]] = {}  # symbols by the required level and why it is missing

    def run(self) -> Report:
        self.findings += self.target()
        for finding in self.library.table.findings:
            self.findings.append(
                Finding("inconsistent-library", "", finding.rule, "a consistent file", finding.message)
            )
        same_digest = self.digest()
        symbols = [self.symbol(symbol, same_digest) for symbol in self.interface.symbols.values()]
        self.findings += self.layout_findings()
        self.findings += self.exceptions()
        self.findings += self.unexpected()
        self.findings += self.not_checked()
        return Report(
            self.name,
            self.interface.digest,
            self.library.table.path,
            self.policy.required,
            tuple(symbols),
            tuple(self.findings),
            grouped(self.unchecked.items()),
        )

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

    def digest(self) -> bool:
        """Whether the digest object pairs the library with the interface."""
        symbol, found = self.interface.digest_symbol, self.library.digest
        if symbol is not None and found is not None and found != self.interface.digest:
            hint = "build the library again from this interface"
            self.findings.append(Finding("wrong-digest", symbol, "", self.interface.digest, found, hint=hint))
        if found is None and ev.CONTENTS in self.policy.required:
            reason = "the interface names no digest object" if symbol is None else f"{symbol} cannot be read"
            text = f"{reason}, so contents cannot be checked"
            where = (symbol or "", ev.CONTENTS, self.interface.digest, reason)
            self.findings.append(Finding("not-checked", *where, text=text))
        return found == self.interface.digest

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
        """The type information of every exception must be exported data."""
        for exception in self.interface.exceptions.values():
            if exception.symbol and self.library.table.find(exception.symbol) is None:
                expected = f"data {exception.symbol} for exception {exception.name}"
                yield Finding("missing-symbol", exception.symbol, "", expected, "no such export")

    # one symbol

    def symbol(self, symbol: Symbol, same_digest: bool) -> SymbolEvidence:
        verdict = _Verdict()
        kind = "function" if isinstance(symbol, Function) else "object"
        before = len(self.findings)
        export = self.library.table.find(symbol.name)
        if export is None:
            self.missing(symbol)
        else:
            verdict.proved.append("name")
            self.kind(symbol, export, verdict)
            self.types(symbol, verdict)
            if same_digest:
                verdict.proved.append(ev.CONTENTS)
            if len(self.findings) == before:
                self.require(symbol, verdict)
            if verdict.unchecked:
                self.unchecked[symbol.name] = verdict.unchecked
        return SymbolEvidence(symbol.name, kind, tuple(verdict.proved), verdict.unchecked and verdict.unchecked.text)

    def missing(self, symbol: Symbol) -> None:
        expected = "an exported function" if isinstance(symbol, Function) else "exported data"
        defined = {**self.debug.functions, **self.debug.variables}.get(symbol.name)
        if defined is None:
            self.report("missing-symbol", symbol, "", expected, "no such export")
        else:
            hint = "hidden visibility, a version script, a .def file or a missing definition keeps it inside"
            found = f"it in its debug information{_at(defined.declared_at)}, but does not export it"
            self.report("hidden-symbol", symbol, "", expected, found, hint)

    def kind(self, symbol: Symbol, export: Export, verdict: _Verdict) -> None:
        found = "function" if export.kind == "ifunc" else export.kind
        expected = _expected_kind(symbol, found)
        if found == "unknown":
            return verdict.stop("the library does not say whether it is code or data")
        if found != expected:
            words = {"function": "a function", "object": "data", "tls": "thread-local data"}
            return self.report("wrong-kind", symbol, "", words[expected], words[found])
        wrong = self.decoration(symbol, export) if isinstance(symbol, Function) else self.size(symbol, export)
        if not wrong:
            verdict.proved.append("kind")

    def size(self, symbol: Variable, export: Export) -> bool:
        expected = size_of(symbol.type, self.interface.declarations.types)
        if expected is None or export.size is None or export.size == expected:
            return False
        self.report("wrong-size", symbol, "size", f"{expected} bytes", f"{export.size} bytes")
        return True

    def decoration(self, symbol: Function, export: Export) -> bool:
        """The `@8` of 32-bit Windows counts the bytes of the arguments and tells the calling convention."""
        if not self.library.table.is_decorated:
            return False
        found = undecorate(export.name)
        if found.convention is None:
            return False
        if found.convention != symbol.convention:
            expected = symbol.convention or "cdecl"
            self.report("wrong-prototype", symbol, "calling convention", expected, found.convention)
            return True
        expected_bytes = argument_bytes(symbol, self.interface.declarations.types)
        if expected_bytes is None or expected_bytes == found.argument_bytes:
            return False
        wrong = f"{found.argument_bytes} bytes ({export.name})"
        self.report("wrong-prototype", symbol, "arguments", f"{expected_bytes} bytes", wrong)
        return True

    def types(self, symbol: Symbol, verdict: _Verdict) -> None:
        """Prototype, then layouts, as far as the debug information goes."""
        if self.library.debug is None:
            return verdict.stop(self.library.no_debug)
        is_function = isinstance(symbol, Function)
        theirs = (self.debug.functions if is_function else self.debug.variables).get(symbol.name)
        if theirs is None:
            return verdict.stop(f"the debug information of {self.library.table.path} does not describe them")
        compare = self.comparison.function if is_function else self.comparison.variable
        differences = list(compare(symbol, theirs))
        rule = "wrong-prototype" if is_function else "wrong-type"
        for difference in differences:
            if difference.unknown:
                verdict.stop(f"{difference.field}: {difference.expected} against {difference.found}")
            else:
                self.report(rule, symbol, difference.field, difference.expected, difference.found)
        if not differences and "kind" in verdict.proved:
            verdict.proved.append("prototype")
        self.layout(symbol, verdict)

    def layout(self, symbol: Symbol, verdict: _Verdict) -> None:
        keys = reached(types_of(symbol), self.interface.declarations.types)
        for key in keys:
            self.users.setdefault(key, []).append(symbol.name)
            if self.layout_of(key) is None:
                verdict.stop(f"the debug information does not have the layout of {key}")
        if "prototype" in verdict.proved and all(self.layouts[key] for key in keys):
            verdict.proved.append("layout")

    def layout_of(self, key: str) -> bool | None:
        if key not in self.layouts:
            differences = self.differences(key)
            wrong = any(not d.unknown for d in differences)
            self.layouts[key] = False if wrong else None if differences else True
        return self.layouts[key]

    def differences(self, key: str) -> list[Difference]:
        """Of the definition under `key`, also in translation units that define it otherwise than the first."""
        found = list(self.comparison.definition(key))
        for other_key, other in self.debug.conflicts:
            if other_key == key:
                types = {**self.debug.types, key: other}
                again = Comparison(self.interface.declarations.types, types, self.void_is_any)
                found += again.definition(key)
        return list(dict.fromkeys(found))

    def layout_findings(self) -> Iterator[Finding]:
        for key, good in sorted(self.layouts.items()):
            if good is not False:
                continue
            place = self.interface.declarations.types[key].declared_at
            for d in self.differences(key):
                if not d.unknown:
                    yield Finding("wrong-layout", key, d.field, d.expected, d.found, place, tuple(self.users[key]))

    def require(self, symbol: Symbol, verdict: _Verdict) -> None:
        """A symbol without a contradiction must still have the evidence that was asked for."""
        for level in self.policy.required:
            if level in verdict.proved:
                continue
            explained = level == ev.CONTENTS or (level == "layout" and self.wrong_layout(symbol))
            if not explained:
                reason = verdict.unchecked or Reason("they could not be compared")
                self.lacking.setdefault((level, reason), []).append(symbol.name)
                return

    def not_checked(self) -> Iterator[Finding]:
        """One finding for each required level and reason, since thousands of symbols can lack the same."""
        for (level, reason), names in self.lacking.items():
            count = f"{len(names)} symbol{'' if len(names) == 1 else 's'}"
            remedy = f"; {reason.remedy}" if reason.remedy else ""
            text = f"{reason.text}, so {WHAT[level]} cannot be checked{remedy} ({count})"
            yield Finding("not-checked", "", level, f"evidence '{level}'", reason.text, used_by=tuple(names), text=text)

    def wrong_layout(self, symbol: Symbol) -> bool:
        return any(
            self.layouts.get(key) is False for key in reached(types_of(symbol), self.interface.declarations.types)
        )

    def report(self, rule: str, symbol: Symbol, where: str, expected: str, found: str, hint: str | None = None) -> None:
        place, display = symbol.declared_at, symbol.display
        self.findings.append(Finding(rule, symbol.name, where, expected, found, place, (), hint, display))


def _expected_kind(symbol: Symbol, found: str) -> str:
    if isinstance(symbol, Function):
        return "function"
    if symbol.tls is None and found == "tls":
        return "tls"
    return "tls" if symbol.tls else "object"


def _at(place: Place | None) -> str:
    return f" at {place}" if place else ""
