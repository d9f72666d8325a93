"""Every refusal, in every stage of a translation, with its message, file and line (test_refused has more)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from conftest import HERE, SEPCOMP

MARKS = "from sepcomp import entrypoint, export, export_class, export_stable, initializer\n"
LOW = """from rpython.rlib import rgc, rsiphash, rthread; from rpython.rlib.objectmodel import instantiate
from rpython.rtyper.lltypesystem import lltype, rffi
from rpython.translator.tool.cbuild import ExternalCompilationInfo
"""
F = "@entrypoint(int)\ndef f(n):\n"

LOADED = {  # while the program is loaded: source of core.py, of other.py, message
    "syntax": (MARKS + "def f(n:\n    return n\n", "", "core.py:2: error: invalid syntax\n  def f(n:\n         ^\n"),
    "syntax of another module": ("import other\n", "x = 1\nx =\n", "other.py:2: error: invalid syntax"),
    "what a module raises": (
        "import other\n",
        "def g(n):\n    return 1 / n\n\ng(0)\n",
        "other.py:2: error: ZeroDivisionError: integer division or modulo by zero",
    ),
    "no such module": (MARKS + "import nothing\n", "", "core.py:2: error: ImportError: No module named nothing"),
    "no type": (
        MARKS + "@export(int, 3)\ndef f(n, m):\n    return n\n",
        "",
        "core.py:2: error: TypeError: @export: 3 is no type; write int, float, bool, str,",
    ),
    "no type of a list": (
        MARKS + "\n@export([])\ndef f(n):\n    return n\n",
        "",
        "core.py:3: error: TypeError: @export: []",
    ),
    "list without a type": (
        MARKS + "@export(list)\ndef f(n):\n    return n\n",
        "",
        "core.py:2: error: TypeError: @export: <",
    ),
    "no result": (
        MARKS + "@export(result=5)\ndef f():\n    return 1\n",
        "",
        "core.py:2: error: TypeError: @export: 5 is no ",
    ),
    "another option": (
        MARKS + "@export(results=int)\ndef f():\n    return 1\n",
        "",
        "core.py:2: error: TypeError: @export: result= is the only option",
    ),
    "no function": (
        MARKS + "@entrypoint(int)\nclass A(object):\n    pass\n",
        "",
        "core.py:3: error: TypeError: @entrypoint(types...) stands above a function, not above <class 'core.A'>",
    ),
    "no types": (
        MARKS + "@entrypoint\ndef f(n):\n    return n\n",
        "",
        "core.py:2: error: TypeError: @entrypoint: write the types of the arguments",
    ),
    "no class": (
        MARKS + "@export_class\ndef f(n):\n    return n\n",
        "",
        "core.py:2: error: TypeError: @export_class stands above a class, not above <function f",
    ),
}


@pytest.mark.parametrize("what", LOADED)
def test_while_a_program_is_loaded(toolchain, tmp_path, what):
    source, other, message = LOADED[what]
    (tmp_path / "core.py").write_text(source)
    (tmp_path / "other.py").write_text(other)
    refused(toolchain.sepcomp("core", "core.py", "--output-dir", "out", cwd=tmp_path, rc=1), tmp_path, message)


def refused(done, folder: Path, message: str) -> None:
    assert done.stderr.startswith(f"{folder}/{message}"), done.stderr
    assert done.stderr.count("error: ") == 1 or "C compiler" in done.stderr
    assert "Traceback" not in done.stderr and not list((folder / "out").glob("*.so"))


CORES = {
    "numbers of types": (
        "@export(int, int)\ndef f(n):\n    return n\n",
        "2: error: @export gives 2 types, core.f takes 1 arguments",
    ),
    "a method of frozen objects": (
        "class Space(object):\n    def _freeze_(self):\n        return True\n\n"
        "    @export(int)\n    def wrap(self, n):\n        return n\n",
        "6: error: core.Space.wrap is a method of frozen objects, and no module holds one",
    ),
    "numbers of arguments": (
        "@export_class\nclass A(object):\n    def m(self, a):\n        return a\n\n"
        "class B(A):\n    def m(self, a, b=2):\n        return a + b\n\n"
        + F
        + "    B().m(1, 2)\n    return (A() if n else B()).m(n)\n",
        "3: error: implementations of core.A.m take different numbers of arguments",
    ),
    "two of a name": (F + "    return n\n\n" + F + "    return 1\n", "6: error: there is another @entrypoint f, at "),
    "a word of C": (
        "@entrypoint(int)\ndef double(n):\n    return n * 2\n",
        "2: error: @entrypoint double: a function of C cannot have this name",
    ),
    "ours": (
        "@entrypoint()\ndef init_module():\n    return 0\n",
        "2: error: @entrypoint init_module: a function of C cannot have this name",
    ),
    "no name": ("f = entrypoint(int)(lambda n: n)\n", "2: error: @entrypoint <lambda>: a function of C cannot have"),
    "an initializer": (
        "@initializer\ndef setup():\n    pass\n\n\n" + F + "    return n\n",
        "2: error: @initializer is for extensions, whose init_module() calls setup(); a core runs no code when it is",
    ),
    "siphash": (
        "from rpython.rlib import rsiphash\n" + F + "    rsiphash.enable_siphash24()\n    return n\n",
        "5: error: enable_siphash24() cannot be used: its seed would differ between core and extensions",
    ),
    "threads": (
        "from rpython.rlib import rthread\n\n\ndef run():\n    pass\n\n\n"
        + F
        + "    rthread.start_new_thread(run, ())\n    return n\n",
        "11: error: rthread is used, and the core has no threads: translate the core with --thread",
    ),
    "flow": (F + "    exec 'x = 1'\n    return n\n", "4: error: exec statement is not RPython"),
    "annotation": (
        F + "    return [n, 'x'][0]\n",
        "4: error: one variable, list or attribute cannot hold both int and str",
    ),
    "rtyping": (F + "    return int([n] < [2])\n", "4: error: unimplemented operation: 'lt' on "),
}


@pytest.mark.parametrize("what", CORES)
def test_of_a_core(toolchain, tmp_path, what):
    source, message = CORES[what]
    (tmp_path / "core.py").write_text(MARKS + source)
    refused(
        toolchain.sepcomp("core", "core.py", "--output-dir", "out", cwd=tmp_path, rc=1), tmp_path, "core.py:" + message
    )


HEAD = "import core\n" + MARKS + LOW + "\n\n"  # user code starts on line 8
EXTENSIONS = {
    "nothing": ("x = 1\n", "1: error: nothing is marked with @entrypoint or @initializer"),
    "numbers of types": (
        "@entrypoint(int, int)\ndef f(n):\n    return n\n",
        "8: error: @entrypoint has 2 types, f() takes 1 arguments",
    ),
    "a word of C": (
        "@entrypoint()\ndef short():\n    return 1\n",
        "8: error: @entrypoint short: a function of C cannot",
    ),
    "constant of a class": (
        F + "    w = core.new_int(n)\n    w.kind = n\n    return n\n",
        "11: error: 'kind' is a method or class constant of the core and cannot be assigned to",
    ),
    "argument of a method": (
        F + "    return len(core.new_int(n).describe(n))\n",
        "10: error: argument prefix of method core.W_Root.describe of the core is str, it was given int",
    ),
    "a lock": (
        F + "    rthread.allocate_lock().acquire(True)\n    return n\n",
        "10: error: rthread.allocate_lock() is called, and the core has no threads: translate the core with --thread",
    ),
    "a field of threads": (
        "FIELD = rthread.ThreadLocalField(lltype.Signed, 'mine')\n\n\n" + F + "    FIELD.setraw(n)\n    return n\n",
        "13: error: the core has no ThreadLocalField 'mine'",
    ),
    "threads": (
        "def run():\n    pass\n\n\n" + F + "    rthread.start_new_thread(run, ())\n    return n\n",
        "14: error: rthread is used, and the core has no threads: translate the core with --thread",
    ),
    "rtyping": (F + "    table = {(n, [1]): 2}\n    return len(table)\n", "10: error: no hashing function for "),
    "no such header": (
        "eci = ExternalCompilationInfo(includes=['nothing.h'])\n"
        "absolute = rffi.llexternal('abs', [rffi.INT], rffi.INT, compilation_info=eci)\n\n\n"
        + F
        + "    return int(absolute(rffi.cast(rffi.INT, n)))\n",
        "8: error: the C compiler failed:\n  common_header.h:",
    ),
    "no such function of C": (
        "missing = rffi.llexternal(\n    'no_such_function', [rffi.INT], rffi.INT)\n\n\n"
        + F
        + "    return int(missing(rffi.cast(rffi.INT, n)))\n",
        "9: error: the C compiler failed:\n",
    ),
    "what only the core's GC can do": (
        F + "    return len(rgc.get_rpy_roots()) + n\n",
        "8: error: f() uses the GC in a way that extensions cannot (rgc.get_rpy_roots()); a function of the core can",
    ),
    "an instance of some class": (
        "class W_New(core.W_Int):\n    pass\n\n\n"
        + F
        + "    w = instantiate(W_New if n else core.W_Int)\n    return w.intval\n",
        "14: error: an instance of a class that is known only at run time cannot be made here, for the class may be "
        "core.W_Int of the core; test which one it is, and name it",
    ),
    "a name of C's library": ("@entrypoint(int)\ndef printf(n):\n    return n\n", "8: error: the C compiler failed:\n"),
}


@pytest.fixture(scope="module")
def project(built, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("refusals") / "project"
    shutil.copytree(built, folder)
    (folder / "out" / "ext_a.so").unlink()
    (folder / "out" / "ext_b.so").unlink()
    return folder


@pytest.mark.parametrize("what", EXTENSIONS)
def test_of_an_extension(toolchain, project, what):
    source, message = EXTENSIONS[what]
    (project / "bad.py").write_text(HEAD + source)
    done = toolchain.extension(project, "bad", rc=1)
    assert done.stderr.startswith(f"{project}/bad.py:{message}"), done.stderr
    assert "Traceback" not in done.stderr and not (project / "out" / "bad.so").exists()


OPTIONS = {
    "error: --type-reserve -1: must not be negative": (("--type-reserve", "-1"), {}),
    "error: the C compiler no-such-compiler does not run: ": ((), {"CC": "no-such-compiler"}),
}


@pytest.mark.parametrize("message", OPTIONS)
def test_of_options(toolchain, tmp_path, monkeypatch, message):
    """An error in an option or a tool names that, and no source."""
    options, env = OPTIONS[message]
    (tmp_path / "core.py").write_text(MARKS)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    said = toolchain.sepcomp("core", "core.py", "--output-dir", "out", *options, cwd=tmp_path, rc=1).stderr
    assert said.startswith(message), said


def test_no_rpython(toolchain, tmp_path):
    (tmp_path / "core.py").write_text(MARKS)
    without = type(toolchain)(toolchain.python, str(tmp_path))
    said = without.sepcomp("core", "core.py", "--output-dir", "out", cwd=tmp_path, rc=1).stderr
    assert said.startswith("error: the rpython package cannot be imported (No module named "), said


RAISE = re.compile(r"raise (?:\w+\.)?(?:SepcompError|InterfaceError|SetupError|AnnotatorError|TyperError|TypeError)\(")
STRING = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"")
OWN_CHECKS = {  # sepcomp's checks of itself and of files that it wrote, which no source can trigger
    "has another low-level type here than in the core",
    ", which no extension can lay out",
    " is a prebuilt instance of ",
    "no module of the core ",
    " cannot be used by extensions: no module of the core leads to its base ",
    ": no interface of an RPython core in version ",
    " was translated with another rpython package",
    "; build the core again",
}


def refusals() -> list[tuple[str, list[str]]]:
    """[(FILE:LINE of a raise, the constant parts of its message)] of all sources of sepcomp."""
    found = []
    for path in sorted(SEPCOMP.rglob("*.py")):
        text = path.read_text()
        for match in RAISE.finditer(text):
            rest = text[match.end() : match.end() + 500]
            message, position = "", 0
            while literal := STRING.match(rest, position):  # adjacent literals, over several lines
                message += literal.group(1) or literal.group(2) or ""
                position = literal.end() + len(re.match(r"\s*", rest[literal.end() :]).group())
            parts = [part for part in re.split(r"%[-\d]*[srd%]", message.replace("\\n", "\n")) if len(part) > 5]
            if parts:
                found.append((f"{path.relative_to(SEPCOMP)}:{text[: match.start()].count(chr(10)) + 1}", parts))
    return found


def test_every_refusal_is_tested():
    """The message of each `raise` of a refusal is at least partly expected by a test."""
    expected = "\n".join(
        re.sub(r"\"\s*\n\s*f?\"", "", path.read_text())
        for path in sorted(HERE.glob("test_*.py"))
        if path != Path(__file__)
    )
    expected += re.sub(r"\"\s*\n\s*f?\"", "", Path(__file__).read_text().split("RAISE = ")[0])
    places = refusals()
    assert len(places) > 40
    untested = [
        (place, parts)
        for place, parts in places
        if not any(part.removeprefix(":1:").strip(" ;:,")[:34] in expected for part in parts)
        and not OWN_CHECKS & set(parts)
    ]
    assert not untested, untested
