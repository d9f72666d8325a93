"""A project with a package.json that tests build with `rebel build`, with common actions and checks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache

from rebel_tools import tools

PROGRAM = "_build/default/src/app.out"


class App:
    """A project with `rebel build`; programs in its folder `bin` are found before others."""

    def __init__(self, project):
        self.project = project
        self.write = project.write
        self.path = project.path
        self.environment: dict[str, str] = {"PATH": f"{project.path('bin')}{os.pathsep}{os.environ['PATH']}"}
        self.package()
        self.write("src/index.ml", 'let () = print_string "built"\n')

    def package(self, **rebel) -> None:
        dependencies = rebel.pop("dependencies", {})
        self.write("package.json", json.dumps({"name": "app", "dependencies": dependencies, "rebel": rebel}))

    def script(self, name: str, text: str) -> None:
        """Write a program; it may run the program of the same name with $REAL."""
        real = shutil.which(os.path.basename(name))
        self.write(name, f'#!/bin/sh\nREAL={real}\n{text}\nexec $REAL "$@"\n').chmod(0o755)

    def build(self, *arguments: str, rc: int | None = 0) -> str:
        command = [sys.executable, "-m", "rebel_tools", "build", *arguments]
        return self.project.run(*command, rc=rc, env=self.environment).text

    def settle(self) -> None:
        """Build until the next build only has to look at the files."""
        for _ in range(3):
            self.build()
        assert self.build().endswith(" up to date\n")

    def output(self) -> str:
        return self.project.run(self.path(PROGRAM)).out

    def equals_a_clean_build(self) -> None:
        """All outputs are the same as those of a clean build, and there is nothing left to do."""
        found = self.made()
        assert "up to date" in self.build()
        shutil.rmtree(self.path("_build"))
        self.build()
        assert self.made() == found

    def is_made_alike_by_many_jobs(self) -> None:
        """A clean build with eight jobs has the same outputs as with one job."""
        self.build("-j1")
        made = self.made()
        shutil.rmtree(self.path("_build"))
        self.build("-j8")
        assert self.made() == made

    def made(self) -> dict:
        """The outputs. Before OCaml 4.12, numbers in the .cmt of an alias module depend on the files beside it."""
        found = self.project.snapshot("_build", ignore=IGNORED)
        aliases = {f"{path.removesuffix('.ml')}.cmt" for path in found if path.endswith(".ml")}
        return {path: data for path, data in found.items() if path not in aliases or ocaml_version() >= (4, 12)}


class Findlib:
    """Packages in the folder `lib` of a project."""

    def __init__(self, app: App):
        self.app = app
        app.environment["OCAMLPATH"] = str(app.path("lib"))

    def compile(self, folder: str, module: str, text: str, archive: bool = True, options=()) -> None:
        self.app.write(f"lib/{folder}/{module}.ml", text)
        ocamlopt = [tools.find("ocamlfind"), "ocamlopt", *options]
        self.app.project.run(*ocamlopt, "-c", f"{module}.ml", cwd=f"lib/{folder}")
        if archive:
            self.app.project.run(*ocamlopt, "-a", f"{module}.cmx", "-o", "lib.cmxa", cwd=f"lib/{folder}")


@cache
def ocaml_version() -> tuple[int, ...]:
    said = subprocess.run(["ocamlc", "-version"], check=True, capture_output=True, text=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])


IGNORED = (".rebel-tools.json", ".rebel-tools.manifest", ".rebel-tools.up-to-date")


def edit(app: App, name: str, old: str, new: str) -> None:
    text = app.path(name).read_text()
    assert old in text
    app.write(name, text.replace(old, new))


def steps(text: str) -> list[str]:
    """The steps of a build, with a word and a file name for each."""
    rows = [line.partition("] ")[2].split() for line in text.splitlines() if line.startswith("[")]
    return [f"{row[0]} {row[-1].rpartition('/')[2]}" for row in rows]


def replace_as_before(path, old: str, new: str) -> None:
    """Other contents of the same size, with the old time stamp of the file (like cp -p, tar, rsync -t)."""
    status, text = path.stat(), path.read_text()
    assert old in text and len(old) == len(new)
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
