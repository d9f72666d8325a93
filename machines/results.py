"""The results of the tests on one machine, which are kept in a file between runs and rendered as a page."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

NAMES = {"bullseye": "11", "bookworm": "12", "trixie": "13"}

_HEAD = """# Tested systems

This page shows on which systems the tests pass; it was written by `python bootstrap.py matrix`. Each row is a bare
Debian, made by debootstrap, on which `python3 bootstrap.py` (set up, build an example with scons, run it) and then
`python3 bootstrap.py test` ran, with Debian's own Python, OCaml and gcc, and SCons from PyPI. CONTRIBUTING.md explains
the tiers.

"""
_COLUMNS = (
    "Debian",
    "Python",
    "OCaml",
    "ppxlib",
    "gcc",
    "SCons",
    "user",
    "set up",
    "tier",
    "passed",
    "failed",
    "skipped",
    "commit",
)


class Counts(NamedTuple):
    """passed: how many. failed: the names of the tests. skipped: how many for each reason."""

    passed: int
    failed: tuple[str, ...]
    skipped: dict[str, int]


class Row(NamedTuple):
    """One run of the tests: suite, user and SCons identify it; `built`: whether the setup and the example succeeded.

    versions: of the programs on the machine, by name. counts: None if the tests did not finish.
    """

    suite: str
    user: str
    scons: str
    tier: str
    commit: str
    built: bool
    versions: dict[str, str]
    counts: Counts | None

    @property
    def passed(self) -> bool:
        return self.built and self.counts is not None and self.counts.passed > 0 and not self.counts.failed

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.suite, self.user, self.scons, self.tier


def read_junit(path: Path) -> Counts | None:
    """The counts in a report of pytest; None if there is none, or it is incomplete."""
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (FileNotFoundError, ElementTree.ParseError):
        return None
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skips = [found.get("message", "") for case in cases for found in case.findall("skipped")]
    names = tuple(sorted({f"{case.get('classname')}::{case.get('name')}" for case in failed}))
    return Counts(len(cases) - len(failed) - len(skips), names, dict(sorted(Counter(skips).items())))


def load(path: Path) -> list[Row]:
    """The rows of earlier runs; none if the file does not exist."""
    if not path.exists():
        return []
    rows = [Row(**plain) for plain in json.loads(path.read_text())]
    return [row._replace(counts=Counts(*row.counts) if row.counts else None) for row in rows]


def save(path: Path, rows: Iterable[Row]) -> None:
    path.write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n")


def merged(rows: Sequence[Row], new: Row) -> list[Row]:
    """The rows, with `new` instead of an earlier row of the same run."""
    known = {row.key: row for row in rows}
    return sorted({**known, new.key: new}.values(), key=lambda row: (NAMES[row.suite], row.scons, row.user, row.tier))


def render(rows: Sequence[Row]) -> str:
    """The page, in Markdown."""
    table = [_COLUMNS, ("---",) * len(_COLUMNS), *map(_cells, rows)]
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in table)
    return _HEAD + text + "".join(map(_notes, rows))


def _cells(row: Row) -> tuple[str, ...]:
    versions = [row.versions.get(name) or "-" for name in ("python", "ocaml", "ppxlib", "gcc", "scons")]
    counts = ("did not end", "", "")
    if row.counts:
        counts = (str(row.counts.passed), str(len(row.counts.failed)), str(sum(row.counts.skipped.values())))
    return (_debian(row), *versions, row.user, "yes" if row.built else "no", row.tier, *counts, row.commit)


def _debian(row: Row) -> str:
    return row.versions.get("debian") or NAMES[row.suite]


def _notes(row: Row) -> str:
    """Which tests failed, and why others were skipped."""
    if row.counts is None or not (row.counts.failed or row.counts.skipped):
        return ""
    failed = [f"- failed: `{name}`\n" for name in row.counts.failed]
    skipped = [f"- {count} skipped: {reason}\n" for reason, count in row.counts.skipped.items()]
    return f"\n## Debian {_debian(row)}, {row.user}, SCons {row.versions.get('scons')}, {row.tier}\n\n" + "".join(
        failed + skipped
    )
