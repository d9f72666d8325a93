#!/usr/bin/env python3
"""Summarizes logs of edit_sequence.py, as tables for docs/reliability.md.

    python tests/ocaml/edit_report.py FILE...

A sequence that ended in a difference counts up to that point; the difference is named.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Step = Mapping[str, Any]

CIRCUMSTANCES = {
    "workspace": "workspace members",
    "rules": "rules of packages: lexers, grammars, commands",
    "stub": "code of C that flags name",
    "preprocessor": "a preprocessor that reads other files",
    "coarse": "time stamps of whole seconds",
    "cache": "a cache that all builds share",
    "scripted": "an SConstruct with the tool `ocaml`",
}


def steps_of(paths: list[str]) -> Iterator[Step]:
    for path in paths:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def tables(steps: list[Step]) -> Iterator[str]:
    """The lines of the report, in Markdown."""
    done = [step for step in steps if "difference" not in step]
    edits = Counter(kind for step in done for kind in step["kinds"])
    kills = Counter((kill["whom"], kill["signal"]) for step in done for kill in step["kills"])
    compared = [step for step in done if step["programs"] and step["kinds"]]
    seeds = sorted({step["seed"] for step in steps})
    differences = [step for step in steps if "difference" in step]
    yield f"{edits.total():,} edits in {len(seeds)} projects, before {sum(bool(s['kinds']) for s in done):,} builds;"
    yield f"{sum(len(s['kinds']) for s in compared):,} of them end in {len(compared):,} builds of programs that were"
    yield f"compared with those of a clean build; {kills.total()} kills while a command ran;"
    yield f"{len(differences)} differences."
    commits = list(dict.fromkeys(step["commit"] for step in steps))
    yield from ("", f"Seeds: {', '.join(_ranges(seeds))}. Commits: {', '.join(commits)}.", "")
    yield from _table("edit", edits)
    yield from _table("way of building", Counter(step["way"] for step in done for _ in step["kinds"]))
    among = Counter(name for step in done for key, name in CIRCUMSTANCES.items() if step[key] for _ in step["kinds"])
    among["a folder with a hostile name"] = sum(len(s["kinds"]) for s in done if s["folder"] != "project")
    yield from _table("in a project with", among)
    yield from _table("killed", Counter({f"{whom}, {signal}": n for (whom, signal), n in kills.items()}))
    for step in differences:
        yield f"- seed {step['seed']}: {_what(step['difference'])}"


def _what(difference: str) -> str:
    """The first line after the history."""
    lines = (line for line in difference.splitlines()[1:] if not re.match(r"  \d+\. ", line))
    return next(lines, difference)


def _table(what: str, counted: Counter[str]) -> Iterator[str]:
    yield f"| {what} | number |"
    yield "|---|---|"
    for name, number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"| {name.replace('_', ' ')} | {number} |"
    yield ""


def _ranges(numbers: list[int]) -> Iterator[str]:
    first = last = None
    for number in [*numbers, None]:
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None:
            yield f"{first}" if first == last else f"{first} to {last}"
        first = last = number


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", nargs="+", help="a file that edit_sequence.py --log has written")
    print("\n".join(tables(list(steps_of(parser.parse_args().log)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
