"""What could silently go wrong: memo functions, names, and state that only one library may have."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import HERE, once
from rpython_calls import ints
from test_stages import assert_same

SOURCES = HERE / "silent"
CALLS = [
    *[("ext", "e_describe", [a, (a * 3 + 1) % 7], "str") for a in range(7)],
    *[("ext", "e_about", [n], "str") for n in range(7)],
    *[("ext", "e_who", [n], "str") for n in range(2)],
    *[("ext", "e_state", [n], "str") for n in range(1, 12)],
    ("core", "c_file", [str(SOURCES / "core.py"), str(SOURCES)], "int"),
    *ints("core", "c_all", 1, 3),
]


@pytest.fixture(scope="module")
def silent(toolchain, shared) -> Path:
    def make(folder: Path) -> None:
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc", "out"))
        toolchain.core(folder)
        toolchain.extension(folder, "ext")

    return once(shared / "silent", make)


def test_calls(toolchain, silent):
    assert_same(
        CALLS,
        toolchain.results("libraries", silent / "out", CALLS, "ext"),
        toolchain.results("python", silent, CALLS, "core", "ext"),
    )


HEAD = """import core
from core import W_Root
from sepcomp import entrypoint


def length(container):
    return len(container)


"""
ENTRY = "@entrypoint(int)\ndef f(n):\n    core.change(n)\n"
HELD = {  # an expression for state of the core -> its name in the message
    "core.BYTES[n]": "core.BYTES",
    "core.R_DICT['n']": "core.R_DICT",
    "core.WEAK.get('w') is None": "core.WEAK",
    "int(core.RANDOM.random() * 1000)": "core.RANDOM",
    "core.STRUCT.x": "core.STRUCT",
    "core.RAW[1]": "core.RAW",
    "core.CLOSED.count": "core.CLOSED",
    "core.R_DICT.get('n', 0)": "core.R_DICT",
    "length(core.BYTES if n > 3 else bytearray('x'))": "core.BYTES",
}


@pytest.mark.parametrize("expression", HELD)
def test_state_of_the_core_is_never_copied(toolchain, silent, tmp_path, expression):
    folder = tmp_path / "project"
    shutil.copytree(silent, folder)
    (folder / "bad.py").write_text(HEAD + ENTRY + f"    return {expression}\n")
    said = toolchain.extension(folder, "bad", rc=1).stderr
    line = HEAD.count("\n") + 4
    assert said.startswith(f"{folder}/bad.py:{line}: error: {HELD[expression]} belongs to the core core"), said


INDIRECT = {
    "closure": "def make(items):\n    def g():\n        return length(items)\n    return g\n\n\ng = make(core.BYTES)\n",
    "default": "def g(items=core.R_DICT):\n    return items['n']\n",
    "attribute": "class A(object):\n    pass\n\n\nA.items = core.RAW\n\n\ndef g():\n    return A.items[1]\n",
    "instance": "class A(object):\n    def __init__(self):\n        self.items = core.STRUCT\n\n\nHOLDER = A()\n\n\n"
    "def g():\n    return HOLDER.items.x\n",
    "in a list": "HOLDER = [[1], core.BYTES]\n\n\ndef g():\n    return length(HOLDER[1])\n",
}
KEPT = {  # what an extension does with a list -> the reason for the refusal
    "core.WORDS.append('while')": "this would make a list or dict of the core hold something more general",
    "core.LIST.append('x')": "one variable, list or attribute cannot hold both int and str",
}


@pytest.mark.parametrize("statement", KEPT)
def test_a_list_keeps_its_type(toolchain, silent, tmp_path, statement):
    folder = tmp_path / "project"
    shutil.copytree(silent, folder)
    (folder / "bad.py").write_text(HEAD + ENTRY + f"    {statement}\n    return n\n")
    said = toolchain.extension(folder, "bad", rc=1).stderr
    assert said.startswith(f"{folder}/bad.py:{HEAD.count(chr(10)) + 4}: error: {KEPT[statement]}"), said


@pytest.mark.parametrize("what", INDIRECT)
def test_nor_on_a_detour(toolchain, silent, tmp_path, what):
    folder = tmp_path / "project"
    shutil.copytree(silent, folder)
    (folder / "bad.py").write_text(HEAD + INDIRECT[what] + "\n\n" + ENTRY + "    return g()\n")
    said = toolchain.extension(folder, "bad", rc=1).stderr
    assert said.startswith(f"{folder}/bad.py:") and " belongs to the core core" in said, said


IMPORTED = {  # a statement that runs when the module is imported -> what it changes
    "core.LIST.append(3)": "core.LIST",
    "core.change(3)": "core.DICT",
    "core.DICT['z'] = 1": "core.DICT",
    "W_Root.names.append('z')": "core.W_Root.names",
}


@pytest.mark.parametrize("statement", IMPORTED)
def test_what_an_import_changes_is_not_lost(toolchain, silent, tmp_path, statement):
    """The change would only exist in the process that translates."""
    folder = tmp_path / "project"
    shutil.copytree(silent, folder)
    (folder / "bad.py").write_text(HEAD + statement + "\n\n\n" + ENTRY + "    return n\n")
    said = toolchain.extension(folder, "bad", rc=1).stderr
    place, what = f"{folder}/bad.py:{HEAD.count(chr(10)) + 1}", IMPORTED[statement]
    assert said.startswith(f"{place}: error: {what} belongs to the core, and is changed"), said
