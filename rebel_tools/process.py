"""What is common to the processes in which scons runs: for one build, or for many of them."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from typing import Callable, NoReturn


def collect_seldom() -> None:
    """Modules and nodes stay, and looking for garbage in them takes a tenth of the time of a build."""
    gc.set_threshold(50_000, 20, 100)


def exit_status(main: Callable[[], object]) -> int:
    """Call the main program of scons, and tell the exit status that it raises (sys.exit in Python's documentation)."""
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def leave(status: int) -> NoReturn:
    """Do what belongs to the end of a Python program, but do not free each object by itself, which can take longer
    than all that a small edit needed.
    """
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 120  # as Python has it, when nobody reads what is said
    os._exit(status)
