"""The examples, as a user runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def example(project):
    """A function that copies one example into the project's folder."""

    def copy(name: str):
        shutil.copytree(EXAMPLES / name, project.root, dirs_exist_ok=True)
        return project

    return copy


def test_a_c_core_with_two_extensions_is_built_and_run(example):
    project = example("core-c")
    run = project.scons("-Q", "run")
    assert run.out.splitlines()[-2:] == ["42", "69"]


def test_a_cxx_core_with_a_derived_class_and_an_exception_is_built_and_run(example):
    project = example("core-cpp")
    assert project.scons("-Q", "run").out.splitlines()[-1] == "46"


@pytest.mark.parametrize("cross", ["x86_64-w64-mingw32-", "i686-w64-mingw32-"])
def test_the_same_c_core_for_windows(example, cross):
    if not shutil.which(cross + "gcc"):
        pytest.skip(f"needs {cross}gcc")
    project = example("core-c")
    project.scons(f"CROSS={cross}")
    build = project.path("build") / cross.rstrip("-")
    assert '"layout"' in (build / "core.exports").read_text()
    assert (build / "ext_sum.dll").exists()
    decorated = "core_scale@8" if cross.startswith("i686") else "core_scale"
    assert f'"exported_as": "{decorated}"' in (build / "core.exports").read_text()


REFUSED = {
    "missing": [
        "core_add: interface says an exported function, library has no such export (declared at core.h:7)",
        "[missing-symbol]",
    ],
    "argument": [
        "core_add: argument 1 (a): interface says int (4 bytes), library has long (8 bytes) (declared at core.h:7)"
    ],
    "result": ["core_add: result: interface says int (4 bytes), library has long (8 bytes) (declared at core.h:7)"],
    "field": [
        "struct point: y: interface says offset 4, library has offset 8 (declared at core.h:2) [wrong-layout]",
        "used by core_area",
    ],
    "data": ["core_add: interface says a function, library has data (declared at core.h:7) [wrong-kind]"],
    "hidden": ["core_add: interface says an exported function", "but does not export it", "[hidden-symbol]"],
}


@pytest.mark.parametrize("broken", REFUSED)
def test_a_broken_core_is_refused_with_the_reason(example, broken):
    project = example("core-broken")
    run = project.scons("-Q", broken, rc=2)
    for words in REFUSED[broken]:
        assert words in run.err
    assert "Traceback" not in run.text
    assert not project.path(f"build/{broken}/core.exports").exists()
    assert not project.path(f"build/{broken}/libext.so").exists()


def test_the_core_that_is_not_broken_gets_its_extension(example):
    project = example("core-broken")
    project.scons("-Q")
    assert project.path("build/good/libext.so").exists()
