#!/usr/bin/env python3
"""How long an RPython extension takes to translate, compared with its core and with both as one program.

    python benchmarks/rpython_translation.py [CLASSES ...]      (default: 10 300)

For each number of open classes, a core is generated and translated, then one small extension of it. The important
results are the ratio extension / (core and extension as one program), and how the extension's time grows with the core.
Times are processor seconds, including the C compiler's, which other work on the machine disturbs least.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from rebel_tools.rpython import setup  # noqa: E402
from rebel_tools.rpython.python27 import require_python27  # noqa: E402
from rebel_tools.rpython.run import Sepcomp  # noqa: E402

HEAD = """from sepcomp import export, export_class


@export_class
class W_Root(object):
    @export()
    def value(self):
        return 0

    @export(str)
    def describe(self, prefix):
        return prefix
"""
CLASS = """

@export_class
class W_{n}(W_Root):
    @export(int, str)
    def __init__(self, number, name):
        self.number{n} = number
        self.name{n} = name

    def value(self):
        return self.number{n} * {n}

    def describe(self, prefix):
        return prefix + self.name{n}


@export(int)
def new_{n}(n):
    return W_{n}(n, str(n))


@export(W_Root)
def get_{n}(w):
    if isinstance(w, W_{n}):
        return w.number{n}
    return -1
"""
EXTENSION = """import core
from sepcomp import entrypoint


class W_Mine(core.W_1):
    def __init__(self, number, extra):
        core.W_1.__init__(self, number, "mine")
        self.extra = extra

    def value(self):
        return self.extra + core.W_1.value(self)


@entrypoint(int)
def work(n):
    total = 0
    for i in range(n):
        w = W_Mine(i, n)
        total += w.value() + core.get_2(core.new_2(i)) + len(w.describe("x"))
    return total
"""
ONE_PROGRAM = "import core\nimport ext\nfrom sepcomp import export\n"


def main(arguments: list[str]) -> int:
    counts = [int(a) for a in arguments] or [10, 300]
    root = Path(__file__).resolve().parent.parent
    python, rpython = require_python27(folders=(str(root / ".tools"),)), str(root / ".tools" / "rpython")
    if not setup.has_rpython(rpython):
        python, rpython = setup.ensure(str(root / ".tools"))
    sepcomp = Sepcomp(python, rpython)
    print(f"{'classes':>8} {'core s':>8} {'extension s':>12} {'one program s':>14} {'extension/program':>18}")
    first = None
    for count in counts:
        core, extension, program = measure(sepcomp, count)
        first = first or extension
        print(
            f"{count:8d} {core:8.1f} {extension:12.1f} {program:14.1f} {extension / program:18.3f}"
            f"   extension vs {counts[0]} classes: {extension / first:.2f}"
        )
    return 0


def measure(sepcomp: Sepcomp, count: int) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "core.py").write_text(HEAD + "".join(CLASS.format(n=n) for n in range(1, count + 1)))
        (folder / "ext.py").write_text(EXTENSION)
        (folder / "whole.py").write_text(ONE_PROGRAM)
        where = ["--core", "out/core.interface", "--core-library", "out/libcore.so", "--output-dir", "out"]
        core = clock(sepcomp, folder, "core", "core.py", "--output-dir", "out")
        extension = min(clock(sepcomp, folder, "extension", "ext.py", *where) for _ in range(3))
        program = clock(sepcomp, folder, "core", "whole.py", "--output-dir", "one")
        return core, extension, program


def clock(sepcomp: Sepcomp, folder: Path, *arguments: str) -> float:
    start = spent()
    done = sepcomp.run(*arguments, cwd=folder)
    if done.returncode:
        raise SystemExit(done.stderr)
    return spent() - start


def spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
