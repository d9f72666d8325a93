"""Reports and diffs as rows of one shape, for SARIF and HTML."""

from __future__ import annotations

from dataclasses import dataclass

from rebel_tools.errors import Place
from rebel_tools.gate.diff import DiffReport
from rebel_tools.gate.report import RULES, Report

DIFF_RULES = {
    "added": "A symbol is new.",
    "removed": "A symbol is gone.",
    "changed": "A symbol, type or property is not what it was.",
    "not-compared": "The types of a symbol are not known on both sides.",
}
ALL_RULES = {**RULES, **DIFF_RULES}


@dataclass(frozen=True)
class Row:
    """One line of a report; `level` is "error", "warning" or "note" as in SARIF."""

    rule: str
    level: str
    subject: str
    message: str
    library: str
    place: Place | None = None


def rows(report: Report | DiffReport) -> list[Row]:
    """Every finding, or every change and everything that was not compared."""
    if isinstance(report, Report):
        return [
            Row(finding.rule, "error", finding.symbol, finding.message, report.library, finding.declared_at)
            for finding in report.findings
        ]
    changes = [
        Row(c.change, "error" if c.breaking else "note", c.symbol, f"{c.message}: {c.why}", report.new, c.declared_at)
        for c in report.changes
    ]
    return changes + [
        Row("not-compared", "warning", name, f"{name}: types not compared: {reason}", report.new)
        for name, reason in report.unchecked
    ]


def title(report: Report | DiffReport) -> str:
    """One line about the whole."""
    if isinstance(report, Report):
        from rebel_tools.gate.render import summary

        return summary(report)
    from rebel_tools.gate.render_diff import summary as diff_summary

    return diff_summary(report)
