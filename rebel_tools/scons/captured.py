"""Run a program and keep what it says."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import tempfile
import threading
from itertools import takewhile
from typing import NamedTuple

_COMPILER = re.compile(r"ocaml(opt|c)")


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

    A compiler of OCaml gets its arguments from a file where they are more than the system allows. Errors: OSError.
    """
    try:
        return _run(words, program, env)
    except OSError as error:
        if error.errno != errno.E2BIG or not _COMPILER.match(os.path.basename(_command(words)[-1])):
            raise
    with tempfile.NamedTemporaryFile(prefix="arguments-") as file:
        command = _command(words)
        file.write(b"".join(os.fsencode(word) + b"\0" for word in words[len(command) :]))
        file.flush()
        return _run([*command, "-args0", file.name], program, env)


def _command(words: list[str]) -> list[str]:
    """What stands before the first option, such as `ocamlfind ocamlopt`."""
    return list(takewhile(lambda word: not word.startswith("-"), words))


def _run(words: list[str], program: str, env: dict) -> Captured:
    """Nobody has to listen to a file, as one has to listen to a pipe: that is time which only one thread of Python can
    have. With an absolute path and close_fds=False CPython uses posix_spawn, which does not copy SCons' page tables.
    """
    outputs = {"stdout": _STDOUT.open(), "stderr": _STDERR.open()}
    done = subprocess.run(words, executable=program, env=env, close_fds=False, check=False, **outputs)
    return Captured(done.returncode, _STDOUT.take(), _STDERR.take())
