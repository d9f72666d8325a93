"""Reports and diffs as rows of one shape, for SARIF and HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rebel_tools.errors import Place
from rebel_tools.gate.diff_report import Change
from rebel_tools.gate.outcome import AnyReport
from rebel_tools.gate.report import Finding, Report
from rebel_tools.gate.suppressions import Suppression

UNPROVED = ("not-checked", "not-compared")
BARE = ("symbol-added", "symbol-removed", "version-removed", "unexpected-symbol", "missing-symbol")
"""Rules whose rows contain only the name of a symbol, so that many of them can be shown as a list."""


@dataclass(frozen=True)
class Row:
    """One line of a report. `level` is one of `rules.LEVELS`.

    subject: a symbol or type, "" for the library as a whole; field: where in it. checked: the path of the library.
    accepted: the suppression that accepts it, None if there is none.
    """

    rule: str
    level: str
    subject: str
    message: str
    checked: str
    place: Place | None = None
    field: str = ""
    why: str = ""
    is_type: bool = False
    accepted: Suppression | None = None


def rows(report: AnyReport) -> list[Row]:
    """Every finding or change, the accepted ones, and one row for everything that was not compared."""
    if isinstance(report, Report):
        found = [_finding(report.checked, finding) for finding in report.findings]
        accepted = [replace(_finding(report.checked, f), accepted=by) for f, by in report.suppressed]
        return [*_joined(found), *accepted]
    changed = [_change(report.new, change) for change in report.changes]
    accepted = [replace(_change(report.new, change), accepted=by) for change, by in report.suppressed]
    unproved = [Row("not-compared", "risk", "", str(entry), report.new) for entry in report.not_compared]
    return [*changed, *accepted, *_joined(unproved)]


def _finding(library: str, f: Finding) -> Row:
    return Row(f.rule, f.level, f.symbol, f.message, library, f.declared_at, f.field, f.why, f.is_type)


def _change(library: str, c: Change) -> Row:
    return Row(c.rule, c.level, c.symbol, c.message, library, c.declared_at, c.field, c.why, c.is_type)


def _joined(found: list[Row]) -> Iterator[Row]:
    """The rows, with one row for everything that was not compared."""
    unproved = [row for row in found if row.rule in UNPROVED]
    yield from (row for row in found if row.rule not in UNPROVED)
    if unproved:
        message = "; ".join(row.message for row in unproved)
        yield replace(unproved[0], message=message, subject="", field="")


def title(report: AnyReport) -> str:
    """The summary of a report, as one line."""
    if isinstance(report, Report):
        from rebel_tools.gate.render import summary

        return summary(report)
    from rebel_tools.gate.render_diff import summary as diff_summary

    return diff_summary(report)
