"""Runs a program and captures its output."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from itertools import takewhile
from typing import IO, NamedTuple

_COMPILER = re.compile(r"ocaml(opt|c)")


class Captured(NamedTuple):
    """How a program ended: its exit status as in `subprocess`, and its two outputs."""

    status: int
    stdout: str
    stderr: str


class _File(threading.local):
    """The file for the output of one thread's programs. If a program is silent, the next one reuses the file."""

    def __init__(self) -> None:
        self.file: IO[bytes] | None = None

    def open(self) -> IO[bytes]:
        if self.file is None:
            self.file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as it is empty
        return self.file

    def take(self) -> bytes:
        """The output. A file with text is not reused: a surviving child process may still write to it."""
        file = self.open()
        if file.seek(0, 2) == 0:
            return b""
        file.seek(0)
        with file:
            self.file = None
            return file.read()


_STDOUT, _STDERR = _File(), _File()


def run_captured(words: list[str], program: str, env: Mapping[str, str]) -> Captured:
    """Run `program`, an absolute path, with `words` as its command line.

    An OCaml compiler reads its arguments from a file if they exceed the system's limit. Errors: OSError.
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
    """The words before the first option, such as `ocamlfind ocamlopt`."""
    return list(takewhile(lambda word: not word.startswith("-"), words))


def _run(words: list[str], program: str, env: Mapping[str, str]) -> Captured:
    """The outputs are files: a pipe needs a reader thread, which competes for the GIL.

    With an absolute path and close_fds=False CPython uses posix_spawn, which does not copy SCons' page tables.
    """
    out, err = _STDOUT.open(), _STDERR.open()
    done = subprocess.run(words, executable=program, env=env, close_fds=False, check=False, stdout=out, stderr=err)
    return Captured(done.returncode, *(said.take().decode("utf-8", "replace") for said in (_STDOUT, _STDERR)))


def run_bytes(words: list[str], env: Mapping[str, str]) -> tuple[int, bytes, bytes]:
    """Run a program as SCons' own SPAWN does, and keep what it says as it is. Errors: OSError."""
    status = subprocess.run(words, env=env, check=False, stdout=_STDOUT.open(), stderr=_STDERR.open()).returncode
    return status, _STDOUT.take(), _STDERR.take()
