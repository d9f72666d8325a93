"""Results of ocaml_builds.py as JSON, a Markdown table with the limits to be reached, and SVG plots."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from measuring import Result
from ocaml_edits import WORDS

OURS = "rebel-tools"
COLOURS = {OURS: "#2f6db3", "dune": "#e08a1e", "ninja": "#8a8a8a"}
REASON_LIMIT, C_LIMIT = 15, 30  # milliseconds

# Scenario -> the limit for our wall and processor time, as a factor of another tool's.
TIMES = {
    "full": {"dune": 0.8, "ninja": 1.1},
    "null": {"dune": 0.5},
    "comment": {"dune": 1.0},
    "top": {"dune": 1.0},
    "body": {"dune": 1.0},
    "interface": {"dune": 0.9},
}
MEMORY = {"full": 2.0, "null": 2.0}  # of dune's largest process

Cells = dict[str, dict]


class Saved:
    """The rows of all runs so far, in NAME.json of a folder."""

    def __init__(self, folder: Path, name: str = "ocaml_builds"):
        self.folder, self.name = folder, name
        path = folder / f"{name}.json"
        data = json.loads(path.read_text()) if path.exists() else {"facts": {}, "results": []}
        self.facts, self.rows = data["facts"], data["results"]

    def add(self, results: Iterable[Result]) -> None:
        """Rows that replace those of the same subject, scenario and tool."""
        for row in map(asdict, results):
            self.rows = [old for old in self.rows if _key(old) != _key(row)] + [row]

    def has(self, subject: str, scenario: str) -> bool:
        return any((row["subject"], row["scenario"]) == (subject, scenario) for row in self.rows)

    def save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"facts": self.facts, "results": self.rows}, indent=1) + "\n"
        (self.folder / f"{self.name}.json").write_text(text)


def _key(row: dict) -> tuple:
    return row["subject"], row["scenario"], row["tool"]


def write(saved: Saved) -> None:
    """Write the JSON, the table and the plots."""
    saved.save()
    (saved.folder / f"{saved.name}.md").write_text(markdown(saved.facts, saved.rows))
    (saved.folder / f"{saved.name}.svg").write_text(bars(saved.rows))
    (saved.folder / "ocaml_growth.svg").write_text(growth_lines(saved.rows))


# Limits


@dataclass(frozen=True)
class Check:
    """One quantity that has a limit; `text` describes it briefly."""

    text: str
    value: float
    limit: float
    strictly: bool = False

    @property
    def reached(self) -> bool:
        return self.value < self.limit if self.strictly else self.value <= self.limit


def checks(scenario: str, cells: Cells) -> list[Check]:
    """The limits of a scenario: times (the worse of wall and CPU), compiler runs, memory."""
    ours, dune = cells.get(OURS), cells.get("dune")
    found = [
        Check(f"{peer} {limit}", max(_ratios(ours, cells[peer])), limit)
        for peer, limit in TIMES.get(scenario, {}).items()
        if ours and peer in cells
    ]
    if ours and dune and scenario in ("comment", "top", "body", "interface"):
        found.append(Check("runs of dune", ours["runs"], dune["runs"], strictly=scenario == "interface"))
    if ours and dune and scenario in MEMORY:
        found.append(Check(f"memory {MEMORY[scenario]:g}", ours["peak"] / dune["peak"], MEMORY[scenario]))
    return found


def _ratios(ours: dict, other: dict) -> tuple[float, float]:
    return tuple(ours[key] / max(other[key], 0.001) for key in ("wall", "cpu"))


def further(rows: list[dict]) -> list[tuple[str, str, Check]]:
    """(what, how it was measured, check) for limits that are not ratios of two builds."""
    found = [*_growth(rows)]
    for subject, cells in _by(rows, "subject", "full", "OCaml").items():
        files = cells["OCaml"]["runs"]
        for key in ("wall", "cpu"):
            each = (cells["Reason"][key] - cells["OCaml"][key]) / files * 1000
            how = f"{files} files, {cells['Reason'][key]:.2f} s against {cells['OCaml'][key]:.2f} s"
            found.append((f"{subject}: {key} time for a file, ms", how, Check("", each, REASON_LIMIT)))
    for cells in _by(rows, "subject", "null", "plain").values():
        plain, tool = cells["plain"], cells["with the tool"]
        more = (tool["wall"] - plain["wall"]) * 1000
        how = f"{tool['wall'] * 1000:.0f} ms against {plain['wall'] * 1000:.0f} ms, {plain['rounds']} rounds"
        found.append(("scons without OCaml, the tool loaded, ms more", how, Check("", more, C_LIMIT)))
    return found


def _growth(rows: list[dict]) -> Iterable[tuple[str, str, Check]]:
    """The time that each module adds to a null build, between the smallest and the largest tree."""
    sizes = sorted((_size(row["subject"]), row["tool"], row["wall"]) for row in rows if _is_null_of_tree(row))
    each = {}
    for tool in (OURS, "dune"):
        own = [(size, wall) for size, name, wall in sizes if name == tool]
        if len(own) > 1:
            each[tool] = (own[-1][1] - own[0][1]) / (own[-1][0] - own[0][0]) * 1000
    if len(each) == 2:
        how = f"{each[OURS]:.3f} ms, dune {each['dune']:.3f} ms, from {sizes[0][0]:,} to {sizes[-1][0]:,} modules"
        yield "growth of a null build for each module, of dune's", how, Check("", each[OURS] / each["dune"], 1.0)


def _size(subject: str) -> int | None:
    return int(subject.split()[0].replace(",", "")) if subject.endswith(" modules") else None


def _is_null_of_tree(row: dict) -> bool:
    return row["scenario"] == "null" and _size(row["subject"]) is not None


# The table


def markdown(facts: dict, rows: list[dict]) -> str:
    lines = [_facts(facts), ""]
    for subject in _subjects(rows):
        lines += [f"### {subject}", "", *_table([row for row in rows if row["subject"] == subject]), ""]
    more = further(rows)
    if more:
        cells = [(what, how, f"{c.value:.2f}", f"{c.limit:g}", _yes(c.reached)) for what, how, c in more]
        lines += ["### Further", "", *_lines(("what", "measured", "value", "limit", "reached"), cells), ""]
    lines += _outputs(facts.get("outputs", {}))
    return "\n".join(lines)


def _subjects(rows: list[dict]) -> list[str]:
    """The subjects that were built with several tools; generated trees first, by size."""
    found = dict.fromkeys(row["subject"] for row in rows if row["tool"] == OURS)
    return sorted(found, key=lambda subject: (_size(subject) is None, _size(subject) or 0))


def _table(rows: list[dict]) -> list[str]:
    tools = [tool for tool in COLOURS if any(row["tool"] == tool for row in rows)]
    others = [tool for tool in tools if tool != OURS]
    head = ["scenario", *(f"{tool}: wall / CPU s" for tool in tools), "runs", "MB", *(f": {t}" for t in others)]
    table = []
    for scenario, cells in _ordered(rows).items():
        every = [cells[tool] for tool in tools if tool in cells]
        times = [_times(cells[t]) if t in cells else "" for t in tools]
        runs = " / ".join(f"{_bound(cell)}{cell['runs']}" for cell in every)
        memory = " / ".join(f"{cell['peak']:.0f}" for cell in every)
        ratios = [
            _bound(cells[t], "at most ") + " / ".join(f"{ratio:.2f}" for ratio in _ratios(cells[OURS], cells[t]))
            if t in cells
            else ""
            for t in others
        ]
        found = checks(scenario, cells)
        limits = "; ".join(check.text for check in found)
        failed = [f"{check.text}: {check.value:.2f}" for check in found if not check.reached]
        reached = f"no ({'; '.join(failed)})" if failed else "yes" if found else ""
        count = str(every[0]["rounds"])
        table.append([WORDS[scenario], *times, runs, memory, *ratios, count, limits, reached])
    return _lines((*head, "rounds", "limit", "reached"), table)


def _bound(cell: dict, words: str = "at least ") -> str:
    """The prefix of a number of a tool that was stopped before its end."""
    return words if cell.get("stopped") else ""


def _times(cell: dict) -> str:
    return f"{_bound(cell)}{cell['wall']:.2f} / {cell['cpu']:.2f}"


def _ordered(rows: list[dict]) -> dict[str, Cells]:
    table: dict[str, Cells] = {}
    for row in sorted(rows, key=lambda row: list(WORDS).index(row["scenario"])):
        table.setdefault(row["scenario"], {})[row["tool"]] = row
    return table


def _by(rows: list[dict], key: str, scenario: str, tool: str) -> dict[str, Cells]:
    """The rows of a scenario, for the subjects that `tool` has rows of."""
    names = dict.fromkeys(row[key] for row in rows if row["scenario"] == scenario and row["tool"] == tool)
    return {n: {r["tool"]: r for r in rows if r[key] == n and r["scenario"] == scenario} for n in names}


def _outputs(outputs: dict) -> list[str]:
    """How many files of each kind every tool has written, which shows that equal work is compared."""
    suffixes = list(dict.fromkeys(s for tools in outputs.values() for counts in tools.values() for s in counts))
    cells = [
        [subject, tool, *(str(counts.get(suffix, 0)) for suffix in suffixes)]
        for subject, tools in outputs.items()
        for tool, counts in tools.items()
    ]
    missing = [
        f"{subject} {suffix}"
        for subject, tools in outputs.items()
        for suffix in (".cmi", ".cmx", ".o", ".cmt", ".cmti", ".cmxa")
        if tools.get(OURS, {}).get(suffix, 0) < tools.get("dune", {}).get(suffix, 0)
    ]
    text = "No kind has fewer files than dune's, apart from bytecode, by which dune makes interfaces."
    if missing:
        text = f"Fewer than dune's: {', '.join(missing)}."
    return ["### Files written", "", *_lines(("", "tool", *suffixes), cells), "", text, ""] if cells else []


def _facts(facts: dict) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return (
        f"-j{facts['jobs']}; {versions}; {facts['machine']}. Times are medians, memory is the largest process at its "
        "peak; runs are those of compilers. Columns of several numbers have the tools in the order of the columns "
        "before. Ratios are ours to theirs, of wall and of CPU time, and the worse of the two has to keep the limit."
    )


def _lines(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = list(head)
    return [_row(names), _row(["---"] * len(names)), *map(_row, rows)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


# Plots

ROW, BAR, LEFT, COLUMN = 64, 16, 150, 230


def bars(rows: list[dict]) -> str:
    """A grid of horizontal bars of wall time: scenarios by projects, each cell with a scale of its own."""
    subjects = _subjects(rows)
    scenarios = [name for name in WORDS if any(r["scenario"] == name and r["subject"] in subjects for r in rows)]
    width, height = LEFT + COLUMN * len(subjects) + 10, 40 + ROW * len(scenarios)
    parts = [_text(LEFT + COLUMN * n, 20, subject, "bold") for n, subject in enumerate(subjects)]
    for line, scenario in enumerate(scenarios):
        y = 36 + ROW * line
        parts += [_text(10, y + 12 + 13 * n, word, "bold") for n, word in enumerate(WORDS[scenario].split(", "))]
        for column, subject in enumerate(subjects):
            cells = {r["tool"]: r for r in rows if (r["subject"], r["scenario"]) == (subject, scenario)}
            parts += _cell(LEFT + COLUMN * column, y, cells)
    return _picture(width, height, parts)


def _cell(x: int, y: int, cells: Cells) -> list[str]:
    parts = []
    longest = max((cell["wall"] for cell in cells.values()), default=1)
    for number, (tool, cell) in enumerate((t, cells[t]) for t in COLOURS if t in cells):
        length, top = max(1, (COLUMN - 130) * cell["wall"] / longest), y + BAR * number
        parts.append(f'<rect x="{x}" y="{top}" width="{length:.0f}" height="{BAR - 3}" fill="{COLOURS[tool]}"/>')
        parts.append(_text(x + length + 5, top + BAR - 5, f"{tool} {_bound(cell)}{_seconds(cell['wall'])}"))
    return parts


def growth_lines(rows: list[dict], width: int = 560, height: int = 320) -> str:
    """Null builds: seconds of wall time by the number of modules."""
    points = [(_size(r["subject"]), r["wall"], r["tool"]) for r in rows if _is_null_of_tree(r)]
    if not points:
        return _picture(width, 40, [_text(10, 20, "no null builds of generated trees")])
    most, longest = max(size for size, _, _ in points), max(wall for _, wall, _ in points)
    across, up = (width - 170) / most, (height - 80) / longest
    parts = [_text(60, 20, "null build: seconds by number of modules", "bold")]
    parts.append(f'<path d="M60 30 V{height - 40} H{width - 100}" fill="none" stroke="black"/>')
    parts += [_text(60 + n * across - 15, height - 24, f"{n:,}") for n in sorted({size for size, _, _ in points})]
    parts += [_text(20, height - 37 - longest * up * part, f"{longest * part:.1f}") for part in (0, 0.5, 1)]
    for tool, colour in COLOURS.items():
        own = [(60 + size * across, height - 40 - wall * up) for size, wall, name in sorted(points) if name == tool]
        if own:
            path = " ".join(f"{x:.0f},{y:.0f}" for x, y in own)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="{colour}"/>' for x, y in own]
            parts.append(_text(own[-1][0] + 8, own[-1][1] + 4, tool))
    return _picture(width, height, parts)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def _picture(width: float, height: float, parts: list[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}">{text}</text>'
