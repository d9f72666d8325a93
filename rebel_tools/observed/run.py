"""Finds out for `rebel scons` whether there is anything to do, from what the last run observed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder

from rebel_tools.errors import MissingTool
from rebel_tools.memory.verdict import Verdict, everything
from rebel_tools.observed import store
from rebel_tools.observed.check import check
from rebel_tools.observed.model import Manifest


def ask(arguments: Sequence[str]) -> tuple[store.Question, Manifest | None, Verdict]:
    """Whether `scons ARGUMENTS` has anything to do. Errors: MissingTool without SCons."""
    asked = store.question(arguments, os.environ, scons_version())
    manifest = store.load(asked)
    if manifest is None:
        return asked, None, everything("no run with nothing to do was observed yet")
    if manifest.jobs not in (None, asked.jobs):
        return asked, manifest, everything("an SConscript asks for the number of jobs, which changed")
    return asked, manifest, check(manifest, os.environ)


def scons_version() -> str:
    """A text that identifies the installed SCons: its file and status, which is faster than importing it.

    Errors: MissingTool.
    """
    found = PathFinder.find_spec("SCons")
    if found is None or not found.origin:
        raise MissingTool("SCons is not installed for this Python", hint=f"{sys.executable} -m pip install scons")
    status = os.stat(found.origin)
    return f"{found.origin} {status.st_size} {status.st_mtime_ns} {status.st_ino}"


def repeat_output(manifest: Manifest) -> None:
    """Print what the run with nothing to do printed."""
    sys.stdout.write(manifest.output)
    sys.stderr.write(manifest.errors)
