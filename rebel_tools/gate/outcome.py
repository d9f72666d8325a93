"""What a command of `symbol-audit` has to tell: reports, what could not be read, and suppressions without a use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Union

from rebel_tools.errors import RebelError
from rebel_tools.gate.diff_report import DiffReport
from rebel_tools.gate.report import Report
from rebel_tools.gate.suppressions import Suppression

AnyReport = Union[Report, DiffReport]


class Outcome(NamedTuple):
    """Reports of one kind. errors: why others are missing. unused: suppressions that covered nothing."""

    reports: tuple[AnyReport, ...]
    errors: tuple[RebelError, ...] = ()
    unused: tuple[Suppression, ...] = ()

    def unreadable(self) -> Iterator[str]:
        """What could not be read, as sentences: whole files, and debug information that is there."""
        yield from map(str, self.errors)
        for report in self.reports:
            if isinstance(report, Report):
                yield from (f.message for f in report.findings if f.rule == "unreadable-debug-info")
            else:
                yield from (f"the debug information of {name} cannot be read" for name in report.unreadable)
