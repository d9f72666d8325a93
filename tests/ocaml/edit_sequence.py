#!/usr/bin/env python3
"""Edit random projects at random; after each edit, the build must equal a clean one, and a second build do nothing.

    python tests/ocaml/edit_sequence.py [--seed 1] [--sequences 5] [--edits 20] [--log FILE]

After every edit, the project is built incrementally, in one of several ways (`edit_builds.py`), and its sources are
written into a new folder and built there by scons. The outputs are compared byte for byte, and so is the output of the
programs; if the clean build fails, the incremental one must fail, too. Then the project is built again, which must not
write any file. Records and outputs of builds are also lost and damaged, trees are copied and moved, files are saved
during a build or with old time stamps, and builds and servers are killed. A third of the projects is built by an
SConstruct with the tool `ocaml`, the others by package.json, some of them as workspaces, and some projects are on a
file system with coarse time stamps.

The first difference ends its sequence, prints the history, and keeps the trees. With --log, each step
becomes a line of JSON in a file, which `edit_report.py` summarizes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[n]) for n in range(3)]

from coarse_disk import coarse_disk, why_no_coarse_disk  # noqa: E402
from edit_builds import Difference  # noqa: E402
from edited_project import Sequence  # noqa: E402


def run_sequence(work: Path, seed: int, edits: int, coarse: bool = False, tell=lambda **what: None) -> None:
    """Test one random project with that many edits. Errors: Difference, with the seed and the history."""
    sequence = Sequence(work, random.Random(seed), coarse)
    try:
        sequence.run(edits, tell)
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
    parser.add_argument("--edits", type=int, default=20, help="edits in each sequence")
    parser.add_argument("--log", help="a file to which each step is added as a line of JSON")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background, all builds would ignore it
    differences = 0
    for seed in range(given.seed, given.seed + given.sequences):
        differences += not one_sequence(seed, given.edits, given.log)
    return min(differences, 1)


def one_sequence(seed: int, edits: int, log: str | None) -> bool:
    """Run one sequence; return whether there was no difference."""
    work = Path(tempfile.mkdtemp(prefix=f"edit_sequence_{seed}_"))

    def tell(**what: object) -> None:
        if log:
            with open(log, "a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, **what}) + "\n")

    with coarse_disk(work) if is_coarse(seed) else contextlib.nullcontext(work) as folder:
        try:
            run_sequence(folder / "work", seed, edits, is_coarse(seed), tell)
        except Difference as error:
            tell(difference=str(error))
            if is_coarse(seed):
                shutil.copytree(folder / "work", work.with_name(f"{work.name}_kept"), symlinks=True)
            print(error, file=sys.stderr, flush=True)
            return False
    shutil.rmtree(work)
    print(f"seed {seed}: {edits} edits, every build equal to a clean one", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
