#!/usr/bin/env python3
"""The long matrix: the test programs with every GC and optimization level, with and without RPY_ASSERT.

    python tests/rpython/matrix.py

Every call is compared with plain Python 2.7, in both load orders, with a small nursery and PYPY_GC_DEBUG=2. It takes
about two minutes of processor time for each of the configurations, and is not part of the test suite.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from conftest import Toolchain, copy_programs  # noqa: E402
from rpython_calls import ALL  # noqa: E402

from rebel_tools.rpython import setup  # noqa: E402

CONFIGURATIONS = [
    ("--debug",),
    ("--opt", "3"),
    ("--opt", "mem"),
    ("--gc", "minimark"),
    ("--gc", "minimark", "--debug"),
]
ORDERS = [("ext_a", "ext_b"), ("ext_b", "ext_a")]
STRESS = {"PYPY_GC_DEBUG": "2", "PYPY_GC_NURSERY": "32k", "PYPY_GC_MIN": "256k"}


def main() -> int:
    toolchain = Toolchain(*setup.ensure(str(ROOT / ".tools")))
    failures = 0
    for options in CONFIGURATIONS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            copy_programs(folder)
            toolchain.core(folder, "core", *options)
            for extension in ORDERS[0]:
                toolchain.extension(folder, extension)
            failures += compare(toolchain, folder, options)
    return 1 if failures else 0


def compare(toolchain: Toolchain, folder: Path, options: tuple[str, ...]) -> int:
    expected = toolchain.results("python", folder, ALL)
    wrong = 0
    for order in ORDERS:
        for env in ({}, STRESS):
            found = toolchain.results("libraries", folder / "out", ALL, *order, env=env)
            different = [(c, f, e) for c, f, e in zip(ALL, found, expected) if f != e]
            wrong += len(different)
            print(
                f"{' '.join(options)}, {' '.join(order)}, {'stress' if env else 'plain'}: "
                f"{len(found) - len(different)} of {len(ALL)} calls as in Python 2.7"
            )
            for call, f, e in different:
                print(f"    {call}: {f!r}, in Python {e!r}")
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
