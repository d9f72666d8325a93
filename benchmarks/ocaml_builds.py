#!/usr/bin/env python3
"""Full, null and incremental builds of one generated project by rebel-tools, dune and ninja, in turn, in one run.

    python benchmarks/ocaml_builds.py [--modules 1100] [--rounds 5] [--budget 60] [--jobs 2]

ninja gets exactly the commands that rebel-tools ran (taken from its log) and direct dependencies between units: its
null build is the lower bound of any build system, its incremental builds have no cut-off by content. dune builds the
same sources with the same warnings and debugging flags, in release mode, native code only, without its shared cache.

Times are medians over the rounds (fewer where they take long). "runs" counts the compiler runs of the last round, by
the outputs that they wrote.
Prints a table, and writes ocaml_builds.json, .md and .svg into the output folder.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import ninja_form
import ocaml_tree
import report

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Result:
    """One scenario with one tool: seconds of wall time and CPU time (medians), and how many compilers ran."""

    scenario: str
    tool: str
    wall: float
    cpu: float
    runs: int
    rounds: int


# Tools: where each one builds, and how.


class Rebel:
    """`scons` with env.Rebel(), as a user without an SConstruct runs it."""

    name, build, program = "rebel-tools", "_build", "_build/default/src/app.out"

    def __init__(self, folder: Path, jobs: int):
        self.folder = folder
        sconstruct = subprocess.check_output([sys.executable, "-m", "rebel_tools", "sconstruct"], env=_env(), text=True)
        self.command = [sys.executable, "-m", "SCons", "-f", sconstruct.strip(), f"-j{jobs}"]

    def prepare(self, first) -> None:
        pass


class Dune:
    name, build, program = "dune", "_build", "_build/default/src/index.exe"

    def __init__(self, folder: Path, jobs: int):
        self.folder = folder
        self.command = ["dune", "build", "--profile", "release", "--cache", "disabled", f"-j{jobs}", "./src/index.exe"]

    def prepare(self, first) -> None:
        pass


class Ninja:
    name, build, program = "ninja", "_build", "_build/default/src/app.out"

    def __init__(self, folder: Path, jobs: int):
        self.folder = folder
        self.command = ["ninja", f"-j{jobs}"]

    def prepare(self, first) -> None:
        """Take the commands of `first`, a Rebel that has not built yet, and the alias files that it wrote."""
        output = subprocess.check_output([*first.command, "verbose=1"], cwd=first.folder, env=_env(), text=True)
        shutil.copytree(first.folder / "_build", self.folder / "_build")
        (self.folder / "build.ninja").write_text(ninja_form.build_file(output, self.folder))
        shutil.rmtree(first.folder / "_build")
        clean(self)


TOOLS = {tool.name: tool for tool in (Rebel, Dune, Ninja)}


def _env() -> dict:
    return {**os.environ, "PYTHONPATH": str(ROOT), "DUNE_CACHE": "disabled"}


def clean(tool) -> None:
    """Remove what the tool built. ninja keeps the alias files, for which it has no rule."""
    if isinstance(tool, Ninja):
        subprocess.run(["ninja", "-t", "clean"], cwd=tool.folder, check=True, stdout=subprocess.DEVNULL)
        (tool.folder / ".ninja_log").unlink(missing_ok=True)
    else:
        shutil.rmtree(tool.folder / tool.build, ignore_errors=True)
        (tool.folder / ".sconsign.dblite").unlink(missing_ok=True)


# Scenarios: what is done to the tree before the build is timed.


def _append(tool, file: str, text: str) -> None:
    with open(tool.folder / file, "a") as f:
        f.write(text)


def edit_nothing(tool, n: int) -> None:
    pass


def edit_comment(tool, n: int) -> None:
    """A comment at the end of the leaf-most library: no output changes."""
    _append(tool, "node_modules/lib00/src/m000.ml", f"(* round {n} *)\n")


def edit_comment_at_top(tool, n: int) -> None:
    """A comment at the top of the same module: every location in it moves."""
    path = tool.folder / "node_modules/lib00/src/m000.ml"
    path.write_text(f"(* round {n} *)\n" + path.read_text())


def edit_body(tool, n: int) -> None:
    """Another constant in a function of a module with an interface."""
    _append(tool, "node_modules/lib00/src/m001.ml", f"let value x = if x < 0 then {n + 7} else value x\n")


def edit_interface(tool, n: int) -> None:
    """One more value in the interface of the same module."""
    _append(tool, "node_modules/lib00/src/m001.ml", f"let extra_{n} = {n}\n")
    _append(tool, "node_modules/lib00/src/m001.mli", f"val extra_{n} : int\n")


def edit_top(tool, n: int) -> None:
    """The entry of the program, on which nothing depends."""
    _append(tool, "src/index.ml", f'let () = prerr_string "{n}"\n')


SCENARIOS = {
    "full": lambda tool, n: clean(tool),
    "null": edit_nothing,
    "comment": edit_comment,
    "comment at top": edit_comment_at_top,
    "body": edit_body,
    "interface": edit_interface,
    "top file": edit_top,
}


# Measuring


def timed(command: list, cwd: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one command with all its children; it must succeed."""
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=_env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(f"{' '.join(command)} failed in {cwd}:\n{log.read().decode(errors='replace')[-4000:]}")
    return wall, usage.ru_utime + usage.ru_stime


