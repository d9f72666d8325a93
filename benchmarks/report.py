"""Results of a benchmark as JSON, a Markdown table and an SVG picture, all from the same rows."""

from __future__ import annotations

import json
from pathlib import Path

OURS = "rebel-tools"
COLOURS = {"rebel-tools": "#2f6db3", "dune": "#e08a1e", "ninja": "#8a8a8a"}


def write(folder: Path, facts: dict, rows: list[dict], name: str = "ocaml_builds") -> None:
    """Write NAME.json, NAME.md and NAME.svg into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"facts": facts, "results": rows}, indent=2) + "\n")
    (folder / f"{name}.md").write_text(markdown(facts, rows))
    (folder / f"{name}.svg").write_text(svg(rows))


def markdown(facts: dict, rows: list[dict]) -> str:
    tools = list(dict.fromkeys(row["tool"] for row in rows))
    others = [tool for tool in tools if tool != OURS]
    head = ["scenario", *(f"{tool}: wall / CPU s (runs)" for tool in tools), *(f"ours : {tool}" for tool in others)]
    lines = [_facts(facts), "", _row(head), _row(["---"] * len(head))]
    for scenario, cells in _by_scenario(rows).items():
        texts = [f"{c['wall']:.2f} / {c['cpu']:.2f} ({c['runs']})" for c in (cells[tool] for tool in tools)]
        ratios = [_ratio(cells[OURS], cells[tool]) for tool in others if OURS in cells]
        lines.append(_row([scenario, *texts, *ratios]))
    note = "Ratios are of wall / CPU time; below 1 rebel-tools is faster. CPU time is what to read on a busy machine."
    return "\n".join([*lines, "", note, ""])


def _ratio(ours: dict, other: dict) -> str:
    return " / ".join(f"{ours[key] / max(other[key], 0.001):.2f}" for key in ("wall", "cpu"))


def _facts(facts: dict) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return (
        f"{facts['modules']} modules in {facts['packages']} packages, -j{facts['jobs']}, medians of up to "
        f"{facts['rounds']} rounds (seed {facts['seed']}); {versions}; {facts['machine']}."
    )


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _by_scenario(rows: list[dict]) -> dict[str, dict[str, dict]]:
    table: dict[str, dict[str, dict]] = {}
    for row in rows:
        table.setdefault(row["scenario"], {})[row["tool"]] = row
    return table


def svg(rows: list[dict], width: int = 720) -> str:
    """Horizontal bars of wall time; each scenario has its own scale, for a full build takes a hundred null builds."""
    bar, gap, left = 16, 14, 130
    parts, y = [], 10
    for scenario, cells in _by_scenario(rows).items():
        longest = max(cell["wall"] for cell in cells.values())
        parts.append(_text(10, y + bar - 4, scenario, "bold"))
        for tool, cell in cells.items():
            length = max(1, (width - left - 200) * cell["wall"] / longest)
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.0f}" height="{bar - 3}" fill="{_colour(tool)}"/>')
            parts.append(_text(left + length + 6, y + bar - 5, f"{tool} {cell['wall']:.2f} s, {cell['runs']} runs"))
            y += bar
        y += gap
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
        f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _colour(tool: str) -> str:
    return COLOURS.get(tool, "#5aa469")


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.0f}" y="{y}" font-weight="{weight}">{text}</text>'
