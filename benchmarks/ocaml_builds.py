#!/usr/bin/env python3
"""The table of docs/performance.md: full, null and incremental builds by rebel-tools, dune and ninja, in turn.

    python benchmarks/ocaml_builds.py                                   # everything: hours
    python benchmarks/ocaml_builds.py --work /tmp/trees --parts tree --modules 1100 --rounds 5
    python benchmarks/ocaml_builds.py --work /tmp/trees --parts tree --modules 11000 --scenarios null comment top
    python benchmarks/ocaml_builds.py --parts menhir reason c           # each run adds its rows to the table
    python benchmarks/ocaml_builds.py --parts                           # only the table and the plots of all rows

Parts: `tree`, generated projects with --modules; `menhir`, a real project with 160 modules, downloaded from Debian;
`reason`, the costs of Reason compared with OCaml; `c`, the costs of the tool for a project without OCaml.

ninja gets exactly the commands of rebel-tools (from a dry run) and direct dependencies between units: its null build is
a lower bound for any build system, its incremental builds have no early cut-off. dune builds the same sources with the
same warnings and debugging flags, in release mode, native code only, without its shared cache.

Times are medians over the rounds; a scenario begins no further round after --budget seconds. "runs" is the number of
compiler runs in the last round, counted by their outputs. --stop-dune 1.3 saves an hour at 11,000 modules: a full build
by dune is stopped after 1.3 times the wall and processor time of ours, and counts as "at least" that. Writes
ocaml_builds.json, .md and .svg and ocaml_growth.svg into the output folder.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import menhir_project
import ocaml_edits
import ocaml_tree
import report
import tool_costs
from measuring import ROOT, Most, Result, result, rounds
from ocaml_edits import AT_THE_BASE, EDITS, Places
from ocaml_tools import Tool, installed, make_tools

PARTS = ("tree", "menhir", "reason", "c")
SMALL = 1100  # for projects up to this size, there are also edits after which nearly everything is compiled again


def main() -> None:
    options = _arguments()
    saved = report.Saved(options.output)
    wanted = installed(options.tools)
    saved.facts.update(_facts(wanted, options))
    with tempfile.TemporaryDirectory(prefix="ocaml_builds") as temporary:
        work = options.work or Path(temporary)
        for name, run in _parts(options, wanted, work, saved):
            print(f"== {name}", flush=True)
            run()
    report.write(saved)
    print(report.markdown(saved.facts, saved.rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--modules", nargs="+", type=int, default=[1100, 4400, 11000])
    parser.add_argument("--scenarios", nargs="+", choices=EDITS, default=list(EDITS))
    parser.add_argument("--tools", nargs="+", default=["rebel-tools", "dune", "ninja"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--budget", type=float, default=7200, help="seconds after which no further round begins")
    parser.add_argument(
        "--stop-dune", type=float, metavar="RATIO", help="stop its full builds at this many times the time of ours"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--resume", action="store_true", help="leave out what the table has already")
    parser.add_argument("--work", type=Path, help="where projects are made and kept; by default they are temporary")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    if min(options.modules) < 200:
        parser.error("--modules: at least 200, for the edits need a library at the bottom and one in the middle")
    if options.stop_dune and options.stop_dune * report.TIMES["full"]["dune"] < 1:
        parser.error(f"--stop-dune: at least {1 / report.TIMES['full']['dune']:g}, for below it the limit is open")
    return options


def _parts(options, wanted: list, work: Path, saved: report.Saved):
    """(name, function) for every selected part."""
    if "tree" in options.parts:
        for size in options.modules:
            tree = ocaml_tree.plan_tree(size)
            name = f"{len(tree.modules):,} modules"
            yield name, lambda tree=tree, name=name: _generated(options, wanted, work, saved, name, tree)
    if "menhir" in options.parts:
        yield "menhir", lambda: _menhir(options, wanted, work, saved)
    if "reason" in options.parts:
        yield "Reason", lambda: saved.add(tool_costs.reason(work / "reason", options.rounds, options.jobs))
    if "c" in options.parts:
        yield "C", lambda: saved.add(tool_costs.without_ocaml(work / "c", max(options.rounds, 15)))


def _generated(options, wanted: list, work: Path, saved: report.Saved, name: str, tree: ocaml_tree.Tree) -> None:
    tools = make_tools(wanted, work / f"tree{len(tree.modules)}", options.jobs, "index")
    for tool in tools:
        if not tool.folder.exists():
            ocaml_tree.write_tree(tool.folder, tree)
    packages = list(tree.packages)
    lib, middle = f"node_modules/{packages[0]}/src", f"node_modules/{packages[(len(packages) - 1) // 2]}/src"
    base = f"{lib}/m001" if len(tree.modules) <= SMALL + 1 else None
    places = Places(f"{lib}/m000.ml", f"{middle}/m001", "src/index.ml", base)
    _scenarios(options, tools, places, saved, name)


def _menhir(options, wanted: list, work: Path, saved: report.Saved) -> None:
    tools = make_tools([name for name in wanted if name != "ninja"], work / "menhir", options.jobs, "main")
    source = menhir_project.fetch(work / "menhir")
    for tool in tools:
        if not tool.folder.exists():
            menhir_project.arrange(source, tool.folder)
    _scenarios(options, tools, menhir_project.PLACES, saved, "menhir", ("--version",))


def _scenarios(options, tools: list[Tool], places: Places, saved: report.Saved, name: str, arguments=()) -> None:
    """All scenarios for one project; rows are saved one by one, because a run may be interrupted."""
    ready = False
    for scenario in options.scenarios:
        if (scenario in AT_THE_BASE and not places.base) or (options.resume and saved.has(name, scenario)):
            continue
        if scenario != "full" and not ready:
            for tool in tools:
                tool.run()  # from here on, only the effects of the scenario's edit are built
        ready = scenario != "full"
        saved.add(_scenario(options, tools, places, scenario, name))
        saved.facts.setdefault("outputs", {})[name] = {tool.name: tool.outputs() for tool in tools}
        saved.save()
    if all(tool.is_built() for tool in tools):
        _compare_output(tools, arguments)


def _scenario(options, tools: list[Tool], places: Places, scenario: str, name: str) -> list[Result]:
    runs: dict = {}
    most: dict = {}  # by round: the limit for dune

    def contestant(tool: Tool):
        def run(number: int):
            if scenario == "full":
                tool.clean()
            ocaml_edits.EDITS[scenario](tool.folder, places)
            before = tool.compiled() if (tool.folder / tool.build).exists() else {}
            sample = tool.run(most.get(number) if tool.name == "dune" else None)
            if scenario == "full" and tool.name == report.OURS and options.stop_dune:
                most[number] = Most(sample.wall * options.stop_dune, sample.cpu * options.stop_dune)
            runs[tool.name] = sum(before.get(f) != stamp for f, stamp in tool.compiled().items())
            return sample

        return run

    samples = rounds({tool.name: contestant(tool) for tool in tools}, options.rounds, options.budget)
    return [result(name, scenario, tool.name, samples[tool.name], runs[tool.name]) for tool in tools]


def _compare_output(tools: list[Tool], arguments: tuple) -> None:
    """The built programs must have the same output."""
    printed = {tool.name: tool.printed(arguments) for tool in tools}
    if len(set(printed.values())) != 1:
        sys.exit(f"the programs do not print the same: {printed}")


def _facts(wanted: list, options) -> dict:
    commands = {"dune": ["dune", "--version"], "ninja": ["ninja", "--version"], "ocamlopt": ["ocamlopt", "-version"]}
    commands["scons"] = [sys.executable, "-c", "import SCons; print(SCons.__version__)"]
    names = ["ocamlopt", "scons", *(name for name in wanted if name in commands)]
    return {
        "jobs": options.jobs,
        "versions": {name: subprocess.check_output(commands[name], text=True).strip() for name in names},
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}",
    }


if __name__ == "__main__":
    main()
