"""Two mixed modules in the style of pypy/module, as extensions of a small interpreter that imports them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import HERE, once
from test_stages import assert_same

SOURCES = HERE / "mixed"
MODULES = ("mod_deques", "mod_digests")


def programs(*names: str) -> list:
    """Calls that run these programs, and return their output."""
    return [("core", "execute", [(SOURCES / f"{name}.txt").read_text().rstrip("\n")], "str") for name in names]


CALLS = programs("builtins", "deques", "digests", "deques", "digests")


@pytest.fixture(scope="module")
def mixed(toolchain, shared) -> Path:
    def make(folder: Path) -> None:
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc", "out"))
        toolchain.core(folder)
        for name in MODULES:
            toolchain.extension(folder, name)

    return once(shared / "mixed", make)


@pytest.fixture(scope="module")
def expected(toolchain, mixed) -> list:
    found = toolchain.results("python", mixed, CALLS, "core", *MODULES)
    assert "deque([3, 1, 2])" in found[1] and "secret-0bd002ff" in found[2]
    return found


@pytest.mark.parametrize("order", [MODULES, MODULES[::-1]], ids=" ".join)
def test_programs(toolchain, mixed, expected, order):
    assert_same(CALLS, toolchain.results("libraries", mixed / "out", CALLS, *order), expected)


def test_collector_with_a_small_nursery(toolchain, mixed, expected):
    stress = {"PYPY_GC_NURSERY": "32k", "PYPY_GC_MIN": "256k", "PYPY_GC_DEBUG": "2"}
    assert_same(CALLS, toolchain.results("libraries", mixed / "out", CALLS, *MODULES, env=stress), expected)


def test_one_module_only(toolchain, mixed, expected):
    """A module that no extension has installed cannot be imported."""
    found = toolchain.results("libraries", mixed / "out", programs("digests", "deques"), "mod_digests")
    assert found[1].startswith(
        "ImportError: No module named _collections\nNameError: name '_collections' is not defined"
    )


NONE = """import core
from interpreter.space import space
from sepcomp import entrypoint


def find(n):
    if n > 3:
        return None
    return space.newint(n)


@entrypoint(int)
def e_repr(n):
    return space.text_w(space.repr(find(n)))
"""


def test_what_may_be_none_is_looked_at(toolchain, mixed, tmp_path):
    """A function of the core that does not accept None is never given one."""
    folder = tmp_path / "project"
    shutil.copytree(mixed, folder)
    (folder / "none.py").write_text(NONE)
    toolchain.extension(folder, "none")
    calls = [("none", "e_repr", [n], "str") for n in (3, 4)]
    assert toolchain.results("libraries", folder / "out", calls, "none") == ["3", "escaped: AssertionError"]
