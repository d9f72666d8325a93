"""The result of comparing two versions: frozen data, which other modules render, and the advice that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rebel_tools.errors import Place
from rebel_tools.gate.not_compared import CHOSEN_AT_LOAD, NotCompared
from rebel_tools.gate.rules import BREAK, DIFF_RULES, NOTE

if TYPE_CHECKING:
    from rebel_tools.gate.suppressions import Suppression

ADDED = "symbol-added"


@dataclass(frozen=True)
class Change:
    """One change.

    change: "added", "removed" or "changed".
    rule: a key of `rules.DIFF_RULES`.
    symbol: a symbol, the name of a type, or "" for the library as a whole.
    field: where in the symbol or type ("argument 1 (count)", "y"), "" for all of it.
    why: the effect on those whom it affects; affects: whom it harms.
    used_by: for a type, the symbols that use it.
    display: the readable name of the symbol if it differs (C++).
    text: the whole message, if it is not "... was ..., is ...".
    is_type: whether `symbol` is the name of a type.
    """

    change: str
    rule: str
    symbol: str
    field: str
    old: str
    new: str
    level: str
    why: str
    affects: str
    declared_at: Place | None = None
    used_by: tuple[str, ...] = ()
    display: str | None = None
    text: str | None = None
    is_type: bool = False

    @property
    def breaking(self) -> bool:
        """Whether existing programs break."""
        return self.level == BREAK

    @property
    def message(self) -> str:
        """One sentence without the place."""
        if self.text is not None:
            return self.text
        symbol = f"{self.display} ({self.symbol})" if self.display else self.symbol
        where = ": ".join(part for part in (symbol, self.field) if part)
        if self.change != "changed":
            return f"{where}: {self.change} ({self.new if self.change == 'added' else self.old})"
        return f"{where} was {self.old}, is {self.new}"


def change(
    rule: str,
    symbol: str,
    field: str,
    old: str,
    new: str,
    level: str | None = None,
    why: str | None = None,
    declared_at: Place | None = None,
    used_by: tuple[str, ...] = (),
    is_type: bool = False,
) -> Change:
    """A change. Its level and reason are by default those of its rule; whom it affects always is."""
    known = DIFF_RULES[rule]
    word = rule.rpartition("-")[2]
    kind = word if word in ("added", "removed") else "changed"
    level, why = known.level if level is None else level, known.why if why is None else why
    return Change(kind, rule, symbol, field, old, new, level, why, known.affects, declared_at, used_by, is_type=is_type)


@dataclass(frozen=True)
class DiffReport:
    """All changes, and how far types were compared.

    symbols: how many symbols both sides have.
    not_compared: those of them whose types were not compared, by reason.
    untyped: the sides without any types.
    unreadable: the sides with debug information that cannot be read.
    suppressed: accepted changes, each with its suppression; they are not in `changes`.
    """

    old: str
    new: str
    changes: tuple[Change, ...]
    symbols: int
    not_compared: tuple[NotCompared, ...] = ()
    untyped: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    suppressed: tuple[tuple[Change, Suppression], ...] = ()

    @property
    def compatible(self) -> bool:
        """Whether nothing that was compared breaks programs."""
        return not any(change.breaking for change in self.changes)

    @property
    def verdict(self) -> str:
        """ "incompatible", "compatible", or "not known" when nothing breaks and no types were compared."""
        if not self.compatible:
            return "incompatible"
        return "not known" if self.unreadable or self.says_nothing_about_types else "compatible"

    @property
    def compared(self) -> int:
        """The number of common symbols whose types were compared; symbols that have no type (virtual tables) count,
        too.
        """
        if self.untyped:
            return 0
        return self.symbols - sum(len(entry.symbols) for entry in self.not_compared)

    @property
    def says_nothing_about_types(self) -> bool:
        """Whether there are common symbols, and the types of none of them were compared.

        Symbols whose code is chosen when programs are loaded do not count: no debug information has their types.
        """
        is_lacking = self.untyped or any(entry.reason != CHOSEN_AT_LOAD for entry in self.not_compared)
        return bool(self.symbols and self.compared == 0 and is_lacking)

    @property
    def advice(self) -> str:
        """Which part of the version number has to change: "major", "minor" or "patch" as in Semantic Versioning.

        With a new SONAME it is "major", too.
        """
        if not self.compatible:
            return "major"
        harmless = all(change.level == NOTE and change.rule != ADDED for change in self.changes)
        return "patch" if harmless else "minor"

    @property
    def soname(self) -> str:
        """What to do with the SONAME: "keep", "change", or "changed" if it had to change and has changed."""
        rules = {change.rule for change in self.changes if change.breaking}
        if "soname-changed" in rules:
            return "changed"
        return "change" if rules else "keep"
