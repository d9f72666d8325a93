"""Run scons as a user would."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from rebel_tools.presentation import presentation
from rebel_tools.process import collect_seldom, exit_status, leave
from rebel_tools.sconstruct import check_installation, enter_project, has_own_script, scons_arguments
from rebel_tools.search_path import leave_out


def run_scons(arguments: Sequence[str]) -> NoReturn:
    """Run SCons' main program in this process, without starting Python again."""
    from rebel_tools import signals

    check_installation()
    enter_project()
    is_own = has_own_script()
    how, words = presentation(arguments, is_own)
    sys.argv = ["scons", *scons_arguments(words, how.verbose)]
    if not is_own:
        leave_out(os.getcwd())
    signals.end_in_order()
    signals.pass_on()
    collect_seldom()
    from SCons.Script import main

    if not is_own:
        from rebel_tools.scons import front

        front.install(how, arguments)
    leave(exit_status(main))
