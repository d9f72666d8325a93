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
    *ints("ext", "e_scale", *range(7)),
    *ints("ext", "e_held", *range(5)),
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


LEFT_OUT = {  # the parameters of an override of scaled(self, n, factor=3, offset=1) -> what its callers may do
    "self, n, factor=4, offset=1": "leave out factor, which is 3 then: it cannot have the default 4",
    "self, n, factor=3, offset=True": "leave out offset, which is 1 then: it cannot have the default True",
    "self, n, by=3, offset=1": "leave out factor or pass it by name: it needs a parameter of this name in the same",
    "self, n, offset=1, factor=3": "leave out factor or pass it by name",
    "self, *numbers": "leave out factor or pass it by name",
    "self, n": "leave out factor or pass it by name",
}


@pytest.mark.parametrize("parameters", LEFT_OUT)
def test_an_override_is_called_as_the_callers_mean(toolchain, silent, tmp_path, parameters):
    """A caller that does not know the override fills in the defaults of the core, and passes names by position."""
    folder = tmp_path / "project"
    shutil.copytree(silent, folder)
    override = f"class W_New(W_Root):\n    def scaled({parameters}):\n        return 5\n\n\n"
    entry = "@entrypoint(int)\ndef f(n):\n    return core.scale(W_New(), n)\n"
    (folder / "bad.py").write_text(HEAD + override + entry)
    said = toolchain.extension(folder, "bad", rc=1).stderr
    where = f"{folder}/bad.py:{HEAD.count(chr(10)) + 2}: error: bad.W_New.scaled overrides core.W_Root.scaled"
    assert said.startswith(f"{where}, whose callers may {LEFT_OUT[parameters]}"), said


def test_a_name_that_overrides_need_not_keep(toolchain, silent, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(silent, folder)
    (folder / "bad.py").write_text(HEAD + "@entrypoint(int)\ndef f(n):\n    return W_Root().scaled(n=n)\n")
    said = toolchain.extension(folder, "bad", rc=1).stderr
    reason = "what is called as core.W_Root.scaled may have another name for the argument n; pass it by position"
    assert said.startswith(f"{folder}/bad.py:{HEAD.count(chr(10)) + 3}: error: {reason}"), said


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


SET = {  # a statement that runs when the module is imported -> the name that it sets
    "core.describe = length": "core.describe",
    "core.LIST = [5]": "core.LIST",
    "W_Root.about = length": "core.W_Root.about",
    "setattr(core.W_Special, 'about', length)": "core.W_Special.about",
    "W_Root.names = []": "core.W_Root.names",
}


@pytest.mark.parametrize("statement", SET)
def test_names_of_the_core_are_not_set(toolchain, silent, tmp_path, statement):
    """The core that is loaded later would not see it."""
    folder = tmp_path / "project"
    shutil.copytree(silent, folder)
    (folder / "bad.py").write_text(HEAD + statement + "\n\n\n" + ENTRY + "    return n\n")
    said = toolchain.extension(folder, "bad", rc=1).stderr
    place = f"{folder}/bad.py:{HEAD.count(chr(10)) + 1}"
    assert said.startswith(f"{place}: error: {SET[statement]} belongs to the core, and is set when this"), said
