"""A small tree for each of the tools, which tests of SCons' options and functions build, edit and check."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from user_project import Project, Run

TOP = """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools={tools}, toolpath=[rebel_tools.TOOLPATH])
"""

# A script that loads an extension and prints its answer.
ASK = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).ask())"

PACKAGE = {
    "name": "app",
    "version": "1.0.0",
    "rebel": {"targets": [{"target": "app", "engine": "native", "entry": "src/main.ml"}]},
}


@dataclass(frozen=True)
class Kind:
    """What one tool builds.

    tools: of the environment; body: the calls, which name the nodes of the result `made` in the folder {out}, with
    sources from there. files: the sources below the top; edited: the one that `source(n)` changes to return `n`.
    results: the outputs that give the answer; again: the outputs that are made again after an edit of `edited`.
    """

    name: str
    tools: str
    body: str
    files: dict[str, str]
    edited: str
    source: Callable[[int], str]
    result: str
    ask: tuple[str, ...]
    wrong: str = "?"
    has_folder: bool = True


OCAML = Kind(
    name="ocaml",
    tools='["ocaml"]',
    body='made = env.OCamlProgram("{out}p", ["{out}main.ml", "{out}a.ml", "{out}b.ml", "{out}b.mli"])\n',
    files={
        "main.ml": "let () = print_int (A.v + B.zero)\n",
        "b.ml": "let zero = 0\nlet hidden = 1\n",
        "b.mli": "val zero : int\n",
    },
    edited="a.ml",
    source="let v = {}\n".format,
    result="p",
    ask=("./p",),
)

GATE = Kind(
    name="gate",
    tools='["default", "export_table"]',
    body="""\
core = env.SharedLibrary("{out}core", "{out}core.c")
interface = env.Interface("{out}core.interface", "{out}core.h")
table = env.ExportTable("{out}core.exports", [core, interface])
made = env.ExtensionModule("{out}ext", "{out}ext.c", CORE=table)
""",
    files={
        "core.h": "int answer(int);\n",
        "core.c": '#include "core.h"\nint answer(int x) { return x; }\n',
    },
    edited="ext.c",
    source='#include "core.h"\nint ask(void) {{ return answer({}); }}\n'.format,
    result="libext.so",
    ask=(sys.executable, "-c", ASK, "./libext.so"),
)

PACKAGES = Kind(
    name="rebel",
    tools='["rebel"]',
    body="made = env.Rebel()\n",
    files={"package.json": json.dumps(PACKAGE), "src/main.ml": "let () = print_int A.v\n"},
    edited="src/a.ml",
    source="let v = {}\n".format,
    result="_build/app/src/app.out",
    ask=("./_build/app/src/app.out",),
    has_folder=False,
)

KINDS = (OCAML, GATE, PACKAGES)


class Tree:
    """A project with the tree of one kind, whose answer is 1 at first.

    out: the folder of a variant, whose sources are those in `src`; before, after: lines of the SConstruct.
    """

    def __init__(self, project: Project, kind: Kind, out: str = "", before: str = "", after: str = "") -> None:
        self.project, self.kind, self.out = project, kind, out
        self.folder = "src/" if out else ""
        self._time = time.time() - 1000
        for path, text in kind.files.items():
            project.write(self.folder + path, text)
        self.edit(1)
        self.says_in(before, after)
        self.sources = set(project.snapshot())

    def says_in(self, before: str = "", after: str = "") -> None:
        """Write the SConstruct."""
        head = TOP.format(tools=self.kind.tools)
        body = self.kind.body.replace("{out}", self.out)
        self.project.write("SConstruct", f"{head}{before}\n{body}{after}\n")

    def edit(self, answer: int) -> None:
        self._write(self.kind.source(answer))

    def break_it(self) -> None:
        self._write(f"{self.kind.wrong}\n")

    def _write(self, text: str) -> None:
        """Edits are some seconds apart, because some decisions of SCons use whole seconds only."""
        path = self.project.write(self.folder + self.kind.edited, text)
        self._time += 5
        os.utime(path, (self._time, self._time))

    def scons(self, *args: str, rc: int | None = 0, **kw) -> Run:
        return self.project.scons(*args, rc=rc, **kw)

    def answer(self) -> int:
        ask = [word.replace(f"./{self.kind.result}", f"./{self.result}") for word in self.kind.ask]
        return int(self.project.run(*ask, env={"LD_LIBRARY_PATH": str(self.project.path(self.out or "."))}).out)

    @property
    def result(self) -> str:
        return self.out + self.kind.result

    def is_built(self) -> bool:
        return self.project.path(self.result).exists()

    def outputs(self) -> dict:
        """The outputs, without records."""
        found = self.project.snapshot()
        return {path: data for path, data in found.items() if path not in self.sources and not _is_memory(path)}

    def left(self) -> set:
        return {path for path in set(self.project.snapshot()) - self.sources if not _is_memory(path)}

    def up_to_date(self, *args: str) -> bool:
        return self.scons("-q", *args, rc=None).rc == 0


def _is_memory(path: str) -> bool:
    return ".sconsign" in path or ".rebel-tools" in path or path.endswith((".merlin", "config.log"))
