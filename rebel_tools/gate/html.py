"""Writes an outcome as a self-contained HTML page: tables by type and symbol, and a filter."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby

import rebel_tools
from rebel_tools.gate.html_page import SCRIPT, STYLE
from rebel_tools.gate.outcome import AnyReport, Outcome
from rebel_tools.gate.report import Report
from rebel_tools.gate.rows import BARE, Row, rows, title
from rebel_tools.gate.rules import LEVELS
from rebel_tools.text import printable

MAX_NAMES = 5000
"""The most names of added or removed symbols that are listed on the page."""
FILTER = """\
<form id="filter" hidden><label>Filter <input type="search" id="words"></label>
%s</form>"""


def to_html(outcome: Outcome) -> str:
    """A section with a table for each report."""
    problems = "".join(f'<p class="break">{_text(problem)}</p>\n' for problem in outcome.unreadable())
    sections = "\n".join(_section(number, report) for number, report in enumerate(outcome.reports, 1))
    boxes = "\n".join(f'<label><input type="checkbox" value="{x}" checked> {x}</label>' for x in LEVELS)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>symbol-audit</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>symbol-audit</h1>\n"
        f"{problems}{FILTER % boxes}\n{sections}\n</main>\n"
        f"<footer>symbol-audit {rebel_tools.__version__}</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>"
    )


def _section(number: int, report: AnyReport) -> str:
    found = sorted(rows(report), key=_order)
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>\n" for name, value in _facts(report))
    head = f'<section aria-labelledby="r{number}">\n<h2 id="r{number}">{_text(title(report))}</h2>\n<dl>\n{facts}</dl>'
    counted = [row for row in found if row.accepted is None]
    tables = [_table("Findings", counted)] if counted else ["<p>No findings.</p>"]
    accepted = [row for row in found if row.accepted is not None]
    tables += [_table("Accepted by suppressions", accepted)] if accepted else []
    return "\n".join([head, *tables, "</section>"])


def _order(row: Row) -> tuple[bool, str, bool, str, int]:
    """Lists first, then types, then symbols."""
    group = _group(row) if row.rule in BARE else ""
    return (not group, group, not row.is_type, row.subject, LEVELS.index(row.level))


def _facts(report: AnyReport) -> Iterator[tuple[str, str]]:
    if isinstance(report, Report):
        yield "library", report.checked
        yield "interface", report.interface
        yield "digest of the interface", report.digest
        yield "evidence required", ", ".join(report.required)
        yield "evidence for every symbol", ", ".join(report.reached) or "none"
        return
    from rebel_tools.gate.render_diff import advice

    yield "old", report.old
    yield "new", report.new
    yield "types compared", f"{report.compared} of {report.symbols} common symbols"
    yield "advice", advice(report)


def _table(caption: str, found: list[Row]) -> str:
    """A table with a body for each type or symbol, whose name is the header of its rows."""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("level", "rule", "what", "declared at"))
    bodies = "\n".join(_body(subject, list(group)) for subject, group in groupby(found, key=_group))
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n{bodies}\n</table>"


def _group(row: Row) -> str:
    """What rows of one body have in common: the symbol or type, or of a list the rule and what accepts it."""
    return f"{row.rule} {row.accepted.place if row.accepted else ''}" if row.rule in BARE else row.subject


def _body(subject: str, group: list[Row]) -> str:
    if group[0].rule in BARE:
        return _names(group)
    head = f'<tr><th scope="rowgroup" colspan="4">{_text(subject or "the library")}</th></tr>'
    return "\n".join(["<tbody>", head, *map(_line, group), "</tbody>"])


def _names(group: list[Row]) -> str:
    first, more = group[0], len(group) - MAX_NAMES
    names = "\n".join(f"<li>{_text(row.subject)}</li>" for row in group[:MAX_NAMES])
    rest = f"<p>{more} more: --format json has all of them.</p>" if more > 0 else ""
    count = f"{len(group)} symbol{'' if len(group) == 1 else 's'}"
    what = (
        f"<details{' open' if len(group) < 20 else ''}><summary>{count}: {_text(first.why)}</summary>{_reason(first)}"
    )
    cells = f'<td class="{first.level}">{first.level}</td><td>{first.rule}</td><td colspan="2">{what}<ul>{names}</ul>'
    return f"<tbody><tr>{cells}{rest}</details></td></tr></tbody>"


def _line(row: Row) -> str:
    place = _text(str(row.place)) if row.place else ""
    why = f"<p>{_text(row.why)}</p>" if row.why else ""
    return (
        f'<tr><td class="{row.level}">{row.level}</td><td>{row.rule}</td>'
        f"<td><code>{_text(row.message)}</code>{why}{_reason(row)}</td><td><code>{place}</code></td></tr>"
    )


def _reason(row: Row) -> str:
    return f"<p>accepted: {_text(row.accepted.reason)}</p>" if row.accepted else ""


def _text(text: str) -> str:
    return escape(printable(text))
