"""How long does the gate take for an interface of 10,000 functions, without reading?

    python benchmarks/verify_interface.py

Compiles a core with that many functions, reads library and interface once, and prints the median of several checks at
name level and of one with prototypes. The limit for the name level is 0.2 s.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rebel_tools.binary.library import open_library  # noqa: E402
from rebel_tools.gate.debug import read_debug  # noqa: E402
from rebel_tools.gate.evidence import required  # noqa: E402
from rebel_tools.gate.verify import LibraryFacts, Policy, verify  # noqa: E402
from rebel_tools.interface.file import from_bytes, to_bytes  # noqa: E402
from rebel_tools.producers.compiler import Compiler  # noqa: E402
from rebel_tools.producers.source import read_source  # noqa: E402

COUNT = 10_000
ROUNDS = 7


def compile_core(folder: Path) -> Path:
    """A header and a library with COUNT functions."""
    prototypes = [f"int core_{n}(struct point *p, long n)" for n in range(COUNT)]
    point = "struct point { int x; int y; struct point *next; };\n"
    (folder / "core.h").write_text(point + "".join(f"{text};\n" for text in prototypes))
    body = "".join(f"{text} {{ return p->x + (int)n; }}\n" for text in prototypes)
    (folder / "core.c").write_text('#include "core.h"\n' + body)
    subprocess.run(["gcc", "-g", "-shared", "-fPIC", "-o", "libcore.so", "core.c"], cwd=folder, check=True)
    return folder / "libcore.so"


def timed(label: str, rounds: int, work):
    """Run `work` several times, print the median, and return its last result."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    print(f"{label:<52} {statistics.median(times):7.3f} s")
    return result


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = compile_core(folder)
        compiler = Compiler(("gcc",), cwd=name)
        interface = timed(f"{COUNT} functions from the header", 1, lambda: read_source(["core.h"], compiler))
        data = timed("interface to bytes", 1, lambda: to_bytes(interface))
        interface = timed(f"interface from {len(data)} bytes", 3, lambda: from_bytes(data, "core.interface"))
        with open_library(path) as library:
            table = timed("table of the library", 1, lambda: library.table)
            debug = timed("DWARF of the library", 1, lambda: read_debug(library, set(interface.symbols))).declarations
        names, layout = Policy(required("name")), Policy(required("layout"))
        bare, described = LibraryFacts(table), LibraryFacts(table, debug)
        report = timed("verify, name level (limit 0.2 s)", ROUNDS, lambda: verify(interface, bare, names))
        assert report.passed
        report = timed("verify, layout", ROUNDS, lambda: verify(interface, described, layout))
        assert report.passed
        assert "layout" in report.reached


if __name__ == "__main__":
    main()
