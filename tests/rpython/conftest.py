"""The RPython toolchain, and the test programs translated once for the whole session (also with several workers)."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hang import SECONDS

from rebel_tools.errors import MissingTool
from rebel_tools.rpython import setup
from rebel_tools.rpython.python27 import require_python27

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
SEPCOMP = ROOT / "rebel_tools" / "rpython" / "sepcomp"


def exported_names(library: Path) -> set[str]:
    done = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    return {line.split()[-1] for line in done.stdout.splitlines()}


class Toolchain:
    """A Python 2.7 and an rpython package."""

    def __init__(self, python: str, rpython: str):
        self.python = python
        self.rpython = rpython

    def sepcomp(self, *arguments, cwd: Path, rc: int | None = 0) -> subprocess.CompletedProcess:
        """Run the Python 2.7 side; fail the test when its exit status is not `rc`."""
        command = [self.python, "-B", SEPCOMP, *arguments, "--rpython", self.rpython]
        done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=SECONDS)
        if rc is not None and done.returncode != rc:
            pytest.fail(f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def core(self, folder: Path, name: str = "core", *options) -> None:
        self.sepcomp("core", f"{name}.py", "--output-dir", "out", *options, cwd=folder)

    def extension(self, folder: Path, name: str, *options, rc: int | None = 0, core: str = "core"):
        where = ("--core", f"out/{core}.interface", "--core-library", f"out/lib{core}.so", "--output-dir", "out")
        return self.sepcomp("extension", f"{name}.py", *where, *options, cwd=folder, rc=rc)

    def results(self, mode: str, folder: Path, calls: list, *extensions: str, env: dict | None = None) -> list:
        """The results of the calls, see calls.py."""
        python = self.python if mode == "python" else sys.executable
        path = os.pathsep.join([str(SEPCOMP.parent), self.rpython]) if mode == "python" else ""
        done = subprocess.run(
            [python, "-B", str(HERE / "calls.py"), mode, str(folder), *extensions],
            input=json.dumps(calls),
            env={**os.environ, "PYTHONPATH": path, **(env or {})},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        if done.returncode != 0:
            pytest.fail(
                f"{mode} {extensions}: exit {done.returncode} after {done.stdout.count(chr(10))} calls\n"
                + done.stderr[-2000:]
            )
        return [json.loads(line) for line in done.stdout.splitlines()]


def once(folder: Path, make) -> Path:
    """Let one of the workers call make(folder), while the others wait for it."""
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            (folder / "done").touch()
    return folder


def install(folder: Path) -> None:
    setup.install_rpython(str(folder / "package"))


def copy_programs(folder: Path) -> None:
    for source in PROGRAMS.glob("*.py"):
        (folder / source.name).write_text(source.read_text())


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """A folder that all workers of the session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def toolchain(shared) -> Toolchain:
    """Python 2.7 and rpython; the package is taken from .tools, or from PyPI for this session."""
    try:
        python = require_python27(folders=(str(ROOT / ".tools"),))
        chosen = os.environ.get("RPYTHON_PATH", str(ROOT / ".tools" / "rpython"))
        if not setup.has_rpython(chosen):
            chosen = str(once(shared / "rpython", install) / "package")
    except MissingTool as error:
        pytest.skip(f"RPython's toolchain is missing: {error}")
    return Toolchain(python, chosen)


@pytest.fixture(scope="session")
def built(toolchain, shared) -> Path:
    """The folder with the test programs; below it, in `out`, the translated core and both extensions."""

    def make(folder: Path) -> None:
        copy_programs(folder)
        toolchain.core(folder)
        for name in ("ext_a", "ext_b"):
            toolchain.extension(folder, name)

    return once(shared / "programs", make)
