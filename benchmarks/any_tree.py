"""Null builds of C++ trees: `rebel scons` beside plain scons, in turn.

    python benchmarks/any_tree.py --files 2000 --rounds 5

The tree has as many headers as sources, in 40 folders, with includes among the headers; the compiler is a script,
for nothing is compiled in what is measured. Writes benchmarks/any_tree.json.
"""

from __future__ import annotations

import argparse
import json
import platform
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
COMPILER = '#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in -o) shift; echo x > "$1";; esac; shift; done\n'
SCONSTRUCT = """\
env = Environment(CXX='./cxx.sh', CPPPATH=['#/include'])
Export('env')
SConscript(['part%d/SConscript' % n for n in range({folders})])
"""


def write_tree(top: Path, files: int) -> None:
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
    (top / "SConstruct").write_text(SCONSTRUCT.format(folders=FOLDERS))


def measure(files: int, count: int) -> list[Result]:
    """Null builds of one tree, by both tools in turn."""
    commands = {"scons": [BIN / "scons", "-Q"], "rebel scons": [BIN / "rebel", "scons", "-Q"]}
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder) / "tree"
        write_tree(top, files)
        for _ in range(2):  # build, then one run that looks at everything and builds nothing
            timed(commands["rebel scons"], top)
        runs = {name: partial(_run, words, top) for name, words in commands.items()}
        samples = rounds(runs, count, 3600)
    return [result(f"{2 * files} files", "null", name, samples[name]) for name in commands]


def _run(words: list, top: Path, number: int) -> Sample:
    return timed(words, top)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="*", default=[500, 2000], help="sources of a tree, and headers")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    results = [each for files in options.files for each in measure(files, options.rounds)]
    versions = {"rebel-tools": rebel_tools.__version__, "scons": version("scons"), "python": platform.python_version()}
    text = json.dumps({"versions": versions, "results": [asdict(each) for each in results]}, indent=2)
    (ROOT / "benchmarks" / "any_tree.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
