"""An interpreter in the style of public ones, whose sources know nothing of sepcomp, and an extension of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import HERE, once
from rpython_calls import ints
from test_stages import assert_same

SOURCES = HERE / "machine"


def texts(module: str, function: str, *arguments: str) -> list:
    return [(module, function, [a], "str") for a in arguments]


CALLS = [
    *texts("machine", "m_run", "3 double + 4", "7", "5 text", "3 times 3"),
    *ints("machine", "m_rest", 0, 1, 5),
    *texts("rational", "r_run", "3 / 4 show", "7 / 2 double", "8 half double text", "5 double"),
    *texts("rational", "r_unknown", "zip", "show"),
    *ints("rational", "r_evaluate", 5),
    *ints("rational", "r_alike", 5, 6),
    *[("rational", "r_types", [n], "str") for n in range(4)],
    *ints("rational", "r_space", 1, 20),
    *texts("rational", "r_join", "b", ""),
]


@pytest.fixture(scope="module")
def machine(toolchain, shared) -> Path:
    """The sources, and below `out` the core and the extension."""

    def make(folder: Path) -> None:
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc"))
        toolchain.core(folder, "machine", "--depfile", "out/machine.d")
        toolchain.extension(folder, "rational", core="machine")

    return once(shared / "machine", make)


@pytest.fixture
def project(machine, tmp_path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(machine, folder)
    return folder


def results(toolchain, machine, **env) -> list:
    return toolchain.results("libraries", machine / "out", CALLS, "rational", env=env)


def test_calls(toolchain, machine):
    expected = toolchain.results("python", machine, CALLS)
    assert "escaped: Unknown: zip" in expected
    assert_same(CALLS, results(toolchain, machine), expected)
    stress = {"PYPY_GC_NURSERY": "32k", "PYPY_GC_MIN": "256k", "PYPY_GC_DEBUG": "2"}
    assert_same(CALLS, results(toolchain, machine, **stress), expected)


def test_what_was_read(machine):
    words = (machine / "out" / "machine.d").read_text().split()
    assert {"machine.py", "prims/", "prims/arithmetic.py", "vm/space.py"} <= set(words)
    assert not [word for word in words if word.startswith("/")]


THREADS = """
import ctypes, sys, threading
extension = ctypes.CDLL(sys.argv[1])
assert extension.init_module() == 0
wrong = []
extension.r_run.restype = ctypes.c_char_p

def work(n):
    for i in range(300):
        if extension.r_run(b"%d / 4 show" % (n * 1000 + i)) != b"%d/4" % (n * 1000 + i):
            wrong.append((n, i))

threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(wrong))
"""


def test_eight_threads(machine):
    """Only one runs at a time; a result belongs to the calling thread."""
    command = [sys.executable, "-c", THREADS, machine / "out" / "rational.so"]
    env = {**os.environ, "PYPY_GC_NURSERY": "32k"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


AGAIN = """import machine
from sepcomp import entrypoint, initializer
from vm.objects import AbstractObject


class State(object):
    tries = 0


class Own(AbstractObject):
    def __init__(self, n):
        self.n = n


STATE = State()
OWN = Own(41)


@initializer
def setup():
    STATE.tries += 1
    if STATE.tries < 2:
        raise OSError(2, "not there")


@entrypoint(int)
def f(n):
    kept = [Own(i) for i in range(n)]
    return OWN.n * 100 + STATE.tries + len(kept)
"""
TRY = """
import _ctypes, ctypes, sys
extension = ctypes.CDLL(sys.argv[1])
print(extension.f(1), [extension.init_module() for _ in range(3)], extension.f(5000), flush=True)
_ctypes.dlclose(extension._handle)
other = ctypes.CDLL(sys.argv[2])
print(other.init_module(), other.r_evaluate(5))
"""


def test_an_initializer_that_fails_once(toolchain, project):
    """A failed import may be repeated; and closing a library does not remove its types."""
    (project / "again.py").write_text(AGAIN)
    toolchain.extension(project, "again", core="machine")
    out = project / "out"
    command = [sys.executable, "-c", TRY, out / "again.so", out / "rational.so"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["-1 [1, 0, 0] 9102", "0 2009"], done.stderr
    assert done.stderr == "again.so: the initializer setup() raised OSError: [Errno 2] No such file or directory\n"


HEAD = """import machine
from rpython.rlib import rgc
from rpython.rtyper.lltypesystem import lltype
from sepcomp import entrypoint
from vm.objects import AbstractObject, Class, Integer
from vm.primitives import Unary
from vm.space import TypeDef, W_Root, space


