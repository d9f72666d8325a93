"""The compared build systems: how each one is run in a folder, how it is cleaned, and what it writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import ninja_form
from measuring import Most, Sample, cpu_of_servers, timed

COMPILED = (".cmx", ".cmo", ".cmti")  # each run of a compiler writes one of these
SHOWN = (".cmi", ".cmx", ".o", ".cmo", ".cmt", ".cmti", ".cmxa", ".a")


class Tool:
    """`folder` is the project; `program` the program to build, below it; `log` receives the output of the tool."""

    name = program = install = ""
    build = "_build"

    def __init__(self, folder: Path, jobs: int):
        self.folder, self.jobs = folder, jobs
        self.log = folder.with_name(f"{folder.name}.log")
        self.command: list = []

    def run(self, most: Most | None = None) -> Sample:
        return timed(self.command, self.folder, self.log, most)

    def clean(self) -> None:
        shutil.rmtree(self.folder / self.build, ignore_errors=True)
        (self.folder / ".sconsign.dblite").unlink(missing_ok=True)

    def files(self) -> list[os.DirEntry]:
        """All files that the tool has written."""
        found, todo = [], [self.folder / self.build]
        while todo:
            for entry in os.scandir(todo.pop()):
                todo += [entry.path] if entry.is_dir(follow_symlinks=False) else []
                found += [entry] if entry.is_file() else []
        return found

    def compiled(self) -> dict:
        """The time stamp of every file that stands for one compiler run."""
        return {f.path: f.stat().st_mtime_ns for f in self.files() if f.name.endswith(COMPILED)}

    def outputs(self) -> dict:
        """The number of files of each kind."""
        counts = Counter(os.path.splitext(f.name)[1] for f in self.files())
        return {suffix: counts[suffix] for suffix in SHOWN if counts[suffix]}

    def is_built(self) -> bool:
        return (self.folder / self.program).exists()

    def printed(self, arguments: tuple = ()) -> str:
        command = [self.folder / self.program, *arguments]
        return subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL)


class Rebel(Tool):
    """`rebel build`, in a folder without an SConstruct."""

    name, program = "rebel-tools", "_build/default/src/app.out"

    def __init__(self, folder: Path, jobs: int):
        super().__init__(folder, jobs)
        self.command = [Path(sys.executable).with_name("rebel"), "build", f"-j{jobs}"]

    def run(self, most: Most | None = None) -> Sample:
        """The time of the resident server counts, including its work before the next request."""
        before = cpu_of_servers(self.folder)
        sample = super().run(most)
        after, earlier = cpu_of_servers(self.folder), None
        while after != earlier:  # until it waits
            time.sleep(0.1)
            after, earlier = cpu_of_servers(self.folder), after
        served = sum(cpu - before.get(pid, 0.0) for pid, cpu in after.items())
        return replace(sample, cpu=sample.cpu + served)

    def commands(self) -> str:
        """The commands of a full build, from a dry run in a copy of its inputs."""
        compiled = shutil.ignore_patterns(*(f"*{suffix}" for suffix in (*SHOWN, ".out")))
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as temporary:
            copy = Rebel(Path(temporary, "copy"), self.jobs)
            shutil.copytree(self.folder, copy.folder, ignore=compiled)
            timed([*copy.command, "-n", "verbose=1"], copy.folder, copy.log)
            return copy.log.read_text()


class Dune(Tool):
    name, install = "dune", "ocaml-dune"

    def __init__(self, folder: Path, jobs: int, entry: str = "index"):
        super().__init__(folder, jobs)
        self.program = f"_build/default/src/{entry}.exe"
        options = ["--profile", "release", "--cache", "disabled", f"-j{jobs}"]
        self.command = ["dune", "build", *options, f"./src/{entry}.exe"]


class Ninja(Tool):
    """ninja with the commands that `first` runs in a full build, and with its alias files."""

    name, install, program = "ninja", "ninja-build", "_build/default/src/app.out"

    def __init__(self, folder: Path, jobs: int, first: Rebel):
        super().__init__(folder, jobs)
        self.command = ["ninja", f"-j{jobs}"]
        self.first = first

    def run(self, most: Most | None = None) -> Sample:
        if not (self.folder / "build.ninja").exists():
            self._prepare()
        return super().run(most)

    def _prepare(self) -> None:
        """Needs a build by the first tool, for the alias files."""
        for path in self.first.files():
            if path.name.endswith((".ml", ".mli")):
                copy = self.folder / Path(path.path).relative_to(self.first.folder)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path.path, copy)
        (self.folder / "build.ninja").write_text(ninja_form.build_file(self.first.commands(), self.folder))

    def clean(self) -> None:
        """The alias files are kept, because there is no rule for them."""
        if (self.folder / "build.ninja").exists():
            subprocess.run(["ninja", "-t", "clean"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
            (self.folder / ".ninja_log").unlink(missing_ok=True)


def make_tools(names: list, work: Path, jobs: int, entry: str) -> list[Tool]:
    """The selected tools that are installed, each with a folder of its own in `work`."""
    rebel = Rebel(work / "rebel-tools", jobs)
    tools: list[Tool] = [rebel]
    if Dune.name in names:
        tools.append(Dune(work / "dune", jobs, entry))
    if Ninja.name in names:
        tools.append(Ninja(work / "ninja", jobs, rebel))
    return tools


def installed(names: list) -> list:
    """The tools in `names` that can be run; a message says how to get the others."""
    for tool in (Dune, Ninja):
        if tool.name in names and not shutil.which(tool.name):
            print(f"{tool.name} is not installed and left out: apt install {tool.install}", file=sys.stderr)
    return [name for name in names if name == Rebel.name or shutil.which(name)]
