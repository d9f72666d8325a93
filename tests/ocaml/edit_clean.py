"""Many clean builds: scons in a child process that starts with everything loaded, including what compilers have
reported about themselves before.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import SCons.Script
from edit_tree import outputs, profile_of

import rebel_tools.scons.ocaml
import rebel_tools.scons.packages  # noqa: F401 (what every build loads)
import rebel_tools.scons.rules  # noqa: F401
from rebel_tools.ocaml.toolchain import ANSWERS
from rebel_tools.process import exit_status


def scons(words: Sequence[str], folder: Path, environ: dict[str, str]) -> tuple[int, str]:
    """Run scons with these arguments in a folder; return its exit status and its output."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile("w+") as answers:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if not child:
            _become_scons(words, folder, environ, output.fileno(), answers.fileno())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answers.seek(0)
        ANSWERS.update(json.loads(answers.read() or "{}"))
        output.seek(0)
        return status, output.read().decode("utf-8", "backslashreplace")


def _become_scons(words: Sequence[str], folder: Path, environ: dict[str, str], output: int, answers: int) -> NoReturn:
    status = 1
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        sys.argv = ["scons", *words]
        status = exit_status(SCons.Script.main)
        atexit._run_exitfuncs()
        os.write(answers, json.dumps(ANSWERS).encode())
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


class Clean:
    """A clean build: its exit status, its files, and the output of its programs."""

    def __init__(self, built: tuple[int, str], files: dict[str, bytes], said: dict[str, str]) -> None:
        self.rc, self.text = built
        self.contents = files
        self.said = said


def programs(folder: Path, profile: str) -> dict[str, str]:
    """The output of the programs of a build."""
    found = {}
    for path in outputs(folder):
        if path.name in ("app", "app.out", "app.byte") and profile_of(path, folder) == profile:
            words = ["ocamlrun", str(path)] if path.name == "app.byte" else [str(path)]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            found[str(path.relative_to(folder))] = done.stdout
    return found
