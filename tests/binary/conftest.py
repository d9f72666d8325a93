"""Compiles small libraries with the real tools, once per session and source."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hang import PROCESSOR_SECONDS

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """`compiled(source, *flags, cc="gcc", suffix=".so")`: the path of a shared library made from C or C++ text."""
    made = {}

    def compile_library(source, *flags, cc="gcc", suffix=".so", version_script=None, shared=True):
        key = source, flags, cc, suffix, version_script, shared
        if key not in made:
            made[key] = _compile(tmp_path_factory.mktemp("library"), *key)
        return made[key]

    return compile_library


def _compile(folder, source, flags, cc, suffix, version_script, shared):
    if not shutil.which(cc):
        pytest.skip(f"{cc} is not installed")
    text = folder / ("core.cc" if "++" in cc else "core.c")
    text.write_text(source)
    options = [*(["-shared"] if shared else []), *flags]
    if shared and "mingw" not in cc:
        options.append("-fPIC")
    if version_script:
        (folder / "versions.map").write_text(version_script)
        options.append("-Wl,--version-script=versions.map")
    command = [cc, *options, "-w", "-o", f"core{suffix}", text.name]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if process.returncode:
        pytest.fail(f"{' '.join(command)}\n{process.stderr}")
    return folder / f"core{suffix}"


@pytest.fixture
def tool():
    """`tool("nm", ...)`: the output of a real program, or a skip that names it."""

    def run(*command, check=True):
        if not shutil.which(str(command[0])):
            pytest.skip(f"{command[0]} is not installed")
        return subprocess.run([str(c) for c in command], check=check, capture_output=True, text=True).stdout

    return run


_CHILD = """
import re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[4]),) * 2)
sys.path.insert(0, sys.argv[1])
from rebel_tools.binary import UnreadableBinary, read_table
from rebel_tools.binary.dwarf import read_declarations
def peak():  # getrusage would begin with the memory of the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
before = peak()
try:
    table = read_table(sys.argv[2])
    said = f"{len(table.exports)} exports"
    if sys.argv[3] == "dwarf":
        said = f"{len(read_declarations(sys.argv[2]).functions)} functions"
except UnreadableBinary as error:
    said = str(error)
print((peak() - before) // 1024, said)
"""


@pytest.fixture
def survive(tmp_path):
    """Read hostile bytes in a process of its own; return its output after checking that it ended, and its memory.

    The limit is 256 MB plus the size of the file.
    """

    def read(data: bytes, mode: str = "table", name: str = "hostile.so") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return read_path(path, mode)

    def read_path(path: Path | str, mode: str = "table") -> str:
        command = [sys.executable, "-c", _CHILD, str(ROOT), str(path), mode, str(PROCESSOR_SECONDS)]
        process = subprocess.run(command, capture_output=True, text=True)
        assert process.returncode == 0, process.stderr or f"ended by signal {-process.returncode}"
        memory, said = process.stdout.split(" ", 1)
        size = Path(str(path).partition("!")[0]).stat().st_size
        assert int(memory) < 256 + (size >> 20), f"{memory} MB: {said}"
        return said.strip()

    read.path = read_path
    return read
