"""Breaks files at random and reads them: `python tests/binary/fuzz.py --of libraries --seconds 60 --seed 1`.

libraries   ELF and PE files with debugging information
debug       files of debugging information beside a library: debug link, build id, dwz, .dwo and .dwp (`fuzz_debug`)
interfaces  interface files, pickled and as text (`fuzz_debug`)

A case fails if it ends in anything but a value or a typed error, or takes longer than `--limit`. Each case follows
from the seed and its number, so `--seed S --case N` repeats it; the broken file is kept for inspection.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from elf_builder import Elf, Symbol  # noqa: E402
from pe_builder import TEXT, Dll  # noqa: E402

from rebel_tools.binary import read_table  # noqa: E402
from rebel_tools.binary.dwarf import read_declarations  # noqa: E402
from rebel_tools.errors import RebelError  # noqa: E402

SOURCE = """
struct node { struct node *next; union { int i; double d; } value; unsigned bits : 3; char text[3][5]; };
enum color { RED, GREEN = 7 };
enum { THIRD = 3 };
typedef int (*callback)(struct node *, enum color, ...);
#ifdef __cplusplus
extern "C"
#endif
int core_add(struct node *n, long b, callback c) { return n->bits == THIRD; }
int core_data[4] = {1};
"""
COMPILERS = (("gcc", "c", "so"), ("g++", "cc", "so"), ("x86_64-w64-mingw32-gcc", "c", "dll"))
NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def libraries(folder: Path) -> list[Subject]:
    """Libraries to break: made byte by byte, and compiled ones if a compiler is installed."""
    symbols = [Symbol("f", version=2), Symbol("g", kind=1, version=0x8002), Symbol("h", version=1)]
    made = [
        (f"made{bits}{style}{order}", Elf(bits, order, symbols=symbols, versions=("V1",), hash_style=style).build())
        for bits in (32, 64) for order in "<>" for style in ("gnu", "sysv")
    ]  # fmt: skip
    made += [
        (f"made{machine:x}", Dll(machine, (TEXT, "a.b"), (("f", 0), ("g", 1))).build()) for machine in (0x14C, 0xAA64)
    ]
    for compiler, suffix, kind in COMPILERS:
        if shutil.which(compiler):
            made += [(f"{compiler}{v}", _compile(folder, compiler, suffix, kind, v)) for v in (4, 5)]
    return [Subject(name, data, read) for name, data in made]


def _compile(folder: Path, compiler: str, suffix: str, kind: str, version: int) -> bytes:
    source, target = folder / f"core.{suffix}", folder / f"core.{kind}"
    source.write_text(SOURCE)
    command = [compiler, "-shared", "-fPIC", "-w", "-nostdlib", f"-gdwarf-{version}", "-o", str(target), str(source)]
    if kind == "dll":
        command.append("-Wl,--entry,0")
    subprocess.run(command, check=True)
    return target.read_bytes()


def broken(data: bytes, chance: random.Random) -> bytes:
    """The file with one to six defects."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        if out:
            chance.choice((_flip, _number, _number, _cut, _copy, _fill))(out, chance)
    return bytes(out)


def _flip(out: bytearray, chance: random.Random) -> None:
    out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)


def _number(out: bytearray, chance: random.Random) -> None:
    size = chance.choice((1, 2, 4, 8))
    at = chance.randrange(len(out)) // size * size
    value = chance.choice(NUMBERS) & ((1 << 8 * size) - 1)
    out[at : at + size] = value.to_bytes(size, chance.choice(("little", "big")))


def _cut(out: bytearray, chance: random.Random) -> None:
    if chance.random() < 0.2:
        del out[chance.randrange(len(out)) :]


def _copy(out: bytearray, chance: random.Random) -> None:
    start, size, target = chance.randrange(len(out)), chance.randrange(1, 64), chance.randrange(len(out))
    out[target : target + size] = out[start : start + size]


def _fill(out: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(out))
    out[at : at + 16] = bytes([chance.choice((0, 255, 128))]) * len(out[at : at + 16])


class Subject(NamedTuple):
    """A file to break, a function that reads it (and raises only typed errors), and a function that breaks it."""

    name: str
    data: bytes
    read: Callable[[bytes], object]
    broken: Callable[[bytes, random.Random], bytes] = broken


def read(data: bytes) -> int:
    """Read the exports and types of a library."""
    table = read_table(data, name="fuzz")
    list(map(str, table.exports))
    return len(read_declarations(data, {"core_add", "core_data", "f"}).types)


def run_case(subjects: list[Subject], seed: int, case: int, limit: float) -> str | None:
    """None if the case succeeded within `limit` seconds of processor time, else a description of the failure."""
    chance = random.Random(f"{seed} {case}")
    name, whole, reader, breaker = subjects[case % len(subjects)]
    data = breaker(whole, chance)
    start = time.process_time()
    wrong = None
    try:
        reader(data)
    except RebelError as error:
        str(error)
    except Exception:  # any exception at all is what the fuzzer looks for
        wrong = traceback.format_exc()
    spent = time.process_time() - start
    if spent > limit:
        wrong = f"{spent:.1f} s"
    if wrong:
        kept = Path(tempfile.gettempdir()) / f"fuzz-{seed}-{case}-{name}"
        kept.write_bytes(data)
        wrong = f"seed {seed}, case {case}, kept as {kept}\n{wrong}"
    return wrong


def run(
    make: Callable[[Path], list[Subject]], seed: int, limit: float, cases: range | None = None, seconds: float = 0.0
) -> tuple[int, list[str]]:
    """The number of cases that ran, with the subjects that `make` makes in a folder, and reports of the failures."""
    reports, number = [], 0
    with tempfile.TemporaryDirectory() as folder:
        subjects = make(Path(folder))
        end = time.monotonic() + seconds
        for case in cases or range(1 << 60):
            report = run_case(subjects, seed, case, limit)
            reports += [report] if report else []
            number += 1
            if cases is None and time.monotonic() > end:
                break
    return number, reports


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", choices=("libraries", "debug", "interfaces"), default="libraries")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--limit", type=float, default=5.0, help="seconds of processor time for one case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="only this case")
    parser.add_argument("--cases", type=int, help="this many, however long it takes")
    options = parser.parse_args()
    cases = range(options.cases) if options.cases else None
    cases = cases if options.case is None else range(options.case, options.case + 1)
    import fuzz_debug

    makers = {"libraries": libraries, "debug": fuzz_debug.debug_files, "interfaces": fuzz_debug.interfaces}
    number, reports = run(makers[options.of], options.seed, options.limit, cases, options.seconds)
    print(*reports, sep="\n")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{number} cases, {len(reports)} failed, at most {memory} MB")
    return 1 if reports else 0


if __name__ == "__main__":
    sys.exit(main())
