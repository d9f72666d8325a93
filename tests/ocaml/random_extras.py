"""The parts of a random project besides modules: C code that is named by flags only, a preprocessor that reads other
files, and the files of a workspace.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

STUBS = {
    "object": (["c/stub.o"], "env.Object('c/stub.o', 'c/stub.c')"),
    "archive": (["c/libfoo.a"], "env.StaticLibrary('c/foo', 'c/stub.c')"),
    "library": (["-ccopt", "-Lc", "-cclib", "-lfoo"], "env.StaticLibrary('c/foo', 'c/stub.c')"),
    "file": (["ext/stub.o"], ""),
}
"""How flags name C code -> the words of a link, and the builder that makes it; '' if it exists already."""


@dataclass
class Stub:
    """A C function that returns a number. how: a key of STUBS."""

    how: str
    number: int = 1

    @property
    def words(self) -> list[str]:
        return STUBS[self.how][0]

    @property
    def builder(self) -> str:
        return STUBS[self.how][1]

    def files(self) -> dict[str, str | bytes]:
        text = f"long answer(long unit) {{ return {self.number} * 2 + 1; }}\n"
        return {"c/stub.c": text} if self.builder else {"ext/stub.o": compiled(text)}


@cache
def compiled(text: str) -> bytes:
    """The object file of a C program."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "stub.o")
        subprocess.run(["gcc", "-x", "c", "-c", "-o", path, "-"], input=text.encode(), check=True)
        return path.read_bytes()


@dataclass
class Pre:
    """The module Pre, whose source goes through a script that reads all files of a folder.

    how: by "flag", -pp, or by "key", of a package.json. added: by the script; numbers: file name -> contents.
    """

    how: str = "flag"
    added: int = 0
    numbers: dict[str, int] = field(default_factory=lambda: {"a": 1})

    def files(self, root: str, folder: str) -> dict[str, str | bytes]:
        """The files below the folder of a package, with the module in its folder `folder`."""
        numbers = {f"{root}tools/defs/{name}.txt": f"{number}\n" for name, number in self.numbers.items()}
        script = f'n={self.added}\nfor f in tools/defs/*.txt; do n=$((n + $(cat "$f"))); done\n'
        script += 'sed "s/NUMBER/$n/" "$1"\n'
        return {f"{root}tools/pp.sh": script, f"{root}{folder}pre.ml": "let value = NUMBER\n", **numbers}

    def keys(self) -> dict[str, object]:
        """The keys for package.json."""
        defs = "tools/defs/*.txt"
        if self.how == "flag":
            return {"moduleFlags": {"Pre": "-pp 'sh tools/pp.sh'"}, "preprocessorDependencies": [defs]}
        return {"preprocessor": {"Pre": ["sh", "tools/pp.sh"]}, "preprocessorDependencies": [defs, "tools/pp.sh"]}


SCRIPTED_PRE = """\
Prelib = env.OCamlLibrary('_build/Prelib', ['pre/pre.ml'], OCAMLFLAGS=env['OCAMLFLAGS'] + ['-pp', 'sh tools/pp.sh'],
    OCAMLPPDEPS='tools/defs/*.txt')"""

PACKAGE_SCRIPT = """\
import os
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "ar", "gnulink", "rebel"], toolpath=[rebel_tools.TOOLPATH], ENV=os.environ)
env.Rebel()
"""


def workspace_files(members: list[tuple[str, str]], used: str) -> tuple[dict[str, str | bytes], dict[str, str]]:
    """Files of the root and of the member `extra`, and the targets of links in node_modules.

    members: name and folder of each; used: the term for a number that `extra` prints, '' if there is no such member.
    """
    files: dict[str, str | bytes] = {"package.json": '{"name": "all", "workspaces": ["packages/*"]}\n'}
    if used:
        data = {"name": "extra", "dependencies": {"lib-a": "*"}, "rebel": {}}
        files["packages/extra/package.json"] = json.dumps(data)
        files["packages/extra/src/Index.ml"] = f"let () = print_int ({used})\n"
    links = {f"node_modules/{name}": f"{'../' * (name.count('/') + 1)}{folder}" for name, folder in members}
    return files, links
