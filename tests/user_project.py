"""A project folder in which the real `scons` runs, as a user would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hang import SECONDS

ROOT = Path(__file__).resolve().parent.parent


def snapshot(folder: Path, ignore=(".sconsign.dblite",)) -> dict:
    """The bytes of every file below `folder` by relative path, without SCons' own database."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name not in ignore
    }


def unquoted(text: str) -> str:
    """OCaml's output without the quotes around names, which it prints since 5.2."""
    return text.replace('"', "")


class Run:
    """The outcome of a command: its exit status and its two streams."""

    def __init__(self, process: subprocess.CompletedProcess):
        self.rc = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    @property
    def text(self) -> str:
        return self.out + self.err


class Project:
    """A folder with a user's project, and the real scons to build it."""

    def __init__(self, root: Path):
        self.root = root

    def path(self, name: str) -> Path:
        return self.root / name

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *command: str, rc: int | None = 0, env: dict | None = None, cwd: str = ".") -> Run:
        """Run `command` in the project; fail the test when its exit status is not `rc` (None: any)."""
        full_env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
        process = subprocess.run(
            [str(c) for c in command],
            cwd=self.root / cwd,
            env=full_env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=SECONDS,
        )
        run = Run(process)
        if rc is not None and run.rc != rc:
            pytest.fail(f"{' '.join(map(str, command))}: exit {run.rc}, expected {rc}\n{run.out}\n{run.err}")
        return run

    def scons(self, *args: str, rc: int | None = 0, **kw) -> Run:
        return self.run(sys.executable, "-m", "SCons", *args, rc=rc, **kw)

    def up_to_date(self, *args: str) -> bool:
        return self.scons("-q", *args, rc=None).rc == 0

    def snapshot(self, folder: str = ".", **kw) -> dict:
        return snapshot(self.root / folder, **kw)


def rebel(project: Project, *arguments: str, rc: int | None = 0, **kw) -> Run:
    return project.run(sys.executable, "-m", "rebel_tools", *arguments, rc=rc, **kw)


def steps(run: Run) -> list[str]:
    """The steps of the build, such as `link _build/tool/src/app.out`, in order."""
    return [line.partition("] ")[2] for line in run.out.splitlines() if line.startswith("[")]


def outputs(project: Project) -> dict:
    """The outputs of a build, without its records."""
    return {path: data for path, data in project.snapshot("_build").items() if ".rebel-tools" not in path}
