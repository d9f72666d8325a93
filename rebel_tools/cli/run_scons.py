"""Run scons as a user would."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from rebel_tools.sconstruct import scons_arguments


def run_scons(arguments: Sequence[str]) -> NoReturn:
    """Become scons: `python -m SCons` without another start of Python."""
    sys.argv = ["scons", *scons_arguments(arguments)]
    sys.path[0] = os.getcwd()
    from rebel_tools.process import collect_seldom, exit_status, leave

    collect_seldom()
    from SCons.Script import main

    leave(exit_status(main))
