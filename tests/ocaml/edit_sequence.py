#!/usr/bin/env python3
"""Edit random projects at random; after each edit, the build must equal a clean one, and a second build do nothing.

    python tests/ocaml/edit_sequence.py [--seed 1] [--sequences 5] [--steps 20] [--log FILE]

In every step, one to three edits are made. Then the project is built incrementally, in one of several ways
(`edit_builds.py`), and its sources are written into a new folder and built there by scons. The outputs are compared
byte for byte, and so is the output of the programs; if the clean build fails, the incremental one must fail, too. Then
the project is built again, which must not write any file. Records and outputs of builds are also lost and damaged,
trees are copied and moved, files are saved during a build or with old time stamps, and builds and servers are killed.
A third of the projects is built by an SConstruct with the tool `ocaml`, the others by package.json, some of them as
workspaces, and some projects are on a file system with coarse time stamps.

The first difference ends its sequence, prints the history, and keeps the trees. With --log, each step
becomes a line of JSON in a file, which `edit_report.py` summarizes. Kinds of edits that are rare in this file come
more often. To repeat one sequence of a run, give its log by --like: then the kinds count as at that time.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

HERE = Path(__file__).resolve().parent
sys.path[:0] = map(str, (HERE, HERE.parent, HERE.parents[1]))

from coarse_disk import coarse_disk, why_no_coarse_disk  # noqa: E402
from edit_builds import Difference  # noqa: E402
from edited_project import Sequence  # noqa: E402


def run_sequence(
    work: Path,
    seed: int,
    steps: int,
    coarse: bool = False,
    tell=lambda **what: None,
    tried: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Test one random project in that many steps. Errors: Difference, with the seed and the history.

    tried: how often each kind of edit was tried before; the rare ones come more often.
    """
    sequence = Sequence(work, random.Random(seed), coarse, tried)
    try:
        sequence.run(steps, tell)
    except Difference as error:
        history = "\n".join(f"  {n}. {what}" for n, what in enumerate(sequence.history))
        raise Difference(f"seed {seed}, after\n{history}\n{error}\nthe trees are in {work}") from None
    finally:
        sequence.close()


def is_coarse(seed: int) -> bool:
    """Whether the project of this seed is on a file system with coarse time stamps, if that is possible."""
    return seed % 5 == 0 and not why_no_coarse_disk()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the first sequence; the others count on")
    parser.add_argument("--sequences", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="steps in each sequence, of one to three edits")
    parser.add_argument("--log", help="a file to which each step is added as a line of JSON")
    parser.add_argument("--like", metavar="LOG", help="choose kinds as in the run that has written this log")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background, all builds would ignore it
    if given.sequences == 1:
        return 0 if one_sequence(given.seed, given.steps, given.log, given.like) else 1
    command = [sys.executable, __file__, *sys.argv[1:], "--sequences=1"]
    seeds = range(given.seed, given.seed + given.sequences)
    # Each in a process of its own, because clean builds use the modules that this process has loaded.
    return max([subprocess.run([*command, f"--seed={seed}"]).returncode for seed in seeds], default=0)


def tried_before(seed: int, log: str) -> Counter[str]:
    """How often each kind of edit was tried in a run, before the sequence of that seed."""
    steps = [json.loads(line) for line in Path(log).read_text(encoding="utf-8").splitlines()]
    before = itertools.takewhile(lambda step: step["seed"] != seed, steps)
    return Counter(kind for step in before for kind in step.get("kinds", ()))


def one_sequence(seed: int, steps: int, log: str | None, like: str | None = None) -> bool:
    """Run one sequence; return whether there was no difference."""
    known = like or log
    tried = tried_before(seed, known) if known and os.path.exists(known) else Counter[str]()
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    work = Path(tempfile.mkdtemp(prefix=f"edit_sequence_{seed}_"))

    def tell(**what: object) -> None:
        if log:
            with open(log, "a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, "commit": commit, **what}) + "\n")

    with coarse_disk(work) if is_coarse(seed) else contextlib.nullcontext(work) as folder:
        try:
            run_sequence(folder / "work", seed, steps, is_coarse(seed), tell, tried)
        except Difference as error:
            tell(difference=str(error))
            if is_coarse(seed):
                shutil.copytree(folder / "work", work.with_name(f"{work.name}_kept"), symlinks=True)
            print(error, file=sys.stderr, flush=True)
            return False
    shutil.rmtree(work)
    print(f"seed {seed}: {steps} steps, every build equal to a clean one", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
