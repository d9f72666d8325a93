"""The SCons tool: what is translated again after which edit, and which files remain."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, exported_names
from hang import SECONDS
from test_interrupted import wait_for

CORE = """import os
from importlib import import_module
from rpython.rlib.objectmodel import specialize
from sepcomp import export

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'helpers')
NAMES = sorted(name for name in os.listdir(FOLDER) if name.endswith('.py') and name != '__init__.py')
triple = import_module('helpers.' + NAMES[0][:-3]).triple  # found by listing a folder


@export(int)
def six(n):
    return triple(n) * 2


@specialize.argtype(0)
def generic(x):
    return 0


@specialize.argtype(0)
def generic_too(x):
    return 1
"""
HELPER = "def triple(n):\n    return n * 3\n"
EXTENSION = """import core
from sepcomp import entrypoint

from words import FIRST


@entrypoint(int)
def f(n):
    return core.six(n) + len(FIRST) + core.generic(n)
"""
SCONSTRUCT = """import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=['default', 'rpython'], toolpath=[rebel_tools.TOOLPATH], RPYTHON_PATH={rpython!r},
                  RPYTHON_PYTHON={python!r})
core = env.RPythonCore('build/core', 'src/core.py')
env.RPythonExtension('build/ext', 'src/ext.py', CORE=core)
"""
TARGETS = {f"core.{kind}" for kind in ("interface", "exports", "templates", "d")}
TARGETS |= {"libcore.so", "ext.so", "ext.templates", "ext.d"}


class Project:
    def __init__(self, root: Path, toolchain):
        self.root = root
        sources = {"core": CORE, "helpers/__init__": "", "helpers/numbers": HELPER, "ext": EXTENSION}
        for name, text in {**sources, "words": "FIRST = 'one'\n"}.items():
            self.write(name, text)
        (root / "SConstruct").write_text(SCONSTRUCT.format(rpython=toolchain.rpython, python=toolchain.python))

    def write(self, name: str, text: str) -> None:
        path = self.root / "src" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def scons(self, *arguments: str, rc: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "SCons", "-Q", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=SECONDS,
        )
        assert done.returncode == rc, done.stdout + done.stderr
        return done.stdout + done.stderr

    def translated(self, *arguments: str) -> list[str]:
        """What one run of scons translates: "core", "ext"."""
        lines = self.scons(*arguments).splitlines()
        return [line.split("--name ")[1].split()[0] for line in lines if "--name " in line]

    def targets(self) -> dict[str, bytes]:
        build = self.root / "build"
        return {path.name: path.read_bytes() for path in build.iterdir() if path.is_file() and path.suffix != ".log"}

    def contents(self) -> dict:
        """The targets, byte for byte; for libraries, in which two types may swap their type ids, the symbols."""
        targets = self.targets()
        return {n: exported_names(self.root / "build" / n) if n.endswith(".so") else targets[n] for n in targets}

    def files(self) -> set[str]:
        return {p.name for p in (self.root / "build").rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def project(toolchain, tmp_path_factory) -> Project:
    """Built once; the tests of this module follow each other on it."""
    project = Project(tmp_path_factory.mktemp("scons"), toolchain)
    assert project.translated("-j2") == ["core", "ext"]
    return project


def call(project: Project, n: int) -> int:
    script = (
        "import ctypes, sys; e = ctypes.CDLL(sys.argv[1]); assert e.init_module() == 0; e.f.restype = ctypes.c_long; "
        "print(e.f(ctypes.c_long(int(sys.argv[2]))))"
    )
    command = [sys.executable, "-c", script, str(project.root / "build" / "ext.so"), str(n)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def interrupt(project: Project, name: str) -> None:
    """Press Ctrl-C while scons translates `name`: the target does not exist, not even a part of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "SCons", "-Q"],
        cwd=project.root,
        start_new_session=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    wait_for(project.root / "build" / f"{name}.sepcomp", process)
    os.killpg(process.pid, signal.SIGINT)
    text = process.communicate(timeout=SECONDS)[0]
    assert process.returncode != 0 and "Traceback" not in text, text
    assert f"{name}.so" not in project.targets() and not (project.root / "build" / f"{name}.sepcomp").exists()


def refuse_another_core(project: Project, library: bytes) -> None:
    """A library that does not match the interface stops the build before an extension is translated."""
    build = project.root / "build"
    (build / "ext.so").unlink()
    (project.root / "empty.c").write_text("int nothing;\n")
    subprocess.run(["gcc", "-shared", "-o", build / "libcore.so", project.root / "empty.c"], check=True)
    text = project.scons(rc=2)
    assert "does not keep build/core.interface" in text and "--name ext" not in text and "Traceback" not in text
    assert not {"ext.so", "core.exports"} & set(project.targets())
    (build / "libcore.so").write_bytes(library)
    assert project.translated() == ["ext"]


