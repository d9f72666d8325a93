#!/usr/bin/env python3
"""The costs of one iteration of a hot loop that calls a function of the core, or of an extension, in a core with a JIT.

    python benchmarks/rpython_jit.py

The interpreter and the functions are those of tests/rpython/jit; the loop adds up the results of the function. Printed
are the minimum of five runs of each, after one that compiles the loop, and the calls and allocations in the loop.
The core is that of tests/rpython/jit_core.py, which this translates if it is not stored yet (some ten minutes).
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "rpython"), str(ROOT / "tests"), str(ROOT)]

import jit_core  # noqa: E402
import jit_log  # noqa: E402
from conftest import Toolchain  # noqa: E402

from rebel_tools.rpython import setup  # noqa: E402

ROUNDS = 5_000_000
CASES = {
    "a function of the core": (0, 0),
    "an extension's, returns an object of the core": (1, 0),
    "an extension's, found by an elidable function": (5, 4),
    "an extension's, and a quasi-immutable field": (1, 2),
}


def main() -> int:
    toolchain = Toolchain(*setup.ensure(str(ROOT / ".tools")))
    kept = jit_core.kept(toolchain)
    if not kept.exists():
        jit_core.make(toolchain, kept)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jit_core.extend(toolchain, kept, folder)
        print("| | ns a round | calls | allocations |\n|---|---|---|---|")
        for what, (function, program) in CASES.items():
            one = [sys.executable, __file__, "--one", str(folder / "out"), str(function), str(program)]
            environ = {**os.environ, "PYPYLOG": f"jit-log-opt:{folder / 'log'}"}
            spent = subprocess.run(one, env=environ, capture_output=True, text=True, check=True).stdout.strip()
            found = [trace for trace in jit_log.traces((folder / "log").read_text()) if trace.kind == "loop"][-1]
            print(f"| {what} | {spent} | {len(found.calls())} | {len(found.allocations())} |")
    return 0


def time_one(folder: str, function: int, program: int) -> None:
    core = ctypes.CDLL(f"{folder}/libcore.so", mode=ctypes.RTLD_GLOBAL)
    extension = ctypes.CDLL(f"{folder}/ext.so")
    extension.init_module()
    core.run.restype = ctypes.c_long
    core.run.argtypes = extension.use.argtypes = [ctypes.c_long, ctypes.c_long]
    extension.use(function, 3)
    core.run(program, 10_000)
    found = []
    for _ in range(5):
        start = time.process_time()
        core.run(program, ROUNDS)
        found.append((time.process_time() - start) * 1e9 / ROUNDS)
    print(f"{min(found):.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        time_one(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(main())
