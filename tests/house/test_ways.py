"""The ways through the code in docs/architecture.md lead along existing files and functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "rebel_tools"


def stations() -> Iterator[tuple[str, str]]:
    """(file, names of functions and classes in it) for every step of the ways."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    ways = text.partition("## Four ways through the code")[2].partition("\n## ")[0]
    for row in re.findall(r"\|([^|\n]*)\|\n", ways):
        file = ""
        for word in re.findall(r"`([^`]+)`", row):
            if word.endswith(".py"):
                file = word
                yield file, ""
            elif file:
                yield file, word


FOUND = sorted(set(stations()))


def test_there_are_ways() -> None:
    assert len({file for file, _ in FOUND}) > 40


@pytest.mark.parametrize(("file", "name"), FOUND)
def test_a_station_exists(file: str, name: str) -> None:
    (path,) = [path for path in PACKAGE.rglob("*.py") if path.as_posix().endswith(f"/rebel_tools/{file}")]
    for part in name.split(".") if name else ():
        assert re.search(rf"^\s*(?:def|class) {part}\b", path.read_text(), re.MULTILINE), f"{file} has no {part}"
