"""Generic code of the core is compiled into the extension that uses it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import HERE, once
from rpython_calls import ints
from test_stages import assert_same

SOURCES = HERE / "generic"
FUNCTIONS = (
    "t_functions",
    "t_star",
    "t_here",
    "t_methods",
    "t_space",
    "t_classes",
    "t_closures",
    "t_mixins",
    "t_state",
    "t_builders",
    "t_bigints",
)
CALLS = [call for name in FUNCTIONS for call in ints("ext", name, 0, 3, 12)] + ints("core", "c", 1, 4)
CALLS.append(("ext", "t_files", [str(SOURCES / "core.py")], "int"))


@pytest.fixture(scope="module")
def generic(toolchain, shared) -> Path:
    def make(folder: Path) -> None:
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc", "out"))
        toolchain.core(folder)
        toolchain.extension(folder, "ext")

    return once(shared / "generic", make)


@pytest.fixture
def project(generic, tmp_path) -> Path:
    shutil.copytree(generic, tmp_path / "project")
    return tmp_path / "project"


def test_calls(toolchain, generic):
    expected = toolchain.results("python", generic, CALLS, "core", "ext")
    assert_same(CALLS, toolchain.results("libraries", generic / "out", CALLS, "ext"), expected)
    stress = {"PYPY_GC_NURSERY": "32k", "PYPY_GC_MIN": "256k", "PYPY_GC_DEBUG": "2"}
    assert_same(CALLS, toolchain.results("libraries", generic / "out", CALLS, "ext", env=stress), expected)


def lines_of(path: Path) -> set[str]:
    return set(path.read_text().splitlines())


def test_bodies_that_were_used(generic):
    """Each has a digest, which is also in the core's list."""
    used = lines_of(generic / "out" / "ext.templates")
    assert used < lines_of(generic / "out" / "core.templates")
    names = {line.split()[1] for line in used}
    assert {"core.as_int", "core.sum_all", "core.W_Root.plus", "core.Mixin.weigh", "core.make_class"} <= names
    assert "core.double" not in names  # exported: the core's own function is called


def test_a_changed_body(toolchain, project):
    """The loaded core has the old one: init_module() reports it."""
    import subprocess
    import sys

    source = (project / "core.py").read_text()
    (project / "core.py").write_text(source.replace("return self.size() + as_int(x)", "return self.size() - as_int(x)"))
    toolchain.extension(project, "ext")
    load = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).init_module())"
    command = [sys.executable, "-c", load, project / "out" / "ext.so"]
    done = subprocess.run(command, capture_output=True, text=True)
    said = "ext.so: core.W_Root.plus of the core has changed, and is compiled in here; build ext.so again\n"
    assert (done.stdout, done.stderr) == ("1\n", said)


HEAD = "import core\nfrom core import W_Int, W_Root\nfrom sepcomp import entrypoint\n\n\n"
REFUSED = {
    "a leaf that is not exported": (
        "@entrypoint(int)\ndef f(n):\n    return core.through_hidden('%d' % n)\n",
        "core.py:{hidden}: error: core.hidden belongs to the core core but is not exported",
    ),
    "an override": (
        "class W_Own(W_Root):\n    def plus(self, x):\n        return 0\n\n\n"
        "@entrypoint(int)\ndef f(n):\n    return W_Own().plus(n)\n",
        "bad.py:13: error: class bad.W_Own makes attribute 'plus' a method, in the core it is a method of which each ",
    ),
    "a method that a class below has, too": (
        "@entrypoint(int)\ndef f(n):\n    return core.W_Root().generic(n)\n",
        "bad.py:8: error: class core.W_Root of the core has no attribute or method 'generic'",
    ),
    "a class of the core's own": (
        "W_Hidden = core._cache['hidden']\n\n\n@entrypoint(int)\ndef f(n):\n    return W_Hidden(n).size()\n",
        "bad.py:11: error: class bad.W_Hidden belongs to the core core, which does not use it",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(toolchain, project, what):
    source, message = REFUSED[what]
    (project / "bad.py").write_text(HEAD + source)
    lines = (project / "core.py").read_text().splitlines()
    message = message.format(hidden=lines.index("    return hidden(x)") + 1)
    said = toolchain.extension(project, "bad", rc=1).stderr
    assert said.startswith(f"{project}/{message}"), said
