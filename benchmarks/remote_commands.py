#!/usr/bin/env python3
"""The costs and savings of a server of results and of an engine, for a C tree, compared with plain scons.

    nice python benchmarks/remote_commands.py --files 500 --rounds 3

Server and engine run on this machine. plain: scons in a new folder. fill: the same with a server that is empty at
first, nginx (HTTP) or casd (gRPC): each command is traced. hits: a checkout in a new folder, with a server that another
one has filled. executor: there are no stored results, and all commands run on casd, with two workers on the same
processors; kept: the same again. null: nothing has changed, without and with the tool and an address. All outputs are
compared with those of plain. At the end: how many times faster than one processor that many `--workers` could be,
limited by the time that the client needs for each remote command. Writes remote_commands.json beside this file, or with
a selection of `--servers` only remote_commands-SERVER.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "tests")]
from casd import Casd  # noqa: E402
from measuring import ROOT, Sample, timed  # noqa: E402
from nginx_cache import running_nginx  # noqa: E402

SCONSTRUCT = """
import os, rebel_tools
DefaultEnvironment(tools=[])
tools = ['default'] + (['remote'] if os.environ.get('WITH_TOOL') else [])
env = Environment(tools=tools, toolpath=[rebel_tools.TOOLPATH], CPPPATH=['inc'], CCFLAGS=['-O2'])
env.Program('prog', ['main.c'] + [env.StaticLibrary(f'lib{n}', Glob(f'src{n}/*.c')) for n in range(5)])
"""
BODY = """
int {name}_{k}(const struct table *t, int n) {{
    int sum = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < {k} + 3; j++) {{
            sum += t->rows[(i + j) % 64].key > n ? t->rows[i % 64].value * j : t->rows[j % 64].key << (i & 7);
            printf("%d %s\\n", sum, t->rows[(i * j) % 64].name);
        }}
    return sum;
}}
"""
HEAD = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct row {{ int key, value; const char *name; }};
struct table {{ struct row rows[64]; int {name}; }};
"""


def write_tree(folder: Path, files: int) -> None:
    """A fifth of the files is in each of five libraries; ten files have a header, and each file includes five."""
    generator = random.Random(1)
    headers = [f"part{number}.h" for number in range(max(5, files // 10))]
    (folder / "inc").mkdir(parents=True)
    (folder / "inc" / "table.h").write_text("#pragma once\n" + HEAD.format(name="id"))
    for header in headers:
        (folder / "inc" / header).write_text(f'#pragma once\n#include "table.h"\nint {header[:-2]}(int);\n')
    for number in range(files):
        path = folder / f"src{number % 5}" / f"file{number}.c"
        path.parent.mkdir(exist_ok=True)
        included = "".join(f'#include "{header}"\n' for header in generator.sample(headers, 5))
        path.write_text(included + "".join(BODY.format(name=path.stem, k=k) for k in range(4)))
    (folder / "main.c").write_text("int main(void) { return 0; }\n")
    (folder / "SConstruct").write_text(SCONSTRUCT)


def outputs(folder: Path) -> dict[str, bytes]:
    made = [path for path in folder.rglob("*") if path.suffix in (".o", ".a") or path.name == "prog"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in made}


class Bench:
    def __init__(self, work: Path, options: argparse.Namespace) -> None:
        self.work, self.options = work, options
        self.expected: dict[str, bytes] = {}
        self.number = 0

    def build(self, *words: str, folder: Path | None = None) -> Sample:
        """scons in a new folder, or in one that was built; its outputs are those of plain scons."""
        self.number += 1
        at = folder or self.work / f"tree{self.number}"
        if folder is None:
            write_tree(at, self.options.files)
        command = [sys.executable, "-m", "SCons", "-s", f"-j{self.options.jobs}", *words]
        tool = {"WITH_TOOL": "1"} if words else {}
        found = timed(command, at, self.work / "log", environ=tool)
        made = outputs(at)
        self.expected = self.expected or made
        assert made == self.expected, "the outputs are others"
        print(f"{self.number:3} {found.wall:7.2f} s  {' '.join(words)}", file=sys.stderr)
        if folder is None and not words:
            self.plain = at
        elif folder is None:
            shutil.rmtree(at)
        return found

    def round(self, number: int) -> dict[str, Sample]:
        found = {"plain": self.build(), "null": self.build(folder=self.plain)}
        if "http" in self.options.servers:
            found.update(self.over_http(number))
        for name in ("grpc", "executor"):
            if name in self.options.servers:
                found.update(self.on_casd(name))
        shutil.rmtree(self.plain)
        return found

    def over_http(self, number: int) -> dict[str, Sample]:
        found = {}
        with running_nginx(self.work / f"nginx{number}") as url:
            found["http fill"] = self.build(f"--remote-cache={url}")
            found["http hits"] = self.build(f"--remote-cache={url}")
            # The first one records that the command lines are the same.
            self.build(f"--remote-cache={url}", folder=self.plain)
            found["null with the tool"] = self.build(f"--remote-cache={url}", folder=self.plain)
        shutil.rmtree(self.work / f"nginx{number}")
        return found

    def on_casd(self, name: str) -> dict[str, Sample]:
        first, again, option = {
            "grpc": ("grpc fill", "grpc hits", "--remote-cache"),
            "executor": ("executor", "executor, kept", "--remote-executor"),
        }[name]
        casd = Casd(self.work / f"casd{self.number}")
        try:
            return {each: self.build(f"{option}={casd.url}") for each in (first, again)}
        finally:
            casd.end()
            shutil.rmtree(casd.folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--servers", nargs="*", default=["http", "grpc", "executor"])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--workers", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--work", help="a folder for the trees; by default a temporary one")
    options = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        bench = Bench(Path(work), options)
        start = time.time()
        for number in range(options.rounds):
            rounds.append(bench.round(number))
            print(f"round {number + 1} of {options.rounds}, {time.time() - start:.0f} s", file=sys.stderr)
    rows = {}
    for name in rounds[0]:
        wall = statistics.median(each[name].wall for each in rounds)
        cpu = statistics.median(each[name].cpu for each in rounds)
        base = "null" if name.startswith("null") else "plain"
        ratio = statistics.median(each[name].wall / each[base].wall for each in rounds)
        rows[name] = {"wall": round(wall, 2), "cpu": round(cpu, 2), "ratio": round(ratio, 2)}
        print(f"{name:20} {wall:7.2f} s {cpu:7.2f} s of processor {ratio:6.2f} of {base}")
    result = {"files": options.files, "rounds": options.rounds, "jobs": options.jobs, "rows": rows}
    if "executor" in rows:
        client, all_of_it = rows["executor"]["cpu"], rows["plain"]["cpu"]
        times = {each: round(all_of_it / max(all_of_it / each, client), 1) for each in options.workers}
        print("workers:", ", ".join(f"{each}: {faster} times" for each, faster in times.items()))
        result["workers"] = times
    name = "-".join(["remote_commands", *(options.servers if len(options.servers) < 3 else [])])
    (ROOT / "benchmarks" / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
