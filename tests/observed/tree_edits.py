"""`rebel scons` against plain scons, after random edits of random C trees.

    python tests/observed/tree_edits.py --seed 1 --trees 5 --edits 30

After each edit, `rebel scons` runs. If it answers without SCons, a separate `scons -q` on a copy of the tree
has to find nothing to do. If it runs SCons and nothing is built, that is a false alarm. Prints the
counts, and each unsound answer. Runs that checked only what depends on an edit are counted; after each of them, a
plain `scons -q` on the copy has to find nothing to do, too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from c_tree import Tree  # noqa: E402

BIN = Path(sys.executable).parent  # the folder of the environment in which rebel-tools is installed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trees", type=int, default=5)
    parser.add_argument("--edits", type=int, default=30)
    parser.add_argument("--small", action="store_true", help="one to three changes at once, of contents only")
    parser.add_argument("--keep", action="store_true", help="keep the trees of unsound answers")
    parser.add_argument("--verbose", action="store_true", help="print the reason of each false alarm")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.trees):
        counts += run_tree(seed, options.edits, options.keep, options.verbose, options.small)
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    return 1 if counts["unsound"] else 0


def run_tree(seed: int, edits: int, keep: bool = False, verbose: bool = False, small: bool = False) -> Counter[str]:
    """Edit one tree `edits` times; return the counts of answers, by kind and, for false alarms, by the kind of edit."""
    counts: Counter[str] = Counter()
    folder = Path(tempfile.mkdtemp(prefix=f"tree{seed}-"))
    tree = Tree(folder / "tree", seed, small)
    cache = folder / "cache"
    build(tree, cache)
    for _ in range(edits):
        counts += judge(tree, folder, "no edit")  # from a build, or from a run without work
        times = tree.random.choice([1, 2, 3] if small else [1, 1, 1, 2])
        name = "+".join(tree.edit(small) for _ in range(times))
        time.sleep(0.04 if tree.random.random() < 0.5 else 0)
        counts["edits"] += 1
        counts += judge(tree, folder, name, verbose)
        if counts["unsound"] and keep:
            return counts
    shutil.rmtree(folder)
    return counts


def judge(tree: Tree, folder: Path, name: str, verbose: bool = False) -> Counter[str]:
    """Run `rebel scons` after the edit `name`, and plain scons if it answers by itself."""
    reason, worked, failed = build(tree, folder / "cache")
    after = " after no edit" if name == "no edit" else ""
    if not reason:
        if up_to_date(tree, folder / "copy"):
            return Counter([f"answered{after}"])
        print(f"UNSOUND {tree.seed=} ({name}), features {tree.features}, in {folder}")
        return Counter(["unsound"])
    if failed:
        return Counter([f"asked, failed{after}"])
    if "targets are checked" in reason:
        if not up_to_date(tree, folder / "copy"):
            print(f"UNSOUND in part {tree.seed=} ({name}), features {tree.features}, in {folder}")
            return Counter(["unsound"])
        return Counter([f"judged in part{after}"])
    if worked:
        return Counter([f"asked, work{after}"])
    if verbose:
        print(f"{tree.seed=}: {name}: {reason}")
    return Counter([f"asked, no work{after}"] + ([] if after else [f"false alarm: {name}"]))


def environment(tree: Tree, cache: Path | None) -> dict[str, str]:
    own = {"PYTHONDONTWRITEBYTECODE": "1", "REBEL_SMALL_EDITS": "1", **tree.environ}
    return {**os.environ, **own, **({"XDG_CACHE_HOME": str(cache)} if cache else {})}


def build(tree: Tree, cache: Path) -> tuple[str, bool, bool]:
    """Run `rebel scons`; return why it ran SCons ('' if not), whether it built something, and whether it failed."""
    run = subprocess.run(
        [BIN / "rebel", "scons", "-Q", "--explain", *tree.arguments],
        cwd=tree.root,
        env=environment(tree, cache),
        capture_output=True,
        text=True,
    )
    if "Traceback" in run.stderr:
        raise SystemExit(run.stdout + run.stderr)
    lines = [line for line in run.stderr.splitlines() if line.startswith("rebel:")]
    reason = " | ".join(lines).partition("running scons: ")[2]
    # SCons calls an Alias up to date even if its targets were built.
    worked = any(not line.endswith("is up to date.") and "Checking for" not in line for line in run.stdout.splitlines())
    return reason, worked, run.returncode != 0


def up_to_date(tree: Tree, copy: Path) -> bool:
    """Whether plain scons finds nothing to do in a copy of the tree."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(tree.root, copy, symlinks=True)
    command = [BIN / "scons", "-Q", "-q", *tree.arguments]
    return subprocess.run(command, cwd=copy, env=environment(tree, None), capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
