"""Reports and diffs as rows of one shape, for SARIF and HTML."""

from __future__ import annotations

from dataclasses import dataclass

from rebel_tools.errors import Place
from rebel_tools.gate.diff_report import DiffReport
from rebel_tools.gate.report import Report
from rebel_tools.gate.rules import BREAK, CHECK_RULES, DIFF_RULES, NOTE, RISK, SOURCE

ALL_RULES = {name: rule.summary for name, rule in {**CHECK_RULES, **DIFF_RULES}.items()}
SARIF_LEVELS = {BREAK: "error", RISK: "warning", SOURCE: "warning", NOTE: "note"}


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
            Row(f.rule, SARIF_LEVELS[f.level], f.symbol, f.message, report.library, f.declared_at)
            for f in report.findings
        ]
    changes = [
        Row(c.rule, SARIF_LEVELS[c.level], c.symbol, f"{c.message}: {c.why}", report.new, c.declared_at)
        for c in report.changes
    ]
    return changes + [
        Row("not-compared", "warning", "", str(entry), report.new) for entry in report.not_compared
    ]


def title(report: Report | DiffReport) -> str:
    """One line about the whole."""
    if isinstance(report, Report):
        from rebel_tools.gate.render import summary

        return summary(report)
    from rebel_tools.gate.render_diff import summary as diff_summary

    return diff_summary(report)
