"""Builds of C++ trees by `rebel scons` and by plain scons, in turn.

    python benchmarks/any_tree.py --files 2000 --rounds 5 --compiled 100

The tree has as many headers as sources, in 40 folders, with includes among the headers. `null`: there is nothing to do.
`recorded null`: the same, but there is no manifest yet, so that scons runs under the recorder. `edit`: one source has
changed; the compiler is a script, so that this is the time of a build besides compilation. `full`: --compiled
sources are compiled by g++. Each tool has a tree of its own. Writes benchmarks/any_tree.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path

from measuring import ROOT, Result, Sample, result, rounds, timed

import rebel_tools

FOLDERS = 40
BIN = Path(sys.executable).parent
COMMANDS = {"scons": [BIN / "scons", "-Q"], "rebel scons": [BIN / "rebel", "scons", "-Q"]}
COMPILER = '#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in -o) shift; echo x > "$1";; esac; shift; done\n'
SCONSTRUCT = """\
env = Environment(CXX='{compiler}', CPPPATH=['#/include'])
Export('env')
SConscript(['part%d/SConscript' % n for n in range({folders})])
"""


def write_tree(top: Path, files: int, compiler: str) -> None:
    (top / "include").mkdir(parents=True)
    for n in range(FOLDERS):
        (top / f"part{n}").mkdir()
        (top / f"part{n}" / "SConscript").write_text(f"Import('env')\nenv.StaticLibrary('part{n}', Glob('*.cpp'))\n")
    for n in range(files):
        below = [k for k in ((7 * n + 13 * j) % files for j in range(3)) if k < n]
        included = "".join(f'#include "h{k}.h"\n' for k in below)
        guard = f"#ifndef H{n}\n#define H{n}\n{included}int f{n}();\n#endif\n"
        (top / "include" / f"h{n}.h").write_text(guard)
        text = f'#include "h{n}.h"\n#include "h{3 * n % files}.h"\nint f{n}() {{ return {n}; }}\n'
        (top / f"part{n % FOLDERS}" / f"s{n}.cpp").write_text(text)
    (top / "cxx.sh").write_text(COMPILER)
    (top / "cxx.sh").chmod(0o755)
    (top / "SConstruct").write_text(SCONSTRUCT.format(folders=FOLDERS, compiler=compiler))


class Trees:
    """A tree for each tool, in a temporary folder, and the folder of manifests."""

    def __init__(self, folder: Path, files: int, compiler: str) -> None:
        self.cache = folder / "cache"
        os.environ["XDG_CACHE_HOME"] = str(self.cache)
        os.environ["REBEL_SMALL_EDITS"] = "1"
        for name in COMMANDS:
            write_tree(folder / name, files, compiler)
        self.folder = folder

    def run(self, name: str, *more: str) -> Sample:
        return timed([*COMMANDS[name], *more], self.folder / name)

    def null(self, name: str, number: int) -> Sample:
        return self.run(name)

    def recorded_null(self, name: str, number: int) -> Sample:
        shutil.rmtree(self.cache, ignore_errors=True)
        return self.run(name)

    def edit(self, name: str, number: int) -> Sample:
        with open(self.folder / name / "part0" / "s0.cpp", "a") as f:
            f.write(f"// {number}\n")
        return self.run(name)

    def full(self, name: str, number: int) -> Sample:
        timed([COMMANDS["scons"][0], "-Q", "-c"], self.folder / name)
        return self.recorded_null(name, number)

    def measure(self, scenario: str, count: int) -> list[Result]:
        """Run all tools in one scenario, in turn."""
        look = getattr(self, scenario.replace(" ", "_"))
        samples = rounds({name: partial(look, name) for name in COMMANDS}, count, 3600)
        return [result(self.subject, scenario, name, samples[name]) for name in COMMANDS]

    @property
    def subject(self) -> str:
        return f"{sum(1 for _ in (self.folder / 'scons').rglob('*.[ch]*'))} files"


def measure(files: int, compiled: int, count: int) -> list[Result]:
    results = []
    with tempfile.TemporaryDirectory() as folder:
        trees = Trees(Path(folder), files, "./cxx.sh")
        for name in COMMANDS:
            for _ in range(2):  # build, then one run that looks at everything and builds nothing
                trees.run(name)
        for scenario in ("null", "edit", "recorded null"):
            results += trees.measure(scenario, count)
    if compiled:
        with tempfile.TemporaryDirectory() as folder:
            results += Trees(Path(folder), compiled, "g++").measure("full", count)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="*", default=[500, 2000], help="sources of a tree, and headers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compiled", type=int, default=0, help="sources that are compiled in full builds")
    options = parser.parse_args()
    results = []
    for number, files in enumerate(options.files):
        results += measure(files, 0 if number else options.compiled, options.rounds)
    versions = {"rebel-tools": rebel_tools.__version__, "scons": version("scons"), "python": platform.python_version()}
    text = json.dumps({"versions": versions, "results": [asdict(each) for each in results]}, indent=2)
    (ROOT / "benchmarks" / "any_tree.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
