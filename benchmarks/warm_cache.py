#!/usr/bin/env python3
"""Builds in a clean tree by rebel-tools and by dune with DUNE_CACHE=enabled, in turn, with a warm and a cold cache.

    python benchmarks/warm_cache.py --dune /path/to/dune --modules 60 1100 --rounds 5

removed: after `rm -rf _build`. clone: the same sources in a folder that was never built. cold: a first build with an
empty cache, which fills it; off: the same without any cache. Both tools read everything from their caches, and
compare digests (dune only those of its metadata). By default, dune caches no rule of OCaml, hence `enabled`.
Writes warm_cache.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import ocaml_tree
import small_builds
from measuring import ROOT, Result, Sample, result, rounds, timed

SMALL = 200  # modules; smaller trees are the projects of small_builds.py


class Contestant:
    """A tool with a project and a cache of its own in the folder `work`."""

    def __init__(self, name: str, command: list[str], work: Path, modules: int) -> None:
        self.name, self.command, self.work = name, command, work / name
        self.source, self.cache = self.work / "source", self.work / "cache"
        self.source.parent.mkdir()
        if modules < SMALL:
            small_builds.write_project(self.source, modules)
        else:
            ocaml_tree.write_tree(self.source, ocaml_tree.plan_tree(modules))

    def run(self, folder: Path, cache: bool = True) -> Sample:
        on = {"REBEL_CACHE": str(self.cache), "DUNE_CACHE": "enabled", "XDG_CACHE_HOME": str(self.cache)}
        off = {"REBEL_CACHE": "0", "DUNE_CACHE": "disabled"}
        return timed(self.command, folder, self.work / "log", environ={"REBEL_SERVER": "0", **(on if cache else off)})

    def scenarios(self) -> dict:
        return {"off": self.off, "cold": self.cold, "removed": self.removed, "clone": self.clone}

    def off(self, number: int) -> Sample:
        self.clean()
        return self.run(self.source, cache=False)

    def cold(self, number: int) -> Sample:
        self.clean()
        shutil.rmtree(self.cache, ignore_errors=True)
        return self.run(self.source)

    def removed(self, number: int) -> Sample:
        self.clean()
        return self.run(self.source)

    def clone(self, number: int) -> Sample:
        self.clean()
        folder = self.work / f"clone{number}"
        shutil.copytree(self.source, folder)
        return self.run(folder)

    def clean(self) -> None:
        shutil.rmtree(self.source / "_build", ignore_errors=True)


def measure(modules: int, options: argparse.Namespace, work: Path) -> list[Result]:
    rebel = [str(Path(sys.executable).with_name("rebel")), "build", f"-j{options.jobs}"]
    dune = [options.dune, "build", f"-j{options.jobs}", "./src/index.exe"]
    tools = [Contestant("rebel-tools", rebel, work, modules), Contestant("dune", dune, work, modules)]
    results = []
    for scenario in options.scenarios:
        samples = rounds({tool.name: tool.scenarios()[scenario] for tool in tools}, options.rounds, 3600)
        results += [result(f"{modules} modules", scenario, tool.name, samples[tool.name]) for tool in tools]
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", type=int, nargs="*", default=[60, 1100])
    parser.add_argument("--scenarios", nargs="*", default=["off", "cold", "removed", "clone"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--dune", default="dune", help="the program dune, by default that of the PATH")
    options = parser.parse_args()
    results = []
    for modules in options.modules:
        with tempfile.TemporaryDirectory() as work:
            results += measure(modules, options, Path(work))
    (ROOT / "benchmarks" / "warm_cache.json").write_text(
        json.dumps([asdict(each) for each in results], indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
