"""Run a program and keep what it says."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Captured:
    """How a program ended: its exit status as `subprocess` has it, and its two outputs."""

    status: int
    stdout: str
    stderr: str


class _Files(threading.local):
    """Where the programs of one thread write to. Most of them are silent, and then the same files serve the next one."""

    def __init__(self):
        self.stdout = self.stderr = None

    def open(self) -> tuple:
        self.stdout = self.stdout or tempfile.TemporaryFile()
        self.stderr = self.stderr or tempfile.TemporaryFile()
        return self.stdout, self.stderr

    def take(self) -> tuple[str, str]:
        """What was written since the last time."""
        self.stdout, stdout = _read(self.stdout)
        self.stderr, stderr = _read(self.stderr)
        return stdout, stderr


_FILES = _Files()


def run_captured(words: list[str], program: str, env: dict) -> Captured:
    """Run `program`, an absolute path, with `words` as its command line.

    Files take less of the one thread that Python runs at a time than pipes: nobody has to listen. With an absolute path and
    close_fds=False CPython uses posix_spawn, which does not copy SCons' page tables.
    """
    stdout, stderr = _FILES.open()
    done = subprocess.run(words, executable=program, env=env, close_fds=False, stdout=stdout, stderr=stderr, check=False)
    return Captured(done.returncode, *_FILES.take())


def _read(file) -> tuple:
    """The file, if it can be used again, and its text. A child that lives on may still write into a file with text."""
    if file.seek(0, 2) == 0:
        return file, ""
    file.seek(0)
    with file:
        return None, file.read().decode("utf-8", "replace")
