"""A diff as text or JSON."""

from __future__ import annotations

import json
from collections import Counter

from rebel_tools.gate.diff import Change, DiffReport


def to_text(report: DiffReport) -> str:
    """Breaking changes first, then the others, what was not compared, and the verdict."""
    ordered = sorted(report.changes, key=lambda change: not change.breaking)
    lines = [change_text(change) for change in ordered]
    return "\n".join([*lines, *_unchecked(report), summary(report)])


def change_text(change: Change) -> str:
    """One change over one or two lines."""
    place = f" (declared at {change.declared_at})" if change.declared_at else ""
    verdict = "incompatible" if change.breaking else "compatible"
    used = f", used by {', '.join(change.used_by[:3])}" if change.used_by else ""
    more = f" and {len(change.used_by) - 3} more" if len(change.used_by) > 3 else ""
    return f"{change.message}{place}\n  {verdict}: {change.why}{used}{more}"


def _unchecked(report: DiffReport) -> list[str]:
    """One line for each reason, since a library without debug information has the same for every symbol."""
    reasons = Counter(reason for _, reason in report.unchecked)
    return [f"types of {count} symbol{_s(count)} not compared: {reason}" for reason, count in sorted(reasons.items())]


def summary(report: DiffReport) -> str:
    """The verdict, and what it rests on."""
    counts = Counter(change.change for change in report.changes)
    numbers = ", ".join(f"{counts[kind]} {kind}" for kind in ("added", "removed", "changed"))
    verdict = "compatible" if report.compatible else "incompatible"
    compared = report.symbols - len(report.unchecked)
    types = f"types compared for {compared} of {report.symbols} common symbols"
    return f"{report.old} -> {report.new}: {verdict} ({numbers}; {types})"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def as_dict(report: DiffReport) -> dict:
    """The diff as plain data."""
    return {
        "old": report.old,
        "new": report.new,
        "verdict": "compatible" if report.compatible else "incompatible",
        "changes": [_change_dict(change) for change in report.changes],
        "unchecked": [{"symbol": name, "reason": reason} for name, reason in report.unchecked],
        "common_symbols": report.symbols,
    }


def _change_dict(change: Change) -> dict:
    place = change.declared_at
    return {
        "change": change.change,
        "symbol": change.symbol,
        "display": change.display,
        "field": change.field,
        "old": change.old,
        "new": change.new,
        "breaking": change.breaking,
        "why": change.why,
        "message": change.message,
        "path": place.path if place else None,
        "line": place.line if place else None,
        "used_by": list(change.used_by),
    }


def to_json(report: DiffReport) -> str:
    """JSON with sorted keys."""
    return json.dumps(as_dict(report), indent=1, sort_keys=True)