"""
REFUSED = {
    "trace hook": (
        "S = lltype.GcStruct('S', ('x', lltype.Signed), rtti=True)\n"
        "def trace(gc, obj, callback, arg):\n    pass\nlambda_trace = lambda: trace\n"
        "@entrypoint(int)\ndef f(n):\n"
        "    rgc.register_custom_trace_hook(S, lambda_trace)\n    return lltype.malloc(S).x\n",
        "16: error: rgc.register_custom_trace_hook() cannot be used in an extension",
    ),
    "attribute that is read of a class": (
        "class W_Own(W_Root):\n    kind = 5\n\n"
        "@entrypoint(int)\ndef f(n):\n    return machine.about(W_Own()) is None\n",
        "10: error: class bad.W_Own derives from vm.space.W_Root of the core, and may not define kind: "
        "the core reads kind of classes that it gets at run time (x.__class__.kind)",
    ),
    "result of a function": (
        "def g(receiver, universe):\n    return 5\n\n"
        "@entrypoint(int)\ndef f(n):\n    return Unary('x', machine.current(), g) is None\n",
        "10: error: the core calls g and expects vm.objects.AbstractObject of it, it returns int",
    ),
    "arguments of a function": (
        "def g(receiver):\n    return receiver\n\n"
        "@entrypoint(int)\ndef f(n):\n    return Unary('x', machine.current(), g) is None\n",
        "10: error: signature mismatch: g() takes exactly 1 argument (2 given)",
    ),
    "list that is resized": (
        "@entrypoint(int)\ndef f(n):\n    numbers = [n]\n    numbers.append(n)\n    return machine.total(numbers)\n",
        "14: error: ",
    ),
    "memo function that raises": (
        "class Bad(TypeDef):\n    name = property(lambda self: self.missing)\n    def __init__(self):\n        pass\n\n"
        "class W_Own(W_Root):\n    typedef = Bad()\n\n"
        "@entrypoint(int)\ndef f(n):\n    return len(machine.about(W_Own()))\n",
        "10: error: vm.space.Space.gettype(Space object, Bad object), which the core asks at run time, raises "
        "AttributeError",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(toolchain, project, what):
    source, message = REFUSED[what]
    (project / "bad.py").write_text(HEAD + source)
    said = toolchain.extension(project, "bad", rc=1, core="machine").stderr
    assert said.startswith(f"{project}/bad.py:{message}"), said
    assert "Traceback" not in said and not (project / "out" / "bad.so").exists()


def test_two_modules_of_one_name(toolchain, project):
    other = project / "other"
    (other / "vm").mkdir(parents=True)
    shutil.copy(project / "rational.py", other)
    for path in (project / "vm").glob("*.py"):
        shutil.copy(path, other / "vm")
    where = ("--core", "../out/machine.interface", "--core-library", "../out/libmachine.so", "--path", "..")
    said = toolchain.sepcomp("extension", "rational.py", *where, cwd=other, rc=1).stderr
    assert said.startswith(f"{other}/vm/__init__.py:1: error: this is module vm of the core or hides it"), said


ENTRY = "from rpython.rlib.entrypoint import entrypoint_highlevel\nfrom rpython.rtyper.lltypesystem import rffi\n"
ENTRY += "from sepcomp import entrypoint\n\n\n@entrypoint_highlevel('main', [rffi.INT])\ndef f(n):\n    return n\n\n\n"
ENTRY += "@entrypoint(int)\ndef g(n):\n    return n\n"
CORES = {
    "gc": ("", ("--gc", "boehm"), "error: --gc boehm: unknown; a core can have incminimark, minimark"),
    "another decorator": (ENTRY, (), "{}:6: error: @entrypoint_highlevel is of no effect in a library of sepcomp"),
    "package": (
        "from sepcomp import export_package\nimport os\nexport_package('os')\n",
        (),
        "{}:1: error: export_package('os'): this is no module below the folders of the program",
    ),
}


@pytest.mark.parametrize("what", CORES)
def test_refused_core(toolchain, tmp_path, what):
    source, options, message = CORES[what]
    (tmp_path / "core.py").write_text(source)
    said = toolchain.sepcomp("core", "core.py", "--output-dir", "out", *options, cwd=tmp_path, rc=1).stderr
    assert said.startswith(message.format(tmp_path / "core.py")), said
    assert not (tmp_path / "out" / "libcore.so").exists()


@pytest.mark.skipif(not shutil.which("x86_64-w64-mingw32-gcc"), reason="x86_64-w64-mingw32-gcc is not installed")
def test_windows_is_refused(toolchain, tmp_path, monkeypatch):
    (tmp_path / "core.py").write_text("")
    monkeypatch.setenv("CC", "x86_64-w64-mingw32-gcc")
    said = toolchain.sepcomp("core", "core.py", cwd=tmp_path, rc=1).stderr
    assert said.startswith("error: $CC is x86_64-w64-mingw32-gcc, which makes programs for x86_64-w64-mingw32")


PLACES = """
import sys
from sepcomp.command import errors, messages
for error in (errors.SepcompError("x"), errors.InterfaceError("y"), KeyError("z"), AssertionError()):
    print messages.of(error, "main.py")
"""


def test_whatever_is_raised_has_a_place(toolchain):
    """An error of the toolchain without a place refers to the program."""
    path = os.pathsep.join([str(HERE.parents[1] / "rebel_tools" / "rpython"), toolchain.rpython])
    command = [toolchain.python, "-B", "-c", PLACES]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    lines = done.stdout.splitlines()
    assert lines == [f"main.py:1: error: {text}" for text in ("x", "y", "'z'", "AssertionError")], done.stderr
