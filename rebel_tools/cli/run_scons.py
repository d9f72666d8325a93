"""Run scons as a user would."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from rebel_tools.sconstruct import scons_arguments


def run_scons(arguments: Sequence[str]) -> NoReturn:
    """Become scons: `python -m SCons` without another start of Python."""
    sys.argv = ["scons", *scons_arguments(arguments)]
    sys.path[0] = os.getcwd()
    gc.set_threshold(50_000, 20, 100)  # imports and nodes stay; looking for garbage in them takes a tenth of the time
    from SCons.Script import main

    from rebel_tools.leaving import exit_status, leave

    leave(exit_status(main))
