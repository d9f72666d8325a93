"""An object space in PyPy's style as core, and a mixed module for it as extension."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import HERE, once
from test_stages import assert_same

SOURCES = HERE / "space"
RUNS = [
    ("repeat", 2, "ab"),
    ("repeat", 7, "ab"),
    ("repeat", 2, ""),
    ("made", 1, ""),
    ("step_all", 4, ""),
    ("made", 1, ""),
    ("kind", 3, ""),
    ("none", 1, ""),
]
CALLS = [
    *[("core", "c_run", [name, n], "str") for name in ("add", "loud") for n in (3, 4)],
    *[("ext", "e_run", list(run), "str") for run in RUNS],
    ("ext", "e_calls", [3], "int"),
]


@pytest.fixture(scope="module")
def mixed(toolchain, shared) -> Path:
    def make(folder: Path) -> None:
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc", "out"))
        toolchain.core(folder)
        toolchain.extension(folder, "ext")

    return once(shared / "space", make)


def test_calls(toolchain, mixed):
    expected = toolchain.results("python", mixed, CALLS, "core", "ext")
    assert "16 ValueError: cannot step -1 from 7" in expected
    assert_same(CALLS, toolchain.results("libraries", mixed / "out", CALLS, "ext"), expected)
    stress = {"PYPY_GC_NURSERY": "32k", "PYPY_GC_MIN": "256k", "PYPY_GC_DEBUG": "2"}
    assert_same(CALLS, toolchain.results("libraries", mixed / "out", CALLS, "ext", env=stress), expected)
