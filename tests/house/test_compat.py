"""rebel_tools/scons/compat.py is the only list of undocumented features of SCons that are used."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("SCons", reason="SCons is not installed")
importlib.import_module("SCons.Script")

from rebel_tools.scons.compat import OVERRIDDEN, PUBLIC, READ  # noqa: E402 (SCons has to be loaded by its own front door)

PACKAGE = Path(__file__).resolve().parent.parent.parent / "rebel_tools"
COMPAT = PACKAGE / "scons" / "compat.py"
FILES = [path for path in PACKAGE.rglob("*.py") if "sepcomp" not in path.parts and path != COMPAT]
OTHER_NAMES = re.compile(r"^import (SCons\S*) as _", re.MULTILINE)
LISTED = set(OTHER_NAMES.findall(COMPAT.read_text()))
# Names of SCons that begin with `_` and may occur elsewhere, because classes of ours override them.
PRIVATE = {name for names in OVERRIDDEN.values() for name in names if name.startswith("_") and name != "__init__"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def names_of_scons(tree: ast.AST) -> Iterator[str]:
    """What is imported from modules of SCons, or looked up in them, without the modules themselves."""
    found = {name for name in imported(tree) if name.startswith("SCons.")}
    found |= {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for name in found:
        if re.match(r"SCons(\.\w+)+$", name) and not any(other.startswith(f"{name}.") for other in PUBLIC):
            yield name


def private_names(tree: ast.AST) -> Iterator[str]:
    """Private names that are looked up in SCons, or in anything but the class's own object."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            whole = ast.unparse(node)
            is_own = re.match(r"(self|cls|super\(\))\.", whole) is not None
            if whole.startswith("SCons.") or (node.attr in PRIVATE - {"__call__"} and not is_own):
                yield whole


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nobody_else_touches_what_is_listed(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not LISTED & set(imported(tree))
    assert list(private_names(tree)) == []
    assert [name for name in names_of_scons(tree) if not is_public(name)] == []


def is_public(name: str) -> bool:
    """Whether a name is in PUBLIC, or is a method that OVERRIDDEN names."""
    owner, _, last = name.rpartition(".")
    return name in PUBLIC or owner in PUBLIC and last in OVERRIDDEN.get(owner, ())


def test_all_public_names_are_used() -> None:
    trees = [ast.parse(path.read_text()) for path in FILES if "SCons" in path.read_text()]
    looked_up = {ast.unparse(node) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert set(PUBLIC) - looked_up - {name for tree in trees for name in imported(tree)} == set()


def test_there_is_a_list() -> None:
    assert {"SCons.Script.Main", "SCons.Taskmaster", "SCons.SConsign"} <= LISTED
    assert {"_children_reset", "_generate_cache", "_create_nodes"} <= PRIVATE


@pytest.mark.parametrize("owner", sorted({*OVERRIDDEN, *READ}))
def test_all_of_it_is_there(owner: str) -> None:
    module, _, name = owner.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    names = (*OVERRIDDEN.get(owner, ()), *READ.get(owner, ()))
    assert [each for each in names if not hasattr(found, each)] == []
