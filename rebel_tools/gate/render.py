"""Writes a report as text or JSON. SARIF and HTML are in modules of their own, which are imported when needed."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

from rebel_tools.gate.diff_report import Change
from rebel_tools.gate.fold import Entry, folded
from rebel_tools.gate.outcome import Outcome
from rebel_tools.gate.report import Finding, Report
from rebel_tools.gate.suppressions import Suppression
from rebel_tools.text import printable_lines

FORMAT, VERSION = "symbol-audit-check", 1


def to_text(report: Report) -> str:
    """The report for people: every finding with its place, the accepted findings, and one line of summary."""
    lines = folded(map(_entry, report.findings))
    return printable_lines([*lines, *accepted_text(report.suppressed), summary(report)])


def _entry(finding: Finding) -> Entry:
    place = f" (declared at {finding.declared_at})" if finding.declared_at else ""
    below = []
    if finding.used_by:
        shown = ", ".join(finding.used_by[:3])
        more = len(finding.used_by) - 3
        below.append(f"  used by {shown}" + (f" and {more} more" if more > 0 else ""))
    if finding.hint:
        below.append(f"  hint: {finding.hint}")
    return Entry(f"{finding.message}{place} [{finding.rule}]", tuple(below))


def accepted_text(suppressed: Sequence[tuple[Finding | Change, Suppression]]) -> list[str]:
    """A line for each accepted finding, with the reason; of very many that one suppression accepts, only the first."""
    groups: dict[Suppression, list[Entry]] = {}
    for found, by in suppressed:
        line = f"accepted: {found.message} [{found.rule}]: {by.reason} ({by.place})"
        groups.setdefault(by, []).append(Entry(line))
    return [line for entries in groups.values() for line in folded(entries)]


def unused_text(unused: Sequence[Suppression], today: datetime.date) -> list[str]:
    """A line for each suppression that matched nothing or has expired."""
    return [
        f"{s.place}: this suppression {f'ended on {s.until}' if s.is_over(today) else 'matches nothing'} ({s.reason})"
        for s in unused
    ]


def summary(report: Report) -> str:
    """One line: whether the library keeps the interface, and with which evidence."""
    count = len(report.symbols)
    if report.passed:
        levels = ", ".join(report.reached) or "none"
        return f"{report.checked} keeps {report.interface}: {count} symbols, evidence for all of them: {levels}"
    findings = len(report.findings)
    return f"{report.checked} does not keep {report.interface}: {findings} finding{'s' if findings != 1 else ''}"


def as_dict(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "interface": report.interface,
        "digest": report.digest,
        "library": report.checked,
        "required": list(report.required),
        "reached": list(report.reached),
        "passed": report.passed,
        "findings": [finding_dict(finding) for finding in report.findings],
        "symbols": [
            {"name": s.name, "kind": s.kind, "evidence": list(s.evidence), "unchecked": s.unchecked}
            for s in report.symbols
        ],
        "not_compared": [entry.as_dict() for entry in report.not_compared],
        "suppressed": [{**finding_dict(f), "suppression": by.as_dict()} for f, by in report.suppressed],
    }


def finding_dict(finding: Finding) -> dict[str, Any]:
    """One finding as plain data."""
    place = finding.declared_at
    return {
        "rule": finding.rule,
        "level": finding.level,
        "why": finding.why,
        "affects": finding.affects,
        "symbol": finding.symbol,
        "display": finding.display,
        "field": finding.field,
        "expected": finding.expected,
        "found": finding.found,
        "message": finding.message,
        "path": place.path if place else None,
        "line": place.line if place else None,
        "used_by": list(finding.used_by),
        "hint": finding.hint,
    }


def to_json(outcome: Outcome) -> str:
    """All reports of checks as one JSON text, see docs/symbol-audit.schema.json."""
    reports = [as_dict(report) for report in outcome.reports if isinstance(report, Report)]
    return json.dumps({**envelope(FORMAT, VERSION, outcome), "reports": reports}, indent=1, sort_keys=True)


def envelope(name: str, version: int, outcome: Outcome) -> dict[str, Any]:
    """What all JSON reports have in common."""
    return {
        "format": name,
        "version": version,
        "errors": [error.as_dict() for error in outcome.errors],
        "unused_suppressions": [suppression.as_dict() for suppression in outcome.unused],
    }
