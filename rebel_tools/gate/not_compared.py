"""What a check or a diff could not compare, grouped by the reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from rebel_tools.gate.difference import ELEMENT

if TYPE_CHECKING:
    from rebel_tools.gate.difference import Difference

_KEEP_ALL = "-fno-limit-debug-info (Clang) or -femit-class-debug-always (GCC) keep all types"
_NEWER = "-gdwarf-5, or leaving out -gstrict-dwarf, tells it"
_TELLS_ATOMIC = "-gdwarf-5 tells what is _Atomic"
_INSTANTIATE = "a library has it that uses the size or members of the template somewhere"


def what_of(name: str, difference: Difference) -> str:
    """What of the type with this name could not be compared, in words."""
    return f"{difference.field} of {name}" if difference.field else f"the layout of {name}"


def how_to_complete(name: str) -> str:
    """What to do about a type that the compiler left out."""
    return _INSTANTIATE if "<" in name else _KEEP_ALL


def remedy(name: str, difference: Difference) -> str:
    """What to do about it: a type that the compiler left out, or what strict debug information does not tell."""
    if not difference.field:
        return how_to_complete(name)
    if difference.field.startswith(ELEMENT):
        return _INSTANTIATE
    return _NEWER if difference.field in ("alignment", "passing") else ""


def part_unknown(symbol: str, difference: Difference) -> Reason:
    """The reason if a part of the type of a symbol is not known on both sides."""
    is_atomic = ("_Atomic" in difference.expected) != ("_Atomic" in difference.found)
    return Reason(f"{difference.field} of {symbol} is not known on both sides", _TELLS_ATOMIC if is_atomic else "")


class Reason(NamedTuple):
    """Why types could not be compared: a sentence without a full stop, and what to do about it ("" for nothing)."""

    text: str
    remedy: str = ""


CHOSEN_AT_LOAD = Reason(
    "their code is chosen when programs are loaded (ifunc), and debug information has only the function that chooses"
)


class NotCompared(NamedTuple):
    """The symbols, sorted, that could not be compared for one reason."""

    reason: Reason
    symbols: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """The same as plain data, for JSON reports."""
        return {"reason": self.reason.text, "remedy": self.reason.remedy, "symbols": list(self.symbols)}

    def __str__(self) -> str:
        """One line: the reason, the remedy, and how many symbols it is about."""
        count = len(self.symbols)
        remedy = f"; {self.reason.remedy}" if self.reason.remedy else ""
        return f"{self.reason.text}, so types cannot be compared{remedy} ({count} symbol{'' if count == 1 else 's'})"


def grouped(reasons: Iterable[tuple[str, Reason]]) -> tuple[NotCompared, ...]:
    """(symbol, reason) pairs as one entry per reason, the one with the most symbols first."""
    groups: dict[Reason, list[str]] = {}
    for symbol, reason in reasons:
        groups.setdefault(reason, []).append(symbol)
    found = [NotCompared(reason, tuple(sorted(symbols))) for reason, symbols in groups.items()]
    return tuple(sorted(found, key=lambda entry: (-len(entry.symbols), entry.reason)))
