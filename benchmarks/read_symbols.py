"""Reading export tables and debugging information, compared with nm, objdump and abidw, in turn, in one run.

    python benchmarks/read_symbols.py [--rounds 15] [--library /usr/lib/x86_64-linux-gnu/libLLVM-14.so.1]

- exports of an ELF library with more than 30,000 dynamic symbols: at most 1.5 times `nm`, at most 200 MB
- exports of a DLL with 10,000 of them: less than `objdump -p`
- prototypes and layouts of 200 functions in a library of 80,000 DIEs: at most 5 times `abidw`

The tools are timed as whole processes. Ours is timed inside its process: "warm" with everything imported, which
compares the work; "cold" is the first call in a new process with its imports, but without the start of Python itself.
On a busy machine, look at the processor time. Ratios are those of medians.
"""

from __future__ import annotations

import argparse
import glob
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rebel_tools.binary import read_table  # noqa: E402
from rebel_tools.binary.dwarf import read_declarations  # noqa: E402

LARGE = ("/usr/lib/*/libLLVM-1*.so.1", "/usr/lib/*/libclang-cpp.so.1*")
DLL_EXPORTS, FILES, FUNCTIONS, TYPES, WANTED = 10_000, 40, 54, 140, 200
COLD = """
import resource, sys, time
sys.path.insert(0, sys.argv[1])
wall, cpu = time.perf_counter(), time.process_time()
from rebel_tools.binary import read_table
read_table(sys.argv[2])
print(time.perf_counter() - wall, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


class Times:
    """Wall and processor seconds of the rounds of one contender."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def add(self, wall: float, cpu: float) -> None:
        self.wall.append(wall)
        self.cpu.append(cpu)

    @property
    def medians(self) -> tuple[float, float]:
        return statistics.median(self.wall), statistics.median(self.cpu)

    def __str__(self) -> str:
        wall, cpu = self.medians
        return f"{wall * 1000:7.1f} / {cpu * 1000:6.1f} ms"


def in_process(work: Callable[[], object], times: Times) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    times.add(time.perf_counter() - wall, time.process_time() - cpu)
    del result  # not earlier: freeing the memory is not part of reading


def as_process(command: list[str], times: Times) -> None:
    before, wall = _children(), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    times.add(time.perf_counter() - wall, _children() - before)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(title: str, work: Callable[[], object], command: list[str], limit: float, rounds: int) -> None:
    """Run both in turn, so that a busy machine disturbs both."""
    if not shutil.which(command[0]):
        print(f"{title}: {command[0]} is not installed")
        return
    ours, other = Times(), Times()
    work()
    for _ in range(rounds):
        in_process(work, ours)
        as_process(command, other)
    wall, cpu = (a / b for a, b in zip(ours.medians, other.medians))
    print(title)
    print(f"  ours, warm    {ours}   (wall / CPU, medians of {rounds})")
    print(f"  {command[0]:<13} {other}")
    print(f"  ratio         {wall:7.2f} / {cpu:6.2f}      limit {limit}")


def cold(path: str, rounds: int) -> None:
    """The first call in new processes, and their memory. Byte code is cached, as in an installed package."""
    times, memory = Times(), 0.0
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": cache}
        command = [sys.executable, "-c", COLD, str(ROOT), path]
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        for _ in range(rounds):
            wall, cpu, peak = map(float, subprocess.check_output(command, env=env, text=True).split())
            times.add(wall, cpu)
            memory = max(memory, peak)
    print(f"  ours, cold    {times}   with imports; at most {memory:.0f} MB")


def elf(options: argparse.Namespace) -> None:
    found = [options.library] if options.library else [path for pattern in LARGE for path in glob.glob(pattern)]
    if not found:
        print("ELF exports: no large library here; apt-get install libllvm14")
        return
    path = max(found, key=lambda name: Path(name).stat().st_size)
    title = f"{len(read_table(path).exports)} exports of {path}"
    nm = ["nm", "-D", "--defined-only", "--with-symbol-versions", path]
    compare(title, lambda: read_table(path), nm, 1.5, options.rounds)
    cold(path, options.rounds)


def dll(options: argparse.Namespace, folder: Path) -> None:
    compiler = "x86_64-w64-mingw32-gcc"
    if not shutil.which(compiler):
        print("DLL exports: apt-get install gcc-mingw-w64-x86-64")
        return
    line = "__declspec(dllexport) int exported_function_{0}(int a) {{ return a + {0}; }}\n"
    source = "".join(line.format(number) for number in range(DLL_EXPORTS))
    (folder / "large.c").write_text(source)
    subprocess.run([compiler, "-shared", "-o", "large.dll", "large.c"], cwd=folder, check=True)
    path = str(folder / "large.dll")
    title = f"{len(read_table(path).exports)} exports of a DLL"
    compare(title, lambda: read_table(path), ["objdump", "-p", path], 1.0, options.rounds)
    cold(path, options.rounds)


def dwarf(options: argparse.Namespace, folder: Path) -> None:
    path = _large_debug_information(folder)
    functions = [export.name for export in read_table(path).exports if export.kind == "function"]
    names = random.Random(1).sample(functions, WANTED)
    assert len(read_declarations(path, names).functions) == WANTED
    title = f"prototypes and layouts of {WANTED} of {len(functions)} functions, {_count_dies(path)} DIEs"
    compare(title, lambda: read_declarations(path, names), ["abidw", path], 5.0, max(3, options.rounds // 3))


def _large_debug_information(folder: Path) -> str:
    """A C library with about 80,000 DIEs: every file includes all types, as in real libraries."""
    header = "".join(
        f"struct s{i} {{ int a{i}; double b; struct s{max(i - 1, 0)} *p; char text[{i + 1}]; unsigned x : 3; }};\n"
        f"enum e{i} {{ E{i}_A, E{i}_B = {i} }};\n"
        for i in range(TYPES)
    )
    (folder / "types.h").write_text(header)
    chance = random.Random(1)
    for number in range(FILES):
        lines = [_function(number, index, chance.randrange(TYPES)) for index in range(FUNCTIONS)]
        (folder / f"file{number}.c").write_text('#include "types.h"\n' + "".join(lines))
    sources = [f"file{number}.c" for number in range(FILES)]
    subprocess.run(["gcc", "-g", "-shared", "-fPIC", "-o", "large.so", *sources], cwd=folder, check=True)
    return str(folder / "large.so")


def _function(number: int, index: int, kind: int) -> str:
    other = kind * 7 % TYPES
    return (
        f"int function_{number}_{index}(struct s{kind} *p, enum e{kind} e, long n, const struct s{other} *q) {{\n"
        f"  int sum = 0;\n  for (int i = 0; i < n; i++) {{ double d = p->b; long k = i; sum += p->a{kind} + d + k; }}\n"
        f"  return sum + q->a{other};\n}}\n"
    )


def _count_dies(path: str) -> int:
    from elftools.elf.elffile import ELFFile

    with open(path, "rb") as stream:
        units = ELFFile(stream).get_dwarf_info().iter_CUs()
        return sum(1 for unit in units for die in unit.iter_DIEs() if die.tag)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--library", help="an ELF library with many exports")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        elf(options)
        dll(options, Path(name))
        dwarf(options, Path(name))


if __name__ == "__main__":
    main()
