"""Moves accepted findings of a report to `suppressed`: they are listed, but do not make a check fail."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from rebel_tools.gate.diff_report import Change, DiffReport
from rebel_tools.gate.report import Finding, Report
from rebel_tools.gate.suppressions import Suppression

Found = TypeVar("Found", Finding, Change)


def suppress_findings(report: Report, suppressions: Sequence[Suppression], today: datetime.date) -> Report:
    """The report with accepted findings in `suppressed`; an expired suppression accepts nothing."""
    kept, accepted = _split(report.findings, suppressions, today)
    return replace(report, findings=kept, suppressed=accepted)


def suppress_changes(report: DiffReport, suppressions: Sequence[Suppression], today: datetime.date) -> DiffReport:
    """The same for a comparison of two versions."""
    kept, accepted = _split(report.changes, suppressions, today)
    return replace(report, changes=kept, suppressed=accepted)


def _split(
    found: Sequence[Found], suppressions: Sequence[Suppression], today: datetime.date
) -> tuple[tuple[Found, ...], tuple[tuple[Found, Suppression], ...]]:
    kept, accepted = [], []
    living = [suppression for suppression in suppressions if not suppression.is_over(today)]
    for each in found:
        by = next((s for s in living if s.covers(each.rule, each.symbol, each.display, each.is_type)), None)
        if by is None:
            kept.append(each)
        else:
            accepted.append((each, by))
    return tuple(kept), tuple(accepted)
