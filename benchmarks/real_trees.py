"""The gate and an OCaml program in existing SCons projects: gpsd and Apache Serf, from Debian's sources.

    python benchmarks/real_trees.py --work /tmp/real

This needs gcc, OCaml, the archive's key ring, and for Serf libapr1-dev, libaprutil1-dev and libssl-dev. Each tree is
built unmodified, and then with some lines at the end of its SConscript. Prints the result of the gate for the library,
and the times of builds and null builds.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import debian_source

MAIN = 'external ask : unit -> string = "ask"\nlet () = print_endline (ask ())\n'
STUBS = """\
#include <caml/mlvalues.h>
#include <caml/alloc.h>
{include}
value ask(value unit) {{ return caml_copy_string({expression}); }}
"""
TOOLS = """\
import rebel_tools
env.Tool("export_table", toolpath=[rebel_tools.TOOLPATH])
env.Tool("ocaml", toolpath=[rebel_tools.TOOLPATH])
"""


@dataclass(frozen=True)
class Tree:
    """package: of Debian; script: the file to which lines are added; targets: to build; table, program: added targets.

    arguments: of scons; include, expression: C that asks the library for a text.
    """

    package: str
    script: str
    lines: str
    targets: tuple[str, ...]
    table: str
    program: str
    arguments: tuple[str, ...]
    include: str
    expression: str


TREES = (
    Tree(
        package="gpsd",
        script="SConscript",
        lines="""\
env.ExportTable("gps.exports", [libgps_shared, env.Interface("gps.interface", "include/gps.h")])
stubs = env.Object("ask/stubs.c", CPPPATH=["include", "$OCAMLWHERE"])
env.OCamlProgram("ask/ask", ["ask/main.ml", stubs, libgps_shared])
""",
        targets=("gpsd-3.22/libgps.so.28.0.0",),
        table="gpsd-3.22/gps.exports",
        program="gpsd-3.22/ask/ask",
        arguments=("python=no", "qt=no", "manbuild=no"),
        include="#include <gps.h>",
        expression="gps_errstr(NL_NOHOST)",
    ),
    Tree(
        package="serf",
        script="SConstruct",
        lines="""\
headers = ["serf.h", "serf_bucket_types.h", "serf_bucket_util.h"]
env.ExportTable("serf.exports", [lib_shared, env.Interface("serf.interface", headers)])
stubs = env.Object("ask/stubs.c", CPPPATH=["$CPPPATH", ".", "$OCAMLWHERE"], CFLAGS=["-std=gnu99"])
env.OCamlProgram("ask/ask", ["ask/main.ml", stubs, lib_shared])
""",
        targets=("libserf-1.so",),
        table="serf.exports",
        program="ask/ask",
        arguments=(),
        include="#include <serf.h>",
        expression="serf_error_string(SERF_ERROR_CLOSING)",
    ),
)


def prepare(tree: Tree, work: Path) -> Path:
    """A copy of the sources, with Debian's patches."""
    source, folder = debian_source.fetch(work, tree.package), work / tree.package
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder, symlinks=True)
    debian = next((work / "source").glob(f"{tree.package}_*.debian.tar.*"))
    subprocess.run(["tar", "xf", debian.resolve()], cwd=folder, check=True)
    for name in (folder / "debian/patches/series").read_text().split():
        with open(folder / "debian/patches" / name) as patch:
            subprocess.run(["patch", "-s", "-p1"], stdin=patch, cwd=folder, check=True)
    return folder


def extend(tree: Tree, folder: Path) -> int:
    """Add the lines; return their number."""
    with open(folder / tree.script, "a") as script:
        script.write(TOOLS + tree.lines)
    (folder / "ask").mkdir()
    (folder / "ask/main.ml").write_text(MAIN)
    (folder / "ask/stubs.c").write_text(STUBS.format(include=tree.include, expression=tree.expression))
    return (TOOLS + tree.lines).count("\n")


def scons(tree: Tree, folder: Path, *words: str) -> tuple[float, int, str]:
    """The processor seconds, exit status and output of one run, including its compilers."""
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    before = os.times()
    command = [sys.executable, "-m", "SCons", "-Q", *tree.arguments, *words]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, errors="replace")
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return spent, done.returncode, done.stdout + done.stderr


def measure(tree: Tree, work: Path) -> str:
    """A row of the table; the findings of the gate are printed."""
    folder = prepare(tree, work)
    plain, status, said = scons(tree, folder, *tree.targets)
    if status:
        sys.exit(f"{tree.package} as it is cannot be built:\n{said[-2000:]}")
    null = scons(tree, folder, *tree.targets)[0]
    lines = extend(tree, folder)
    ours, _, said = scons(tree, folder, "-k", *tree.targets, tree.table, tree.program)
    findings = sorted(set(re.findall(r"\S+: interface says .*\[[a-z-]+\]$", said, re.M)))
    print(f"\n{tree.package}:", *findings, sep="\n  ")
    again = scons(tree, folder, *tree.targets, tree.program)[0]
    places = ":".join(str(folder / Path(path).parent) for path in tree.targets)
    if not (folder / tree.program).exists():
        sys.exit(f"the program of {tree.package} was not built:\n{said[-2000:]}")
    environ = {**os.environ, "LD_LIBRARY_PATH": places}
    answer = subprocess.run([folder / tree.program], capture_output=True, text=True, env=environ).stdout.strip()
    print(f"  the OCaml program says: {answer}")
    return (
        f"| {tree.package} | {lines} | {plain:.1f} s | {ours:.1f} s | {null:.2f} s | {again:.2f} s | {len(findings)} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder for sources and builds")
    parser.add_argument("trees", nargs="*", help="gpsd, serf; all without one")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    wanted = [tree for tree in TREES if not options.trees or tree.package in options.trees]
    started = time.monotonic()
    rows = [measure(tree, options.work.resolve()) for tree in wanted]
    print("\n| tree | lines | library | gate and program | null | null with both | findings |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    print(f"\n{time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
