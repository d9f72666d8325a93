"""Every call into the translated programs returns what plain Python 2.7 returns for the same source."""

from __future__ import annotations

import subprocess

import pytest
from rpython_calls import ALL


@pytest.fixture(scope="module")
def expected(toolchain, built):
    return toolchain.results("python", built, ALL)


def assert_same(calls, found, expected):
    assert len(found) == len(expected) == len(calls)
    wrong = [(call, f, e) for call, f, e in zip(calls, found, expected) if f != e]
    assert not wrong, "\n".join(f"{m}.{fn}{tuple(a)}: {f!r}, in Python {e!r}" for (m, fn, a, _), f, e in wrong)


@pytest.mark.parametrize("order", [("ext_a", "ext_b"), ("ext_b", "ext_a")], ids=" ".join)
def test_both_load_orders(toolchain, built, expected, order):
    assert_same(ALL, toolchain.results("libraries", built / "out", ALL, *order), expected)


def test_collector_with_a_small_nursery(toolchain, built, expected):
    """Thousands of minor collections, and major ones all the time."""
    env = {"PYPY_GC_NURSERY": "32k", "PYPY_GC_MIN": "256k"}
    assert_same(ALL, toolchain.results("libraries", built / "out", ALL, "ext_a", "ext_b", env=env), expected)


def test_an_extension_exports_its_entry_points_only(built):
    lines = subprocess.run(["nm", "-D", "--defined-only", built / "out" / "ext_a.so"], capture_output=True, text=True)
    names = {line.split()[-1] for line in lines.stdout.splitlines()}
    entry_points = {function for module, function, _, _ in ALL if module == "ext_a"}
    assert names == entry_points | {"init_module"}
