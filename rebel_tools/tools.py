"""The external programs and libraries: where each is found, what it is needed for and how to install it.

`rebel doctor` prints this table, and MissingTool errors take their hints from it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from rebel_tools.errors import MissingTool

PROGRAM, FINDLIB, PYTHON = "program", "findlib", "python"

_BS_PLATFORM = "npm install bs-platform@9.0.2, in the project's folder (or set {} to the path of another one)"
_WINDOWS = "cores and extension modules for Windows"


@dataclass(frozen=True)
class Tool:
    """One program or library that has to be installed.

    kind: a program, a findlib library or a Python package.
    needed_by: what does not work without it.
    install: the command that installs it on Debian and Ubuntu, and the usual alternative if there is one.
    required: whether the main job, building a pure OCaml project, needs it.
    variable: the environment variable that overrides the search on PATH.
    version: the arguments that make a program print its version; none for one that has no such arguments.
    minimum: the oldest version that works.
    on_path: whether a program of that name on PATH is the right one.
    npm: the program's file name in the npm package bs-platform.
    """

    name: str
    kind: str
    needed_by: str
    install: str
    required: bool = False
    variable: str | None = None
    version: tuple[str, ...] = ("--version",)
    minimum: tuple[int, ...] = ()
    on_path: bool = True
    npm: str | None = None


def _ocaml(name: str, needed_by: str, required: bool = True) -> Tool:
    install = "apt-get install ocaml (or: opam switch create 4.14.2)"
    return Tool(name, PROGRAM, needed_by, install, required, version=("-version",), minimum=(4, 8))


def _linker(name: str, package: str) -> Tool:
    return Tool(f"ld.{name}", PROGRAM, "`rebel.linker`", f"apt-get install {package}")


def _gcc(name: str, needed_by: str, package: str, required: bool = False) -> Tool:
    install = f"apt-get install {package}"
    return Tool(name, PROGRAM, needed_by, install, required, version=("-dumpfullversion", "-dumpversion"))


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("scons", PYTHON, "every build", "pip install scons", required=True, minimum=(4, 4)),
        Tool("pyelftools", PYTHON, "reading ELF files", "pip install pyelftools", required=True),
        Tool("pefile", PYTHON, "reading PE files", "pip install pefile", required=True),
        Tool(
            "ocamlfind",
            PROGRAM,
            "OCaml",
            "apt-get install ocaml-findlib (or: opam install ocamlfind)",
            required=True,
            variable="OCAMLFIND",
            version=("query", "-format", "%v", "findlib"),
        ),
        _ocaml("ocamlc", "OCaml, all engines"),
        _ocaml("ocamlopt", "OCaml, engine native"),
        _ocaml("ocamldep", "OCaml"),
        _ocaml("ocamllex", "a lexer (.mll)", required=False),
        _ocaml("ocamlyacc", "a grammar (.mly)", required=False),
        Tool("menhir", PROGRAM, "a grammar (.mly) for menhir", "apt-get install menhir (or: opam install menhir)"),
        Tool(
            "cppo",
            PROGRAM,
            "a source with cppo's directives",
            "apt-get install cppo (or: opam install cppo)",
            version=(),  # Debian's prints an empty line
        ),
        Tool("odoc", PROGRAM, "`rebel doc`", "apt-get install ocaml-odoc (or: opam install odoc)"),
        Tool(
            "utop", PROGRAM, "`rebel top --utop`", "apt-get install utop (or: opam install utop)", version=("-version",)
        ),
        Tool("ocaml", PROGRAM, "`rebel top`", "apt-get install ocaml (or: opam install ocaml)", version=("-version",)),
        Tool("ocamlformat", PROGRAM, "`rebel fmt`", "opam install ocamlformat"),
        Tool("dot", PROGRAM, "`rebel graph --svg`", "apt-get install graphviz", version=("-V",)),
        _gcc("gcc", "linking OCaml programs; C cores", "gcc", required=True),
        _gcc("g++", "cores written in C++", "g++"),
        _linker("mold", "mold"),
        _linker("lld", "lld"),
        _linker("gold", "binutils"),
        _linker("bfd", "binutils"),
        Tool("refmt", PROGRAM, "Reason (.re, .rei)", _BS_PLATFORM.format("REFMT"), variable="REFMT", npm="refmt.exe"),
        # 0.22 is the first ppxlib with one syntax tree for all compilers.
        Tool(
            "ppxlib",
            FINDLIB,
            "Reason (.re, .rei)",
            "apt-get install libppxlib-ocaml-dev (or: opam install ppxlib)",
            minimum=(0, 22),
        ),
        Tool(
            "js_of_ocaml", PROGRAM, "OCaml, engine jsoo", "apt-get install js-of-ocaml (or: opam install js_of_ocaml)"
        ),
        Tool(
            "bsc",
            PROGRAM,
            "OCaml, engine bucklescript",
            _BS_PLATFORM.format("BSC"),
            variable="BSC",
            on_path=False,  # npm's own wrapper is a script that would start node for every module
            version=("-version",),
            npm="bsc.exe",
        ),
        Tool("node", PROGRAM, "running what jsoo and bucklescript make", "apt-get install nodejs"),
        _gcc("x86_64-w64-mingw32-gcc", _WINDOWS, "gcc-mingw-w64-x86-64"),
        _gcc("i686-w64-mingw32-gcc", _WINDOWS, "gcc-mingw-w64-i686"),
        _gcc("x86_64-w64-mingw32-g++", _WINDOWS, "g++-mingw-w64-x86-64"),
        _gcc("i686-w64-mingw32-g++", _WINDOWS, "g++-mingw-w64-i686"),
        Tool("make", PROGRAM, "RPython", "apt-get install make"),
        Tool("python2.7", PROGRAM, "RPython", "python -m rebel_tools.rpython.setup (or: pyenv install 2.7.18)"),
    )
}


def find(name: str, *, environ: Mapping[str, str] = os.environ, root: str | None = None) -> str | None:
    """The absolute path of a program; None when it is not found.

    Looked up in this order: the environment variable of the tool (a name or a path), $PATH, the folder of this Python
    (a virtual environment need not be activated), and for refmt and bsc node_modules/bs-platform in `root` and all
    folders above it. A python2.7 (also PyPy) must work; it is also searched under pyenv and in .tools of `root`.
    """
    if name == "python2.7":
        from rebel_tools.rpython.python27 import find_python27

        return find_python27((os.path.join(os.path.abspath(root or "."), ".tools"),))
    tool = TOOLS.get(name) or Tool(name, PROGRAM, "", "")
    chosen = environ.get(tool.variable or "")
    if chosen:
        return _which(chosen, environ.get("PATH"))
    found = None
    if tool.on_path:
        found = _which(name, environ.get("PATH")) or _which(name, os.path.dirname(sys.executable))
    if not found and tool.npm:
        found = _in_bs_platform(tool.npm, os.path.abspath(root or "."))
    return found


def npm_package(program: str) -> str | None:
    """The npm package that a program belongs to; None when it is not below node_modules."""
    mark = os.path.join(os.sep, "node_modules", "")
    if mark not in program:
        return None
    real = os.path.realpath(program)  # files in .bin are symbolic links
    names = (real if mark in real else program).rpartition(mark)[2].split(os.sep)
    return "/".join(names[:2]) if names[0].startswith("@") else names[0]


def install_hint(name: str) -> str:
    """The command that installs the tool or findlib library `name`."""
    if name in TOOLS:
        return TOOLS[name].install
    package = name.partition(".")[0].lower().replace("_", "-")
    return f"apt-get install lib{package}-ocaml-dev (or: opam install {name.partition('.')[0]})"


def require(name: str, *, environ: Mapping[str, str] = os.environ, root: str | None = None) -> str:
    """The absolute path of a program. Errors: MissingTool, with the command that installs it."""
    found = find(name, environ=environ, root=root)
    if found is None:
        raise missing(name, environ)
    return found


def missing(name: str, environ: Mapping[str, str] = os.environ) -> MissingTool:
    """The error that says that `name` is not installed, what needs it and how to install it."""
    tool = TOOLS.get(name)
    what = {FINDLIB: "the findlib library ", PYTHON: "the Python package "}.get(tool.kind if tool else FINDLIB, "")
    message = f"{what}{name} is not installed"
    chosen = environ.get(tool.variable or "") if tool else None
    if tool and chosen:
        message = f"${tool.variable} is {chosen}, which is not a program"
    needs = f"; {tool.needed_by} needs it" if tool else ""
    return MissingTool(message + needs, hint=install_hint(name))


def _which(name: str, path: str | None) -> str | None:
    found = shutil.which(name, path=path)
    return os.path.abspath(found) if found else None


def _in_bs_platform(program: str, root: str) -> str | None:
    """`program` in the nearest npm package bs-platform: in <platform>/, or in lib/ before version 8."""
    platform = sys.platform if sys.platform == "win32" else re.sub(r"\d+$", "", sys.platform)
    folder = root
    while True:
        for below in (platform, "lib"):
            path = os.path.join(folder, "node_modules", "bs-platform", below, program)
            if os.access(path, os.X_OK):
                return path
        if folder == os.path.dirname(folder):
            return None
        folder = os.path.dirname(folder)
