"""Writes a diff as text or JSON."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from rebel_tools.gate.diff_report import Change, DiffReport
from rebel_tools.gate.fold import Entry, folded
from rebel_tools.gate.outcome import Outcome
from rebel_tools.gate.render import accepted_text, envelope
from rebel_tools.text import printable_lines

FORMAT, VERSION = "symbol-audit-diff", 1


def to_text(report: DiffReport) -> str:
    """The diff for people: breaking changes, other changes, accepted ones, what was not compared, and the verdict."""
    ordered = sorted(report.changes, key=lambda change: not change.breaking)
    lines = [*folded(map(_entry, ordered)), *accepted_text(report.suppressed), *map(str, report.not_compared)]
    return printable_lines([*lines, summary(report), f"advice: {advice(report)}"])


def _entry(change: Change) -> Entry:
    place = f" (declared at {change.declared_at})" if change.declared_at else ""
    used = f", used by {', '.join(change.used_by[:3])}" if change.used_by else ""
    more = f" and {len(change.used_by) - 3} more" if len(change.used_by) > 3 else ""
    return Entry(f"{change.message}{place}", (f"  {change.level}: {change.why}{used}{more}",))


def summary(report: DiffReport) -> str:
    """The verdict, with the numbers of changes and of compared types."""
    counts = Counter(change.change for change in report.changes)
    numbers = ", ".join(f"{counts[kind]} {kind}" for kind in ("added", "removed", "changed"))
    verdict = VERDICTS.get(report.verdict, report.verdict)
    types = f"types compared for {report.compared} of {report.symbols} common symbols"
    return f"{report.old} -> {report.new}: {verdict} ({numbers}; {types})"


VERDICTS = {"not known": "nothing breaks as far as names, kinds and sizes go"}
"""The text for people instead of the word in JSON."""
SONAME = {
    "keep": "keep the SONAME",
    "change": "the SONAME has to change",
    "changed": "the SONAME was changed, as it had to be",
}


def advice(report: DiffReport) -> str:
    """The advice about SONAME and version, as one line."""
    if report.verdict == "not known":
        return "none, since no types were compared"
    limit = ", as far as types were compared" if report.compatible and report.compared < report.symbols else ""
    return f"{SONAME[report.soname]} ({report.advice} version){limit}"


def as_dict(report: DiffReport) -> dict[str, Any]:
    """The diff as plain data."""
    return {
        "old": report.old,
        "new": report.new,
        "verdict": report.verdict,
        "changes": [_change_dict(change) for change in report.changes],
        "advice": {"version": report.advice, "soname": report.soname},
        "not_compared": [entry.as_dict() for entry in report.not_compared],
        "common_symbols": report.symbols,
        "suppressed": [{**_change_dict(c), "suppression": by.as_dict()} for c, by in report.suppressed],
    }


def _change_dict(change: Change) -> dict[str, Any]:
    place = change.declared_at
    return {
        "change": change.change,
        "symbol": change.symbol,
        "display": change.display,
        "field": change.field,
        "old": change.old,
        "new": change.new,
        "breaking": change.breaking,
        "level": change.level,
        "rule": change.rule,
        "why": change.why,
        "affects": change.affects,
        "message": change.message,
        "path": place.path if place else None,
        "line": place.line if place else None,
        "used_by": list(change.used_by),
    }


def to_json(outcome: Outcome) -> str:
    """JSON with sorted keys, see docs/symbol-audit.schema.json; `verdict` is None when a side could not be read."""
    found = [as_dict(report) for report in outcome.reports if isinstance(report, DiffReport)]
    data = {**envelope(FORMAT, VERSION, outcome), **(found[0] if found else {"verdict": None})}
    return json.dumps(data, indent=1, sort_keys=True)
