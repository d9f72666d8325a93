"""How long does `symbol-audit diff` take for two small libraries, as a whole process?

    python benchmarks/diff_libraries.py

Prints the median of several runs and that of an empty Python process; the limit is 0.3 s. On a busy machine, only the
processor time is meaningful.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 15
SOURCE = "struct point {{ int x; int y; }};\n" + "".join(
    f"{{0}} core_{n}(struct point *p, int n) {{{{ return p->x + n; }}}}\n" for n in range(20)
)


def measure(command: list[str]) -> tuple[float, float]:
    """The median wall and processor seconds of whole processes."""
    walls, processors = [], []
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(ROUNDS):
        before, start = os.times(), time.perf_counter()
        subprocess.run(command, env=env, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - start)
        after = os.times()
        processors.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return statistics.median(walls), statistics.median(processors)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, result in (("old.so", "int"), ("new.so", "long")):
            command = ["gcc", "-x", "c", "-g", "-shared", "-fPIC", "-o", name, "-"]
            subprocess.run(command, input=SOURCE.format(result), text=True, cwd=folder, check=True)
        paths = [os.path.join(folder, name) for name in ("old.so", "new.so")]
        audit = [sys.executable, "-m", "rebel_tools.cli.symbol_audit"]
        for label, command in (
            ("python -c pass", [sys.executable, "-c", "pass"]),
            ("symbol-audit exports OLD", [*audit, "exports", paths[0]]),
            ("symbol-audit diff OLD NEW (limit 0.3 s)", [*audit, "diff", *paths]),
        ):
            wall, processor = measure(command)
            print(f"{label:<42} {wall:6.3f} s, {processor:6.3f} s of CPU")


if __name__ == "__main__":
    main()
