"""The result of a check: frozen data, which other modules render as text, JSON, SARIF or HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rebel_tools.errors import Place
from rebel_tools.gate.not_compared import NotCompared
from rebel_tools.gate.rules import BREAK, CHECK_RULES

if TYPE_CHECKING:
    from rebel_tools.gate.suppressions import Suppression


@dataclass(frozen=True)
class Finding:
    """One thing that differs, or that could not be checked although it had to be.

    rule: a key of `rules.CHECK_RULES`.
    symbol: the symbol, or the key of a type ("struct point"); "" for the library as a whole.
    field: where in the symbol or type ("argument 1", "y"), "" for all of it.
    expected, found: what the interface says and what the library has.
    declared_at: where the source of the interface declares it, if that is known.
    used_by: for a type, the symbols that use it.
    display: the readable name of the symbol if it differs (C++).
    level: one of `rules.LEVELS`; only a `break` makes the check fail.
    text: the whole message, if it is not "interface says ..., library has ...".
    is_type: whether `symbol` is the name of a type.
    """

    rule: str
    symbol: str
    field: str
    expected: str
    found: str
    declared_at: Place | None = None
    used_by: tuple[str, ...] = ()
    hint: str | None = None
    display: str | None = None
    level: str = BREAK
    text: str | None = None
    is_type: bool = False

    @property
    def why(self) -> str:
        """The effect on those whom it affects."""
        return CHECK_RULES[self.rule].why

    @property
    def affects(self) -> str:
        """Whom it harms."""
        return CHECK_RULES[self.rule].affects

    @property
    def message(self) -> str:
        """One sentence without the place."""
        if self.text is not None:
            return self.text
        symbol = f"{self.display} ({self.symbol})" if self.display else self.symbol
        subject = ": ".join(part for part in (symbol, self.field) if part)
        text = f"interface says {self.expected}, library has {self.found}"
        return f"{subject}: {text}" if subject else text


class SymbolEvidence(NamedTuple):
    """The levels that were proved for one symbol. unchecked: why not more, if something could not be compared."""

    name: str
    kind: str
    evidence: tuple[str, ...]
    unchecked: str | None = None


@dataclass(frozen=True)
class Report:
    """The result of checking a library against an interface.

    interface, digest: the interface's name and digest. checked: the path of the library. required: levels of evidence.
    not_compared: what could not be compared, whether it was required or not.
    suppressed: accepted findings, each with its suppression; they are not in `findings`.
    """

    interface: str
    digest: str
    checked: str
    required: tuple[str, ...]
    symbols: tuple[SymbolEvidence, ...]
    findings: tuple[Finding, ...]
    not_compared: tuple[NotCompared, ...] = ()
    suppressed: tuple[tuple[Finding, Suppression], ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything that is required was proved and nothing breaks."""
        return all(finding.level != BREAK for finding in self.findings)

    @property
    def unreadable(self) -> bool:
        """Whether the library has debug information that cannot be read."""
        return any(finding.rule == "unreadable-debug-info" for finding in self.findings)

    @property
    def reached(self) -> tuple[str, ...]:
        """The levels that were proved for every symbol."""
        from rebel_tools.gate.evidence import LEVELS

        return tuple(level for level in LEVELS if all(level in symbol.evidence for symbol in self.symbols))
