"""The outcome of a `symbol-audit` command: reports, errors, and unused suppressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Union

from rebel_tools.errors import RebelError
from rebel_tools.gate.diff_report import Change, DiffReport
from rebel_tools.gate.report import Finding, Report
from rebel_tools.gate.suppressions import Suppression

AnyReport = Union[Report, DiffReport]


class Outcome(NamedTuple):
    """Reports of one kind. errors: why reports are missing. unused: suppressions that matched nothing."""

    reports: tuple[AnyReport, ...]
    errors: tuple[RebelError, ...] = ()
    unused: tuple[Suppression, ...] = ()

    def displayed(self) -> dict[str, str]:
        """The readable names in the reports, by the mangled names."""
        found: dict[str, str] = {}
        for report in self.reports:
            if isinstance(report, Report):
                items: Iterable[Finding | Change] = (*report.findings, *(finding for finding, _ in report.suppressed))
            else:
                items = (*report.changes, *(change for change, _ in report.suppressed))
            found.update({item.symbol: item.display for item in items if item.display})
        return found

    def unreadable(self) -> Iterator[str]:
        """Sentences about what could not be read: files, and existing debug information."""
        yield from map(str, self.errors)
        for report in self.reports:
            if isinstance(report, Report):
                yield from (f.message for f in report.findings if f.rule == "unreadable-debug-info")
            else:
                yield from (f"the debug information of {name} cannot be read" for name in report.unreadable)
