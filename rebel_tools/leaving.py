"""How a process ends in which scons has run."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import Callable, NoReturn


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