def compiled(tool) -> dict:
    """The time stamp of every file that stands for one compiler run."""
    files = (tool.folder / tool.build).rglob("*")
    return {f: f.stat().st_mtime_ns for f in files if f.suffix in (".cmx", ".cmo", ".cmti")}


def measure(tools: list, rounds: int, budget: float) -> list[Result]:
    """All scenarios; within a round the tools take turns, so that a noisy moment hits them alike.

    budget: seconds after which a scenario begins no further round.
    """
    results = []
    for scenario, edit in SCENARIOS.items():
        times: dict = {tool.name: [] for tool in tools}
        runs: dict = {}
        start = time.monotonic()
        for n in range(rounds):
            for tool in tools:
                edit(tool, n)
                before = compiled(tool)
                times[tool.name].append(timed(tool.command, tool.folder))
                runs[tool.name] = sum(before.get(f) != stamp for f, stamp in compiled(tool).items())
            if time.monotonic() - start > budget:
                break
        results += [_result(scenario, tool.name, times[tool.name], runs[tool.name]) for tool in tools]
    return results


def _result(scenario: str, tool: str, times: list, runs: int) -> Result:
    wall, cpu = (statistics.median(column) for column in zip(*times))
    print(f"{scenario:15} {tool:12} {wall:8.2f} s  cpu {cpu:8.2f} s  runs {runs}  rounds {len(times)}", flush=True)
    return Result(scenario, tool, wall, cpu, runs, len(times))


def same_output(tools: list) -> str:
    """What the built programs print; they must agree."""
    printed = {}
    for tool in tools:
        program = [tool.folder / tool.program]
        printed[tool.name] = subprocess.check_output(program, text=True, stderr=subprocess.DEVNULL)
    if len(set(printed.values())) != 1:
        sys.exit(f"the programs do not print the same: {printed}")
    return printed.popitem()[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ocaml_tree.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--budget", type=float, default=60, help="seconds after which a scenario gets no further round")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--tools", default=",".join(TOOLS), help="which of " + ", ".join(TOOLS))
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    wanted = [name for name in options.tools.split(",") if name == Rebel.name or shutil.which(name)]
    for name in set(options.tools.split(",")) - set(wanted):
        print(f"{name} is not installed: left out", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="ocaml_builds") as work:
        results, facts = _run(options, wanted, Path(work))
    report.write(options.output, facts, [asdict(r) for r in results])
    print(report.markdown(facts, [asdict(r) for r in results]))


def _run(options, wanted: list, work: Path) -> tuple[list[Result], dict]:
    tree = ocaml_tree.plan_tree(options.modules, options.per_package, options.interfaces, options.seed)
    tools = [TOOLS[name](work / name, options.jobs) for name in wanted]
    for tool in tools:
        ocaml_tree.write_tree(tool.folder, tree)
    for tool in tools:
        tool.prepare(tools[0])
    results = measure(tools, options.rounds, options.budget)
    same_output(tools)
    facts = {
        "modules": len(tree.modules),
        "packages": len(tree.packages),
        "interfaces": options.interfaces,
        "seed": options.seed,
        "jobs": options.jobs,
        "rounds": options.rounds,
        "versions": _versions(wanted),
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}",
    }
    return results, facts


def _versions(wanted: list) -> dict:
    commands = {"dune": ["dune", "--version"], "ninja": ["ninja", "--version"], "ocamlopt": ["ocamlopt", "-version"]}
    commands["scons"] = [sys.executable, "-c", "import SCons; print(SCons.__version__)"]
    names = ["ocamlopt", "scons", *(name for name in wanted if name in commands)]
    return {name: subprocess.check_output(commands[name], text=True).strip() for name in names}


if __name__ == "__main__":
    main()
