#!/usr/bin/env python3
"""The time from saving a file to the end of the build, with `rebel watch` and with a new `rebel build`.

    python benchmarks/watch_rebuild.py [--modules 1100] [--rounds 7]

The tree is the generated one of ocaml_tree.py. "own" is the time of `rebel watch` without ocamldep and ocamlopt, which
compiles and links: noticing the change, SCons, checking files. A script around the two programs takes their times, and
the time of that script (about 2 ms for each run) counts as own. `rebel build` is the same edit built by a new process,
in turn. Times are medians in seconds. `dune build --watch` is not included: the output of dune 2.9 does not show when a
build has ended (it prints that it waits for changes at the beginning of a build, too).
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import ocaml_tree

ROOT = Path(__file__).resolve().parent.parent
TIMED = """\
#!/bin/bash
start=$EPOCHREALTIME
{program} "$@"
status=$?
echo "$start $EPOCHREALTIME" >> "$COMPILER_RUNS"
exit $status
"""


class Tree:
    """A copy of the generated project, and an ocamlopt and an ocamldep that record when they ran."""

    def __init__(self, folder: Path, tree: ocaml_tree.Tree | Path):
        """A new project, or a copy of a built one."""
        if isinstance(tree, Path):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(tree, folder)
        elif not folder.exists():
            ocaml_tree.write_tree(folder, tree)
        self.folder = folder
        self.log = folder.with_name(f"{folder.name}.runs")
        tools = folder.with_name("tools")  # one for all: a different compiler would compile everything again
        tools.mkdir(exist_ok=True)
        for program in ("ocamlopt", "ocamldep"):
            script = tools / program
            if not script.exists():
                script.write_text(TIMED.format(program=shutil.which(program)))
                script.chmod(0o755)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "COMPILER_RUNS": str(self.log),
        }

    def compiling(self) -> float:
        """The time since the last call in which at least one of them was running."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        total, until = 0.0, 0.0
        for start, end in sorted(tuple(map(float, line.split())) for line in lines):
            total += max(0.0, end - max(start, until))
            until = max(until, end)
        return total


class Watcher:
    """A watching process on a terminal, as a user runs it.

    begins, ready: its messages when it has noticed a change, and at the end of the build.
    """

    def __init__(self, tree: Tree, command: list, begins: bytes, ready: bytes):
        self.tree, self.begins, self.ready = tree, begins, ready
        self.terminal, other = pty.openpty()
        streams = {"stdin": other, "stdout": other, "stderr": other}
        self.process = subprocess.Popen(
            command, cwd=tree.folder, env=tree.environment, start_new_session=True, **streams
        )
        os.close(other)
        self._until(ready)

    def _until(self, *words: bytes) -> None:
        """Read until these words have occurred, one after another."""
        text = b""
        for word in words:
            while word not in text:
                text += os.read(self.terminal, 65536)
            text = text[text.index(word) + len(word) :]

    def build(self, edit) -> float:
        time.sleep(0.3)  # it prepares for the next build
        while select.select([self.terminal], [], [], 0)[0]:
            os.read(self.terminal, 65536)
        self.tree.compiling()
        start = time.perf_counter()
        edit(self.tree.folder)
        self._until(self.begins, self.ready)
        return time.perf_counter() - start

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)  # a process that a shell starts in the background ignores SIGINT
        self.process.wait(30)
        os.close(self.terminal)


def rebel_build(tree: Tree, edit) -> float:
    tree.compiling()
    start = time.perf_counter()
    edit(tree.folder)
    command = [sys.executable, "-m", "rebel_tools", "build"]
    subprocess.run(command, cwd=tree.folder, env=tree.environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


# Edits, with a number that makes each one different.


def _append(folder: Path, file: str, text: str) -> None:
    with open(folder / file, "a") as stream:
        stream.write(text)


def comment(folder: Path, n: int) -> None:
    _append(folder, "node_modules/lib00/src/m000.ml", f"(* round {n} *)\n")


def top_file(folder: Path, n: int) -> None:
    _append(folder, "src/index.ml", f'let () = prerr_string "{n}"\n')


def body_in_the_middle(folder: Path, n: int) -> None:
    """A changed constant in a function of a module with an interface, in the middle one of the packages."""
    packages = sorted(path.name for path in (folder / "node_modules").iterdir())
    file = f"node_modules/{packages[len(packages) // 2]}/src/m001.ml"
    _append(folder, file, f"let value x = if x < 0 then {n + 7} else value x\n")


SCENARIOS = {"comment at the end": comment, "top file": top_file, "body in the middle": body_in_the_middle}


def measure(watchers: dict[str, Watcher], cold: Tree, rounds: int) -> list[dict]:
    """One row for each scenario, with the medians."""
    rows, number = [], 0
    for scenario, edit in SCENARIOS.items():
        times: dict[str, list] = {name: [] for name in (*watchers, "own", "compilers", "rebel build")}
        for _ in range(rounds + 1):
            number += 1
            for name, watcher in watchers.items():
                times[name].append(watcher.build(lambda folder, n=number, edit=edit: edit(folder, n)))
                if name == "rebel watch":
                    times["compilers"].append(watcher.tree.compiling())
                    times["own"].append(times[name][-1] - times["compilers"][-1])
            times["rebel build"].append(rebel_build(cold, lambda folder, n=number, edit=edit: edit(folder, n)))
        # The first round does not count: the edit makes more stale than in later ones.
        rows.append({"scenario": scenario, **{n: statistics.median(t[1:]) for n, t in times.items()}})
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def table(rows: list[dict]) -> str:
    names = list(rows[0])
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for row in rows:
        values = [f"{value:.3f}" if isinstance(value, float) else value for value in row.values()]
        lines.append(f"| {' | '.join(values)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ocaml_tree.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--work", type=Path, help="a folder for the trees, which are used again when they are there")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # so that no watcher is left behind
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    tree = ocaml_tree.plan_tree(options.modules, options.per_package, options.interfaces, options.seed)
    if options.work:
        rows = _run(options.work, tree, options.rounds)
    else:
        with tempfile.TemporaryDirectory(prefix="watch_rebuild") as work:
            rows = _run(Path(work), tree, options.rounds)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "watch_rebuild.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows))


def _run(work: Path, tree: ocaml_tree.Tree, rounds: int) -> list[dict]:
    watchers = {}
    try:
        command = [sys.executable, "-m", "rebel_tools", "watch"]
        built = Tree(work / "watch", tree)
        watchers["rebel watch"] = Watcher(built, command, b"changed; building", b"waiting for changes")
        cold = Tree(work / "cold", built.folder)
        rebel_build(cold, lambda folder: None)
        return measure(watchers, cold, rounds)
    finally:
        for watcher in watchers.values():
            watcher.close()


if __name__ == "__main__":
    main()
