#!/usr/bin/env python3
"""Random sequences of loops in a core with a JIT, with functions of two extensions, compared with plain Python 2.7.

    python tests/rpython/jit_random.py [--seed 1] [--sequences 20]

A sequence changes the function that loops call, how soon loops and bridges are compiled, and how long loops run. Every
other one runs with a small nursery. The core is that of jit_core.py, which must be kept.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "tests"), str(ROOT)]

import jit_core  # noqa: E402
from conftest import Toolchain  # noqa: E402

from rebel_tools.rpython import setup  # noqa: E402

LENGTH = 150
SMALL = {"PYPY_GC_NURSERY": "32k", "PYPY_GC_MIN": "256k"}


def sequence(seed: int) -> list[tuple]:
    """The calls of one sequence: (module, function, arguments, kind of the result)."""
    chance = random.Random(seed)
    calls = [hot(chance)]
    for _ in range(LENGTH):
        kind = chance.random()
        if kind < 0.20:
            calls.append(("ext", "use", [chance.randrange(10), chance.randrange(300)], "int"))
        elif kind < 0.30:
            calls.append(("second", chance.choice(["mix", "work"]), [1], "int"))
        elif kind < 0.33:
            calls.append(hot(chance))
        else:
            calls.append(("core", "run", [chance.randrange(6), chance.randrange(400)], "int"))
    return calls


def hot(chance: random.Random) -> tuple:
    return ("core", "hot_after", [chance.choice([2, 3, 7, 20, 60])], "int")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sequences", type=int, default=20)
    args = parser.parse_args()
    toolchain = Toolchain(*setup.ensure(str(ROOT / ".tools")))
    kept = jit_core.kept(toolchain)
    if not kept.exists():
        sys.exit("the core with a JIT is not kept: python tests/rpython/jit_core.py makes it in some ten minutes")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jit_core.extend(toolchain, kept, folder)
        seeds = range(args.seed, args.seed + args.sequences)
        wrong = [seed for seed in seeds if not is_same(toolchain, folder, seed)]
    print(
        f"{args.sequences} sequences of {LENGTH + 1} calls; other results than in Python 2.7: seeds {wrong or 'none'}"
    )
    return 1 if wrong else 0


def is_same(toolchain: Toolchain, folder: Path, seed: int) -> bool:
    calls = sequence(seed)
    found = toolchain.results("libraries", folder / "out", calls, "late", env=SMALL if seed % 2 else {})
    return found == toolchain.results("python", folder, calls, "late")


if __name__ == "__main__":
    sys.exit(main())
