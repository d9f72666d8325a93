"""Reports and diffs as one HTML page without scripts or external files."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rebel_tools.gate.rows import Row, rows, title

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; }
code { font-family: ui-monospace, monospace; font-size: 90%; overflow-wrap: anywhere; }
.error { color: #b00020; } .warning { color: #8a5a00; } .note { color: #2a6b2a; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } th, td { border-color: #444; }
.error { color: #ff8a80; } .warning { color: #e6b450; } .note { color: #8fd18f; } }
"""


def to_html(reports: Sequence) -> str:
    """A section with a table for each report."""
    sections = "\n".join(_section(report) for report in reports)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>symbol-audit</title>'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>symbol-audit</h1>\n{sections}\n</body></html>"
    )


def _section(report) -> str:
    lines = [_line(row) for row in rows(report)]
    head = "<tr><th>level</th><th>rule</th><th>what</th><th>declared at</th></tr>"
    table = "\n".join(["<table>", head, *lines, "</table>"]) if lines else "<p>No findings.</p>"
    return f"<h2>{escape(title(report))}</h2>\n{table}"


def _line(row: Row) -> str:
    place = escape(str(row.place)) if row.place else ""
    return (
        f'<tr><td class="{row.level}">{row.level}</td><td>{escape(row.rule)}</td>'
        f"<td><code>{escape(row.message)}</code></td><td><code>{place}</code></td></tr>"
    )
