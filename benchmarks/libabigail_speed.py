"""How much processor time do `symbol-audit diff` and `record` take, compared with libabigail's abidiff and abidw?

    python benchmarks/libabigail_speed.py [OLD NEW]

OLD and NEW are libraries with debugging information; by default, two versions of a C library with 400 structures and
800 functions are compiled, and for record another one with 3000 and 6000. Whole processes take turns, ours with cached
byte code, as in an installed package; the result is the median of the ratios of all rounds. The limits are 0.3 of
abidiff and 1.5 of abidw (Debian package abigail-tools). The output of a run is in `measured/libabigail_speed.txt`.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, ROUNDS_OF_LARGE = 15, 5
SMALL, LARGE = 400, 3000
DIFF_LIMIT, RECORD_LIMIT = 0.3, 1.5
AUDIT = [sys.executable, "-m", "rebel_tools.cli.symbol_audit"]


def source(version: int, structures: int) -> str:
    """A library in which a tenth of the structures and prototypes differ between versions."""
    lines = []
    for n in range(structures):
        kind = "long" if version == 2 and n % 10 == 0 else "int"
        before = f"struct s{n - 1} *before; " if n else ""
        lines.append(f"struct s{n} {{ {before}{kind} a; char name[{n % 7 + 1}]; unsigned bits : 5; double value; }};")
        lines.append(f"enum e{n} {{ E{n}_A, E{n}_B = {n} }};")
        lines.append(f"int f{n}(struct s{n} *s, enum e{n} e) {{ return s->a + e; }}")
        lines.append(f"{kind} g{n}(const struct s{n} *s, {kind} n) {{ return s->bits + n; }}")
    return "\n".join(lines)


def compiled(folder: str, version: int, structures: int = SMALL) -> str:
    path = os.path.join(folder, f"libcore{structures}.so.{version}")
    command = ["gcc", "-x", "c", "-g", "-shared", "-fPIC", "-o", path, "-"]
    subprocess.run(command, input=source(version, structures), text=True, check=True)
    return path


def processor_seconds(command: list[str], cache: str) -> float:
    """The processor time of one run, including its children. Finding a change is not a failure."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": cache}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(label: str, ours: list[str], theirs: list[str], limit: float, cache: str, rounds: int) -> bool:
    """Print the line of one comparison; return whether it is within the limit."""
    processor_seconds(ours, cache)
    spent = [(processor_seconds(ours, cache), processor_seconds(theirs, cache)) for _ in range(rounds)]
    mine, peer = (statistics.median(seconds) for seconds in zip(*spent))
    ratio = statistics.median(own / other for own, other in spent)
    print(f"{label}: {mine:.2f} s, {theirs[0]} {peer:.2f} s: {ratio:.2f} of it (limit {limit})", flush=True)
    return ratio <= limit


def main() -> int:
    """0 if all results are within the limits."""
    with tempfile.TemporaryDirectory() as folder:
        cache = os.path.join(folder, "byte-code")
        old, new = sys.argv[1:3] if len(sys.argv) > 2 else (compiled(folder, 1), compiled(folder, 2))
        kept = [compare("diff", [*AUDIT, "diff", old, new], ["abidiff", old, new], DIFF_LIMIT, cache, ROUNDS)]
        for library in [old] if len(sys.argv) > 2 else [old, compiled(folder, 1, LARGE)]:
            interface, xml = os.path.join(folder, "core.interface"), os.path.join(folder, "core.abi")
            record = [*AUDIT, "record", "--partial", library, "-o", interface]
            label = f"record of {os.path.basename(library)}"
            rounds = ROUNDS_OF_LARGE if str(LARGE) in library else ROUNDS
            kept.append(compare(label, record, ["abidw", "--out-file", xml, library], RECORD_LIMIT, cache, rounds))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