@pytest.mark.xdist_group("rpython-scons")
def test_edits(project):
    """One test, because each step needs the state that the previous one left."""
    clean, library = project.contents(), project.targets()["libcore.so"]
    assert set(clean) == TARGETS and call(project, 5) == 33
    assert project.scons() == "scons: `.' is up to date.\n"
    refuse_another_core(project, library)
    project.write("words", "FIRST = 'three'\n")
    interrupt(project, "ext")
    assert project.translated() == ["ext"] and call(project, 5) == 35
    project.write("helpers/numbers", HELPER.replace("n * 3", "n * 4"))
    # The interface is the same, so the extension is not translated.
    assert project.translated() == ["core"] and call(project, 5) == 45
    assert project.translated() == []
    project.write("helpers/numbers", HELPER)
    project.write("core", "# a comment\n\n" + CORE)
    project.write("words", "FIRST = 'one'\n")
    assert project.translated("-j8") == ["core", "ext"]  # each with other jobs than at first
    assert project.contents() == clean and call(project, 5) == 33  # incremental, with -j8 and another comment
    project.write("core", CORE.replace("def six", "# another\ndef six").replace("return 1", "return 2"))
    text = project.scons()
    assert "--name core" in text and "--name ext" not in text  # nor for generic code that it does not use
    assert project.translated() == []
    project.write("core", CORE.replace("return 0", "return 7"))
    assert project.translated() == ["core", "ext"] and call(project, 5) == 40  # but for code that is compiled into it
    project.write("core", CORE.replace("@export(int)", "@export(int, int)").replace("six(n)", "six(n, m)"))
    text = project.scons(rc=2)  # a different interface: the extension is translated again, and refused
    assert "ext.py:9: error: " in text and "Traceback" not in text
    assert "ext.so" not in project.files()
    project.scons("-c")
    assert project.files() == set()
    assert not list((project.root / "src").rglob("*.pyc"))


def test_no_python27_is_said(tmp_path, toolchain):
    project = Project(tmp_path, toolchain)
    (tmp_path / "SConstruct").write_text(SCONSTRUCT.format(rpython=toolchain.rpython, python="no-such-python"))
    text = project.scons(rc=2)
    assert "no-such-python is no working Python 2.7" in text and "pyenv install 2.7.18" in text


def test_no_rpython_is_said(tmp_path, toolchain):
    project = Project(tmp_path, toolchain)
    (tmp_path / "SConstruct").write_text(SCONSTRUCT.format(rpython=str(tmp_path), python=toolchain.python))
    assert f"$RPYTHON_PATH: there is no rpython package in {tmp_path}" in project.scons(rc=2)


def test_the_interpreter_example(tmp_path, toolchain):
    """The translated interpreter, with both extension modules, prints the same as the source in Python 2.7."""
    folder = tmp_path / "example"
    ignore = shutil.ignore_patterns("build", ".scons*")
    shutil.copytree(ROOT / "examples" / "rpython-interpreter", folder, ignore=ignore)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "RPYTHON_PATH": toolchain.rpython}
    subprocess.run([sys.executable, "-m", "SCons", "-Q"], cwd=folder, env=env, check=True, timeout=SECONDS)
    script = "import sys, mini; sys.stdout.write(mini.run(open('demo.mini').read(), '.'))"
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT / "rebel_tools" / "rpython"), toolchain.rpython])
    plain = subprocess.run([toolchain.python, "-B", "-c", script], cwd=folder, env=env, capture_output=True, text=True)
    assert (folder / "build" / "demo.txt").read_text() == plain.stdout
    assert "caught" in plain.stdout


def test_keywords_of_a_call(toolchain, tmp_path) -> None:
    """srcdir= and construction variables apply to the call only; two main modules are an error with a place."""
    project = Project(tmp_path, toolchain)
    head = SCONSTRUCT.format(rpython=toolchain.rpython, python=toolchain.python).partition("core = ")[0]
    call = "env.RPythonCore({}, 'core.py', srcdir=Dir('src'), RPYTHON_OPT='1')\n"
    second = "env.RPythonExtension('b/ext', ['ext.py'], CORE=core, srcdir='src', RPYTHON_GC='boehm')\n"
    (tmp_path / "SConstruct").write_text(head + "core = " + call.format("['b/core']") + second)
    said = project.scons("-n", "b")
    assert " core src/core.py " in said and "--opt 1" in said and " extension src/ext.py " in said
    (tmp_path / "SConstruct").write_text(head + call.format("['b/core', 'b/other']"))
    said = project.scons("-n", rc=2)
    assert "RPython translates one main module into one library" in said and 'SConstruct", line 5' in said
