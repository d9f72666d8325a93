"""Run scons as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from rebel_tools.sconstruct import scons_arguments


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
