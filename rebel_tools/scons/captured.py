"""Run a program and keep what it says."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from typing import NamedTuple


class Captured(NamedTuple):
    """How a program ended: its exit status as `subprocess` has it, and its two outputs."""

    status: int
    stdout: str
    stderr: str


class _File(threading.local):
    """Where the programs of one thread write to. Most of them are silent, and then the next one gets the same file."""

    def __init__(self):
        self.file = None

    def open(self):
        if self.file is None:
            self.file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as it is empty
        return self.file

    def take(self) -> str:
        """What was written. A file with text is not used again: a child that lives on may still write into it."""
        if self.file.seek(0, 2) == 0:
            return ""
        self.file.seek(0)
        with self.file as file:
            self.file = None
            return file.read().decode("utf-8", "replace")


_STDOUT, _STDERR = _File(), _File()


def run_captured(words: list[str], program: str, env: dict) -> Captured:
    """Run `program`, an absolute path, with `words` as its command line.

    Nobody has to listen to a file, as one has to listen to a pipe: that is time which only one thread of Python can
    have. With an absolute path and close_fds=False CPython uses posix_spawn, which does not copy SCons' page tables.
    """
    outputs = {"stdout": _STDOUT.open(), "stderr": _STDERR.open()}
    done = subprocess.run(words, executable=program, env=env, close_fds=False, check=False, **outputs)
    return Captured(done.returncode, _STDOUT.take(), _STDERR.take())
