"""A report as text or JSON. SARIF and HTML are in modules of their own, which are imported when asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rebel_tools.gate.report import Finding, Report


def to_text(report: Report) -> str:
    """What a person reads: every finding with its place, then one line of summary."""
    lines = [finding_text(finding) for finding in report.findings]
    return "\n".join([*lines, summary(report)])


def finding_text(finding: Finding) -> str:
    """One finding over a few lines."""
    place = f" (declared at {finding.declared_at})" if finding.declared_at else ""
    lines = [f"{finding.message}{place} [{finding.rule}]"]
    if finding.used_by:
        shown = ", ".join(finding.used_by[:3])
        more = len(finding.used_by) - 3
        lines.append(f"  used by {shown}" + (f" and {more} more" if more > 0 else ""))
    if finding.hint:
        lines.append(f"  hint: {finding.hint}")
    return "\n".join(lines)


def summary(report: Report) -> str:
    """One line: does the library keep the interface, and by what evidence."""
    count = len(report.symbols)
    if report.passed:
        levels = ", ".join(report.reached) or "none"
        return f"{report.library} keeps {report.interface}: {count} symbols, evidence for all of them: {levels}"
    findings = len(report.findings)
    return f"{report.library} does not keep {report.interface}: {findings} finding{'s' if findings != 1 else ''}"


def as_dict(report: Report) -> dict:
    """The report as plain data."""
    return {
        "interface": report.interface,
        "digest": report.digest,
        "library": report.library,
        "required": list(report.required),
        "reached": list(report.reached),
        "passed": report.passed,
        "findings": [finding_dict(finding) for finding in report.findings],
        "symbols": [
            {"name": s.name, "kind": s.kind, "evidence": list(s.evidence), "unchecked": s.unchecked}
            for s in report.symbols
        ],
        "not_compared": [entry.as_dict() for entry in report.not_compared],
    }


def finding_dict(finding: Finding) -> dict:
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


def to_json(reports: Sequence[Report]) -> str:
    """All reports as one JSON text."""
    return json.dumps({"reports": [as_dict(report) for report in reports]}, indent=1, sort_keys=True)
