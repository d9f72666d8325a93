"""The imports between the rooms are those that the table in docs/architecture.md allows."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GROUND = "the ground floor"


class Row(NamedTuple):
    rooms: tuple[str, ...]
    allowed: str


def rows() -> list[Row]:
    """The rows of the table: names of modules and folders without their endings, and the text of the last column."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = re.search(r"\| room \|.*\n\|---.*\n((?:\|.*\n)+)", text)
    assert table, "docs/architecture.md has no table of rooms"
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]
    return [Row(tuple(re.findall(r"`(\w+)(?:/|\.py)`", first)), last) for first, *_, last in cells]


def forbidden() -> dict[str, list[str]]:
    """The rooms that each room must not import."""
    table = rows()
    ground = next(row.rooms for row in table if row.allowed == "each other")
    every = [room for row in table for room in row.rooms]
    found = {}
    for row in table:
        for room in row.rooms:
            found[room] = sorted(set(every) - {*ground, *row.rooms, *_allowed(row, every)})
    return found


def _allowed(row: Row, every: list[str]) -> set[str]:
    if row.allowed in ("each other", GROUND):
        return set()
    if row.allowed.startswith("everything"):
        return set(every)
    names = set(row.allowed.split(", "))
    assert names <= set(every), f"unknown rooms in the table: {names - set(every)}"
    return names


def contracts() -> str:
    """The table as a configuration of import-linter."""
    lines = ["[importlinter]", "root_package = rebel_tools", "exclude_type_checking_imports = True"]
    for room, others in forbidden().items():
        lines += [f"[importlinter:contract:{room}]", f"name = {room}", "type = forbidden"]
        lines += ["allow_indirect_imports = True", f"source_modules = rebel_tools.{room}", "forbidden_modules ="]
        lines += [f"    rebel_tools.{other}" for other in others]
    return "\n".join(lines) + "\n"


def test_the_table_names_every_room() -> None:
    package = ROOT / "rebel_tools"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    named = [room for row in rows() for room in row.rooms]
    assert sorted(named) == sorted(folders | modules)


def test_the_picture_shows_every_room() -> None:
    picture = (ROOT / "docs" / "architecture.md").read_text().partition("```\n")[2].partition("```")[0]
    folders = {path.parent.name for path in (ROOT / "rebel_tools").glob("*/__init__.py")}
    assert {name for name in folders if f"{name}/" not in picture} == set()


def test_each_module_says_what_it_is_about() -> None:
    """The tables and pages name some modules only; the first lines of all of them are the rest of the map."""
    sources = [path for path in (ROOT / "rebel_tools").rglob("*.py") if "sepcomp" not in path.parts]
    trees = {path: ast.parse(path.read_text()) for path in sources}
    assert [str(path) for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_no_import_runs_against_the_table(tmp_path: Path) -> None:
    pytest.importorskip("importlinter", reason="import-linter is not installed")
    # The sources for Python 2.7 import nothing of ours, and import-linter reads Python 3.
    shutil.copytree(ROOT / "rebel_tools", tmp_path / "rebel_tools", ignore=shutil.ignore_patterns("sepcomp", "*.pyc"))
    (tmp_path / ".importlinter").write_text(contracts())
    program = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    run = subprocess.run([*program, "--no-cache"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_only_the_room_scons_imports_scons() -> None:
    importing = re.compile(r"^\s*(?:import|from) SCons\b", re.MULTILINE)
    files = [path for path in (ROOT / "rebel_tools").rglob("*.py") if importing.search(path.read_text())]
    paths = [path.relative_to(ROOT / "rebel_tools") for path in files]
    outside = [str(path) for path in paths if path.parts[0] not in ("scons", "cli")]
    assert outside == []
