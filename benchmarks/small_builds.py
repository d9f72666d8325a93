#!/usr/bin/env python3
"""Builds of small projects by rebel-tools and dune, each with its default profile, and in release mode, in turn.

    python benchmarks/small_builds.py --dune /path/to/dune
    python benchmarks/small_builds.py --modules 60 --profiles dev --rounds 3

Most projects have 1 to 60 modules, and most builds follow one edit. By default, both tools compile with -opaque (the
profile `dev` of dune and ours); in release mode, both inline native code of other modules. dune's cache is off, each
edit is a text that was never built before, and both use the same linker. The resident server is on, and its time
counts; edits are timed after some others, as in a working session. `--dune` is a current dune, if that of the
distribution is older. Writes small_builds.json and small_builds.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import ocaml_edits
from measuring import ROOT, Result, Sample, result, rounds
from ocaml_edits import WORDS, Places
from ocaml_tools import Dune, Rebel, Tool

import rebel_tools

SCENARIOS = ("full", "null", "comment", "top", "body", "interface")
ALONE = ("full", "null", "comment", "top")  # the edits that are possible in a project of one module
BEFORE = 4  # edits before those that are timed: in a working session, the server is running


class RebelIn(Rebel):
    """`rebel build` with a profile."""

    def __init__(self, folder: Path, jobs: int, profile: str):
        super().__init__(folder, jobs)
        if profile == "release":
            self.command.append("--release")
            self.program = "_build/_release/default/src/app.out"


class DuneIn(Dune):
    """dune with a profile, which is `dev` by default."""

    def __init__(self, folder: Path, jobs: int, profile: str, program: str):
        super().__init__(folder, jobs)
        self.command = [program, "build", "--profile", profile, f"-j{jobs}", "./src/index.exe"]


def write_project(folder: Path, modules: int) -> None:
    """A program with that many modules; each one uses up to three earlier ones, and every third has an .mli."""
    source = folder / "src"
    source.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "small", "rebel": {}}\n')
    (folder / "dune-project").write_text("(lang dune 2.0)\n")
    (source / "dune").write_text("(executable (name index) (modes exe))\n")
    names = [f"m{n:02}" for n in range(modules - 1)]
    for n, name in enumerate(names):
        used = sorted({(n * 7 + 3 * k) % n for k in range(3)}) if n else []
        calls = "".join(f" + M{k:02}.value (x - {k + 1})" for k in used)
        text = f"let rec value x = if x <= 0 then {n} else value (x - 1){calls}\n"
        (source / f"{name}.ml").write_text(text + _bulk(n))
        if n % 3 == 0:
            (source / f"{name}.mli").write_text("val value : int -> int\nval table : (string * int) list\n")
    shown = " + ".join([*(f"M{n:02}.value 2" for n in range(modules - 1)), "42"])  # dune leaves out unused modules
    (source / "index.ml").write_text(f"let () = print_int ({shown})\n")


def _bulk(n: int) -> str:
    """Some typical code."""
    lines = [f"  | {k} -> Printf.sprintf \"%d of %s\" (x + {k}) (String.make {k + 1} 'x')" for k in range(12)]
    shown = "let show x = match x with\n" + "\n".join(lines) + "\n  | _ -> string_of_int x\n"
    return shown + f"let table = List.map (fun k -> (show k, k + {n})) [1; 2; 3]\n"


def measure(modules: int, profile: str, options: argparse.Namespace, work: Path) -> list[Result]:
    """All scenarios of one project in one profile."""
    tools: list[Tool] = [
        RebelIn(work / "rebel-tools", options.jobs, profile),
        DuneIn(work / "dune", options.jobs, profile, options.dune),
    ]
    for tool in tools:
        write_project(tool.folder, modules)
    middle = 3 * (modules // 6)  # one with an interface
    places = Places("src/m00.ml" if modules > 1 else "src/index.ml", f"src/m{middle:02}", "src/index.ml")
    results = []
    for scenario in SCENARIOS if modules > 1 else ALONE:
        if scenario == "null":
            rounds({tool.name: _contestant(tool, "top", places) for tool in tools}, BEFORE, 3600)
        runs = {tool.name: _contestant(tool, scenario, places) for tool in tools}
        samples = rounds(runs, options.rounds, 3600)
        subject = f"{modules} {profile}"
        results += [result(subject, scenario, tool.name, samples[tool.name]) for tool in tools]
    printed = {tool.printed() for tool in tools}
    if len(printed) != 1:
        sys.exit(f"the programs do not print the same: {printed}")
    return results


def _contestant(tool: Tool, scenario: str, places: Places):
    def run(number: int) -> Sample:
        if scenario == "full":
            tool.clean()
        ocaml_edits.EDITS[scenario](tool.folder, places)
        return tool.run()

    return run


def table(results: list[Result], versions: dict[str, str]) -> str:
    """Seconds of processor time, and the ratios of ours to dune's."""
    lines = [
        "| modules, profile | what | rebel-tools, dune: processor s | ratio | wall s | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for ours, theirs in zip(results[::2], results[1::2]):
        cpu, wall = ours.cpu / theirs.cpu, ours.wall / theirs.wall
        lines.append(
            f"| {ours.subject} | {WORDS[ours.scenario]} | {ours.cpu:.2f}, {theirs.cpu:.2f} | {cpu:.2f} "
            f"| {ours.wall:.2f}, {theirs.wall:.2f} | {wall:.2f} |"
        )
    return "\n".join([*lines, "", ", ".join(f"{name} {number}" for name, number in versions.items())]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", type=int, nargs="*", default=[1, 20, 60])
    parser.add_argument("--profiles", nargs="*", default=["dev", "release"], choices=["dev", "release"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--dune", default="dune", help="the program dune, by default that of the PATH")
    options = parser.parse_args()
    results = []
    for modules in options.modules:
        for profile in options.profiles:
            with tempfile.TemporaryDirectory() as work:
                results += measure(modules, profile, options, Path(work))
    asked = {"dune": [options.dune, "--version"], "ocamlopt": ["ocamlopt", "-version"]}
    versions = {name: subprocess.check_output(command, text=True).strip() for name, command in asked.items()}
    versions |= {"rebel-tools": rebel_tools.__version__, "scons": version("scons"), "Python": platform.python_version()}
    folder = ROOT / "benchmarks"
    data = {"versions": versions, "results": [asdict(each) for each in results]}
    (folder / "small_builds.json").write_text(json.dumps(data, indent=1) + "\n")
    (folder / "small_builds.md").write_text(table(results, versions))
    print(table(results, versions))


if __name__ == "__main__":
    main()
