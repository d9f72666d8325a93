#!/usr/bin/env python3
"""What crossing the boundary costs at run time: allocation, write barrier, field access and calls.

    python benchmarks/rpython_calls.py

Each loop stands twice in the same words, once in the core and once in an extension; both are timed in one process, in
turns, and the best of several runs counts. The ratio extension / core is what the boundary costs.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from rebel_tools.rpython import setup  # noqa: E402
from rebel_tools.rpython.run import Sepcomp  # noqa: E402

CORE = """from rpython.rlib.objectmodel import dont_inline
from rpython.rlib import rgc
from sepcomp import entrypoint, export, export_class


@export_class
class Node(object):
    @export(int)
    def __init__(self, n):
        self.n = n
        self.next = None

    def set_next(self, other):
        self.next = other


@export(int, int)
@dont_inline
def step(a, b):
    return a * 3 + b


@export(Node, Node)
def link(a, b):
    a.set_next(b)


@export()
def collect():
    rgc.collect()
"""
LOOPS = """
@entrypoint(int)
def {side}_allocate(n):
    w = {core}Node(0)
    for i in range(n):
        v = {core}Node(i)
        if i & 7:
            v.next = w
        w = v
    return w.n


@entrypoint(int)
def {side}_barrier(n):
    a = {core}Node(1)
    b = {core}Node(2)
    {core}link(a, b)
    {core}link(b, a)
    {core}collect()
    for i in range(n):
        c = a.next
        a.next = b.next
        b.next = c
    return a.next.n + b.next.n


@entrypoint(int)
def {side}_field(n):
    a = {core}Node(1)
    b = {core}Node(2)
    {core}link(a, b)
    r = 0
    for i in range(n):
        a.n = a.n + i
        r = r ^ a.next.n
    return r + a.n


@entrypoint(int)
def {side}_call(n):
    r = 0
    for i in range(n):
        r = {core}step(r, i)
    return r
"""
KINDS = ("allocate", "barrier", "field", "call")
COUNT = 20_000_000


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    sepcomp = Sepcomp(*setup.ensure(str(root / ".tools")))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "core.py").write_text(CORE + LOOPS.format(side="core", core=""))
        (folder / "ext.py").write_text(
            "import core\nfrom sepcomp import entrypoint\n\n" + LOOPS.format(side="ext", core="core.")
        )
        for arguments in (
            ["core", "core.py", "--output-dir", "out"],
            ["extension", "ext.py", "--core", "out/core.interface", "--core-library", "out/libcore.so",
             "--output-dir", "out"],
        ):
            done = sepcomp.run(*arguments, cwd=folder)
            if done.returncode:
                raise SystemExit(done.stderr)
        report(folder / "out")
    return 0


def report(folder: Path) -> None:
    extension = ctypes.CDLL(str(folder / "ext.so"), mode=ctypes.RTLD_GLOBAL)
    core = ctypes.CDLL(str(folder / "libcore.so"))
    if extension.init_module():
        raise SystemExit("init_module() failed")
    print(f"{'':>10} {'core ns':>9} {'extension ns':>13} {'ratio':>7}")
    for kind in KINDS:
        one, other = getattr(core, f"core_{kind}"), getattr(extension, f"ext_{kind}")
        best = [float("inf"), float("inf")]
        for _ in range(9):
            for i, function in enumerate((one, other)):
                best[i] = min(best[i], clock(function))
        print(f"{kind:>10} {best[0]:9.2f} {best[1]:13.2f} {best[1] / best[0]:7.2f}")


def clock(function) -> float:
    """Nanoseconds of processor time for one round."""
    function.argtypes, function.restype = [ctypes.c_long], ctypes.c_long
    start = time.process_time()
    function(COUNT)
    return (time.process_time() - start) / COUNT * 1e9


if __name__ == "__main__":
    raise SystemExit(main())
