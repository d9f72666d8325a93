"""What a check found: frozen data, which `rebel_tools.gate.render` turns into text, JSON, SARIF or HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rebel_tools.errors import Place

RULES = {
    "target": "The library is for another platform than the interface.",
    "missing-symbol": "A symbol of the interface is not exported.",
    "hidden-symbol": "A symbol of the interface is defined in the library but not exported.",
    "wrong-kind": "A function is data, or data is a function.",
    "wrong-size": "Exported data do not have the size of their declared type.",
    "wrong-prototype": "A function's result, arguments or calling convention are not the declared ones.",
    "wrong-type": "Exported data do not have the declared type.",
    "wrong-layout": "A record or enumeration is not laid out as declared.",
    "wrong-digest": "The library was made for another version of the interface.",
    "unexpected-symbol": "The library exports what the interface does not have.",
    "not-checked": "Required evidence could not be had.",
    "inconsistent-library": "The library contradicts itself.",
}


@dataclass(frozen=True)
class Finding:
    """One reason not to link against the library.

    rule: a key of RULES.
    symbol: the symbol, or the key of a type ("struct point"); "" for the library as a whole.
    field: where in the symbol or type ("argument 1", "y"), "" for all of it.
    expected, found: what the interface says and what the library has.
    declared_at: where the interface's source declares it, as far as it says.
    used_by: for a type, the symbols that need it.
    display: the symbol's name for people where it is another one (C++).
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

    @property
    def message(self) -> str:
        """One sentence without the place."""
        symbol = f"{self.display} ({self.symbol})" if self.display else self.symbol
        subject = ": ".join(part for part in (symbol, self.field) if part)
        text = f"interface says {self.expected}, library has {self.found}"
        return f"{subject}: {text}" if subject else text


class SymbolEvidence(NamedTuple):
    """What was proved about one symbol of the interface, and why no more was, if something could not be checked."""

    name: str
    kind: str
    evidence: tuple[str, ...]
    unchecked: str | None = None


@dataclass(frozen=True)
class Report:
    """An interface against a library. It `passed` when there are no findings: all of the required was proved."""

    interface: str
    digest: str
    library: str
    required: tuple[str, ...]
    symbols: tuple[SymbolEvidence, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not self.findings

    @property
    def reached(self) -> tuple[str, ...]:
        """The levels that every symbol has."""
        from rebel_tools.gate.evidence import LEVELS

        return tuple(level for level in LEVELS if all(level in symbol.evidence for symbol in self.symbols))
