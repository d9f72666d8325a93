"""Which modules a Python 2 source imports."""

from __future__ import annotations

import pytest

from rebel_tools.rpython.imports import candidates, imported_names

CASES = [
    ("import a", [(0, "a")]),
    ("import a.b as c, d", [(0, "a.b"), (0, "d")]),
    ("from a import b, c as d", [(0, "a"), (0, "a.b"), (0, "a.c")]),
    ("from a.b import (c,\n    d)", [(0, "a.b"), (0, "a.b.c"), (0, "a.b.d")]),
    ("from . import x", [(1, ""), (1, "x")]),
    ("from ..p import x", [(2, "p"), (2, "p.x")]),
    ("def f():\n    import late\n", [(0, "late")]),
    ("print 'x' \\\n  'y'\nimport a  # b", [(0, "a")]),
    ("importance = 1\n", []),
]


@pytest.mark.parametrize("text, expected", CASES, ids=[text for text, _ in CASES])
def test_names(text, expected):
    assert imported_names(text) == expected


def test_candidates_of_a_package():
    found = list(candidates(0, "a.b", "src/main.py", ["lib"]))
    assert found[:4] == ["src/a/__init__.py", "src/a.py", "src/a/b/__init__.py", "src/a/b.py"]
    assert "lib/a/b.py" in found


def test_candidates_of_a_relative_import():
    assert list(candidates(2, "x", "p/q/m.py", ["lib"])) == ["p/x/__init__.py", "p/x.py"]
