#!/usr/bin/env python3
"""The run-time costs of crossing the boundary: allocation, write barrier, field access and calls.

    python benchmarks/rpython_calls.py

Each loop exists twice with the same source, once in the core and once in an extension, as a function of its own. Both
are timed in one process in the order core, extension, extension, core, so that a machine that gets slower favours
neither. The ratio of a round is that of the two sums; printed are the median of all rounds and, as the resolution of
the measurement, half the distance between their quartiles. "same code" says whether both functions have the same bytes:
then the boundary costs nothing. "construct" is an allocation and a call of the core's __init__, which the core inlines.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from elftools.elf.elffile import ELFFile  # noqa: E402

from rebel_tools.rpython import setup  # noqa: E402
from rebel_tools.rpython.run import Sepcomp  # noqa: E402

CORE = """from rpython.rlib.objectmodel import dont_inline
from rpython.rlib import rgc
from sepcomp import entrypoint, export, export_class


@export_class
class Node(object):
    n = 0
    next = None

    def set_next(self, other):
        self.next = other


@export_class
class Made(Node):
    @export(int)
    def __init__(self, n):
        self.n = n
        self.next = None


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
EXTENSION = """import core
from rpython.rlib.objectmodel import dont_inline
from sepcomp import entrypoint
"""
LOOPS = """

@dont_inline
def {side}_loop_allocate(w, n):
    for i in range(n):
        v = {core}Node()
        v.n = i
        if i & 7:
            v.next = w
        w = v
    return w.n


@dont_inline
def {side}_loop_construct(w, n):
    for i in range(n):
        v = {core}Made(i)
        if i & 7:
            v.next = w
        w = v
    return w.n


@dont_inline
def {side}_loop_barrier(a, b, n):
    for i in range(n):
        c = a.next
        a.next = b.next
        b.next = c


@dont_inline
def {side}_loop_field(a, n):
    r = 0
    for i in range(n):
        a.n = a.n + i
        r = r ^ a.next.n
    return r


@dont_inline
def {side}_loop_call(r, n):
    for i in range(n):
        r = {core}step(r, i)
    return r


def {side}_pair():
    a = {core}Node()
    b = {core}Node()
    {core}link(a, b)
    {core}link(b, a)
    {core}collect()
    return a


@entrypoint(int)
def {side}_allocate(n):
    return {side}_loop_allocate({core}Node(), n)


@entrypoint(int)
def {side}_construct(n):
    return {side}_loop_construct({core}Made(0), n)


@entrypoint(int)
def {side}_barrier(n):
    a = {side}_pair()
    {side}_loop_barrier(a, a.next, n)
    return a.next.n


@entrypoint(int)
def {side}_field(n):
    return {side}_loop_field({side}_pair(), n)


@entrypoint(int)
def {side}_call(n):
    return {side}_loop_call(0, n)
"""
KINDS = ("allocate", "construct", "barrier", "field", "call")
# So that the core has to call them, too.
NO_INLINING = "-fno-early-inlining -fno-inline-small-functions -fno-partial-inlining"
COUNT = 10_000_000
ROUNDS = 31


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    os.environ["CC"] = f"{os.environ.get('CC', 'gcc')} {NO_INLINING}"
    sepcomp = Sepcomp(*setup.ensure(str(root / ".tools")))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "core.py").write_text(CORE + LOOPS.format(side="core", core=""))
        (folder / "ext.py").write_text(EXTENSION + LOOPS.format(side="ext", core="core."))
        for arguments in (
            ["core", "core.py", "--output-dir", "out"],
            [
                "extension",
                "ext.py",
                "--core",
                "out/core.interface",
                "--core-library",
                "out/libcore.so",
                "--output-dir",
                "out",
            ],
        ):
            done = sepcomp.run(*arguments, cwd=folder)
            if done.returncode:
                raise SystemExit(done.stderr)
        report(folder / "out" / "libcore.so", folder / "out" / "ext.so")
    return 0


def report(core_path: Path, extension_path: Path) -> None:
    extension = ctypes.CDLL(str(extension_path), mode=ctypes.RTLD_GLOBAL)
    core = ctypes.CDLL(str(core_path))
    if extension.init_module():
        raise SystemExit("init_module() failed")
    print(f"{'':>10} {'core ns':>9} {'extension ns':>13} {'ratio':>7} {'+-':>6}  same code")
    for kind in KINDS:
        rounds = measure(getattr(core, f"core_{kind}"), getattr(extension, f"ext_{kind}"))
        ratios = [other / one for one, other in rounds]
        low, middle, high = statistics.quantiles(ratios, n=4)
        one, other = (statistics.median(times) for times in zip(*rounds))
        same = code(core_path, f"core_loop_{kind}") == code(extension_path, f"ext_loop_{kind}")
        print(f"{kind:>10} {one:9.2f} {other:13.2f} {middle:7.3f} {(high - low) / 2:6.3f}  {'yes' if same else 'no'}")


def measure(one, other) -> list[tuple[float, float]]:
    """(nanoseconds of the core, of the extension) for each round."""
    rounds = []
    for _ in range(ROUNDS):
        times = [clock(function) for function in (one, other, other, one)]
        rounds.append(((times[0] + times[3]) / 2, (times[1] + times[2]) / 2))
    return rounds


def clock(function) -> float:
    """Nanoseconds of processor time for one pass of a loop."""
    function.argtypes, function.restype = [ctypes.c_long], ctypes.c_long
    start = time.process_time()
    function(COUNT)
    return (time.process_time() - start) / COUNT * 1e9


def code(library: Path, name: str) -> bytes:
    """The machine code of a function of the program."""
    with open(library, "rb") as file:
        elf = ELFFile(file)
        [symbol] = elf.get_section_by_name(".symtab").get_symbol_by_name(f"pypy_g_{name}")
        section = elf.get_section(symbol["st_shndx"])
        start = symbol["st_value"] - section["sh_addr"]
        return section.data()[start : start + symbol["st_size"]]


if __name__ == "__main__":
    raise SystemExit(main())
