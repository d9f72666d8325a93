"""What a command of `symbol-audit` has to tell: reports, what could not be read, and suppressions without a use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Union

from rebel_tools.errors import RebelError
from rebel_tools.gate.diff_report import Change, DiffReport
from rebel_tools.gate.report import Finding, Report
from rebel_tools.gate.suppressions import Suppression

AnyReport = Union[Report, DiffReport]


class Outcome(NamedTuple):
    """Reports of one kind. errors: why others are missing. unused: suppressions that covered nothing."""

    reports: tuple[AnyReport, ...]
    errors: tuple[RebelError, ...] = ()
    unused: tuple[Suppression, ...] = ()

    def displayed(self) -> dict[str, str]:
        """The names for people that stand before mangled ones, by these."""
        found: dict[str, str] = {}
        for report in self.reports:
            if isinstance(report, Report):
                items: Iterable[Finding | Change] = (*report.findings, *(finding for finding, _ in report.suppressed))
            else:
                items = (*report.changes, *(change for change, _ in report.suppressed))
            found.update({item.symbol: item.display for item in items if item.display})
        return found

    def unreadable(self) -> Iterator[str]:
        """What could not be read, as sentences: whole files, and debug information that is there."""
        yield from map(str, self.errors)
        for report in self.reports:
            if isinstance(report, Report):
                yield from (f.message for f in report.findings if f.rule == "unreadable-debug-info")
            else:
                yield from (f"the debug information of {name} cannot be read" for name in report.unreadable)
