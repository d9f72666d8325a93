"""Run scons as a user would: the SConstruct of the folder, or ours where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

OWN_SCRIPTS = ("SConstruct", "Sconstruct", "sconstruct", "SConstruct.py", "Sconstruct.py", "sconstruct.py")
"""The names that scons looks for by itself (SCons manual page, option -f)."""


def shipped_sconstruct() -> str:
    """The absolute path of the SConstruct that comes with this package."""
    import rebel_tools

    return os.path.join(os.path.dirname(os.path.abspath(rebel_tools.__file__)), "scons", "SConstruct")


def scons_arguments(arguments: Sequence[str]) -> list[str]:
    """What scons is given: `arguments` as they are, and which SConstruct to read where the folder has none."""
    script = [] if any(map(os.path.exists, OWN_SCRIPTS)) else ["-f", shipped_sconstruct()]
    return [*script, *arguments]


def scons_command(arguments: Sequence[str]) -> list[str]:
    """The command line: this Python's scons, so that it finds this package."""
    return [sys.executable, "-m", "SCons", *scons_arguments(arguments)]


def run_scons(arguments: Sequence[str]) -> int:
    """Replace this process by scons where the system can; else wait for it and return its exit status."""
    command = scons_command(arguments)
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], command)
    return subprocess.call(command)
