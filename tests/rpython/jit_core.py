#!/usr/bin/env python3
"""The test programs for a core with a JIT; it is stored, because its translation takes some ten minutes.

    python tests/rpython/jit_core.py            translates the core, unless it is stored, and prints its folder

Tests use a stored core; without one, they say how to make it. The folder is
$REBEL_TESTS_JIT_CORES, or ~/.cache/rebel-tools-tests/jit-cores; each core is in a folder that is named after the hash
of its sources, those of the translation (both without comments and docstrings), the package rpython, and the
versions of Python and of the C compiler.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "tests"), str(ROOT)]

from conftest import SEPCOMP, Toolchain  # noqa: E402

from rebel_tools.rpython import setup  # noqa: E402

PROGRAMS = ROOT / "tests" / "rpython" / "jit"
EXTENSIONS = ("ext", "second")
OPTIONS = ("--opt", "jit", "--experimental-jit")
NOT_THE_CORE = ("extension", "test", "__pycache__")  # folders that do not change how a core is translated


def kept(toolchain: Toolchain) -> Path:
    """The folder for the core of the present sources, whether it exists or not."""
    default = Path.home() / ".cache" / "rebel-tools-tests" / "jit-cores"
    return Path(os.environ.get("REBEL_TESTS_JIT_CORES", default)) / key(toolchain)


def key(toolchain: Toolchain) -> str:
    total = hashlib.sha256(" ".join(OPTIONS).encode())
    for command in ([toolchain.python, "-c", "import sys; print(sys.version)"], [os.environ.get("CC", "gcc"), "-v"]):
        done = subprocess.run(command, capture_output=True, check=True)
        total.update(done.stdout + done.stderr)
    ours = [PROGRAMS / "core.py", ROOT / "rebel_tools" / "interface" / "codec.py", *sources(SEPCOMP)]
    total.update(meaning(toolchain, ours))
    package = Path(toolchain.rpython) / "rpython"
    for path in sources(package):
        total.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    return total.hexdigest()[:32]


MEANING = """
import ast, hashlib, os, sys
total = hashlib.sha256()
for path in sys.stdin.read().splitlines():
    with open(path) as f:
        tree = ast.parse(f.read())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, False) is not None:
            del node.body[0]
    total.update(os.path.basename(path) + ast.dump(tree))
sys.stdout.write(total.hexdigest())
"""


def meaning(toolchain: Toolchain, paths: list[Path]) -> bytes:
    """A hash of what Python 2.7 reads in these files, apart from docstrings."""
    command = [toolchain.python, "-c", MEANING]
    return subprocess.run(command, input="\n".join(map(str, paths)).encode(), capture_output=True, check=True).stdout


def sources(root: Path) -> list[Path]:
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in NOT_THE_CORE]
        found += [Path(folder, name) for name in files if name.endswith((".py", ".c", ".h"))]
    return sorted(found)


def make(toolchain: Toolchain, folder: Path) -> None:
    """Translate the core into the folder, which appears only when it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return
        work = folder.with_suffix(".new")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        shutil.copy(PROGRAMS / "core.py", work)
        command = [toolchain.python, "-B", SEPCOMP, "core", "core.py", "--output-dir", ".", *OPTIONS]
        done = subprocess.run([*command, "--rpython", toolchain.rpython], cwd=work, check=False)
        if done.returncode != 0:
            sys.exit(done.returncode)
        if key(toolchain) != folder.name:
            sys.exit(
                "sources have changed since the translation began, so that nobody knows what it read: run it again"
            )
        work.rename(folder)


def extend(toolchain: Toolchain, kept: Path, folder: Path) -> None:
    """Fill a folder with the sources, and `out` in it with the kept core and its extensions."""
    for source in ("core.py", *(f"{name}.py" for name in EXTENSIONS)):
        shutil.copy(PROGRAMS / source, folder)
    shutil.copytree(kept, folder / "out")
    for name in EXTENSIONS:
        toolchain.extension(folder, name)


def main() -> int:
    toolchain = Toolchain(*setup.ensure(str(ROOT / ".tools")))
    folder = kept(toolchain)
    if not folder.exists():
        make(toolchain, folder)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = (folder / "libcore.so").stat().st_size
        print(f"{used.ru_utime + used.ru_stime:.0f} s of processor time, {size / 1e6:.1f} MB")
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
