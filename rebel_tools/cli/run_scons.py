"""Run scons as a user would."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rebel_tools.sconstruct import scons_arguments


def run_scons(arguments: Sequence[str]) -> int:
    """Become scons: `python -m SCons` without another start of Python. Ends with SystemExit, as scons does."""
    sys.argv = ["scons", *scons_arguments(arguments)]
    sys.path[0] = os.getcwd()
    from SCons.Script import main

    main()
    return 0
