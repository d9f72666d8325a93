#!/usr/bin/env python3
"""Translates the test programs several times, in environments that differ, and compares what is made byte for byte.

    python tests/rpython/identical.py [--times 10]

What differs is the seed of Python's hashes, the folder of the sources, the working directory, HOME, USER, locale, time
zone, umask, the size of the environment, the number of C compilers, and addresses (by the kernel; in one run they are
fixed). Each time takes some twenty seconds of processor time, so this is not part of the test suite.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "tests"), str(ROOT)]

from conftest import SEPCOMP, copy_programs  # noqa: E402

from rebel_tools.rpython import setup  # noqa: E402

EXTENSIONS = ("ext_a", "ext_b")
LOCALES = ("C", "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8", "POSIX")
ZONES = ("UTC", "Asia/Tokyo", "America/New_York")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10)
    times = parser.parse_args().times
    command = list(setup.ensure(str(ROOT / ".tools")))
    first: dict[str, str] = {}
    different = 0
    for number in range(times):
        with tempfile.TemporaryDirectory(prefix="identical" + "x" * (number * 7 % 30)) as folder:
            found = digests(translated(command, Path(folder), number))
        first = first or found
        wrong = sorted(name for name in first if found.get(name) != first[name])
        different += bool(wrong)
        print(f"{number + 1}: {len(found)} files, libcore.so {found['libcore.so'][:12]}, different: {wrong or 'none'}")
        sys.stdout.flush()
    print(f"{times - different} of {times} translations are identical")
    return 1 if different else 0


def translated(command: list[str], base: Path, number: int) -> Path:
    """The folder with what the translations make in this environment."""
    sources = base / ("s" * (number % 4 + 1)) / "sources"
    sources.mkdir(parents=True)
    copy_programs(sources)
    out = base / "out"
    run(command, base, number, "core", str(sources / "core.py"), "--output-dir", str(out))
    for name in EXTENSIONS:
        core = ("--core", str(out / "core.interface"), "--core-library", str(out / "libcore.so"))
        run(command, base, number, "extension", str(sources / f"{name}.py"), *core, "--output-dir", str(out))
    return out


def run(command: list[str], base: Path, number: int, *arguments: str) -> None:
    python, rpython = command
    fixed = ["setarch", "-R"] if number == 1 else []
    done = subprocess.run(
        [*fixed, python, "-R", "-B", str(SEPCOMP), *arguments, "--rpython", rpython, "--jobs", str(number % 3 + 1)],
        cwd=(base, "/", ROOT)[number % 3],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONHASHSEED": str(number * 7919),
            "HOME": str(base / f"home{number}"),
            "USER": "user" * (number % 5),
            "LC_ALL": LOCALES[number % len(LOCALES)],
            "TZ": ZONES[number % len(ZONES)],
            "FILLER": "x" * (number * 1001),
        },
        umask=0o077 if number % 2 else 0o022,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)


def digests(folder: Path) -> dict[str, str]:
    """{name: SHA-256} of everything that is made, except for logs and the paths of sources."""
    kept = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix not in (".log", ".d")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


if __name__ == "__main__":
    raise SystemExit(main())
