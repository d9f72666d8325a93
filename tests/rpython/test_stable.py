"""Stable classes: an extension keeps working with a core in which their layout has changed."""

from __future__ import annotations

import shutil

from rpython_calls import ints

CORE = """from sepcomp import export, export_stable


@export_stable
class Account(object):
    def __init__(self, owner, amount):
        self.owner = owner
        self.amount = amount


@export(str, int)
def open_account(owner, amount):
    return Account(owner, amount)


@export(Account)
def amount_of(a):
    return a.amount
"""
EXTENSION = """import core
from sepcomp import entrypoint


@entrypoint(int)
def f(n):
    a = core.open_account("me", n)
    a.amount += 5
    a.owner = a.owner + "!"
    return core.amount_of(a) * 10 + len(a.owner)
"""
CALLS = ints("ext", "f", 7, -1)


def test_a_changed_layout(toolchain, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, change in ((old, ""), (new, "self.first = 1\n        self.ratio = 0.5\n        ")):
        folder.mkdir()
        (folder / "core.py").write_text(CORE.replace("self.owner = owner", change + "self.owner = owner"))
        (folder / "ext.py").write_text(EXTENSION)
        toolchain.core(folder)
    toolchain.extension(old, "ext", "--stable")
    expected = toolchain.results("python", old, CALLS)
    assert toolchain.results("libraries", old / "out", CALLS, "ext") == expected
    shutil.copy(old / "out" / "ext.so", new / "out")
    assert toolchain.results("libraries", new / "out", CALLS, "ext") == expected
