"""How the processes of the commands start and end, those in which scons runs among them."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import sys
import threading
from typing import Callable, NoReturn

from rebel_tools.errors import RebelError


def open_streams() -> None:
    """Make standard input, output and error usable, whatever the command was started with.

    One that is closed becomes the null device: the next file that is opened would get its number, and all that is
    printed. And no character that the encoding of the terminal lacks is an error.
    """
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        os.set_inheritable(descriptor, True)
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        held = getattr(sys, name)
        if held is None or getattr(held, "file", held) is None:  # SCons has put a stream of its own around it
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 (it is the process' own)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def processors() -> int:
    """How many processes can run at once: the processors that this one may use, and its group's share of them."""
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        usable = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/cpu.max", encoding="ascii") as limit:
        quota, period = limit.read().split()  # "max 100000" where there is no limit
        usable = min(usable, max(1, round(int(quota) / int(period))))
    return usable


def guarded(name: str, failure: int, main: Callable[[], int]) -> int:
    """The exit status of `main`, the command `name`; `failure` when the user or the system is to blame for its end.

    That is one line on standard error. An interrupt and a reader that went away end the process as they do elsewhere.
    """
    try:
        status = exit_status(main)
        sys.stdout.flush()
        return status
    except (KeyboardInterrupt, BrokenPipeError) as error:
        from rebel_tools import signals  # only now, for most commands have nothing to do with them

        signals.end_by(signals.INTERRUPT if isinstance(error, KeyboardInterrupt) else signals.NO_READER)
    except RebelError as error:
        complaint = str(error)
    except OSError as error:
        complaint = _said(error)
        _drop_output()  # a full disk: what was to be printed cannot be
    with contextlib.suppress(OSError):
        print(f"{name}: error: {complaint}", file=sys.stderr)
    return failure


def _said(error: OSError) -> str:
    """What the system says, with the file that it is about."""
    from rebel_tools.text import printable

    path = "" if error.filename is None else f"{printable(os.fsdecode(error.filename))}: "
    return f"{path}{error.strerror or error}"


def _drop_output() -> None:
    """Forget what is still to be printed: Python would try it again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def collect_seldom() -> None:
    """Modules, nodes and types stay, and looking for garbage in them takes a tenth of the time of a build."""
    gc.set_threshold(50_000, 20, 100)


def exit_status(main: Callable[[], object]) -> int:
    """The exit status that a main program returns, or raises as sys.exit() does; None is success, a text is printed."""
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    if isinstance(code, str):
        print(code, file=sys.stderr)
    return code if isinstance(code, int) else int(code is not None)


def run_last_functions() -> None:
    """Do what was registered for the end of the process, which comes next."""
    join_threads()
    atexit._run_exitfuncs()


def join_threads() -> None:
    """Wait for what still runs and is no daemon."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def leave(status: int) -> NoReturn:
    """Do what belongs to the end of a Python program, but do not free each object by itself, which can take longer
    than all that a small edit needed. A process that was told to end does so by that signal.
    """
    from rebel_tools import signals

    join_threads()
    signals.hold_back()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 120  # as Python has it, when nobody reads what is said
    number = signals.received()
    if number is not None:
        signals.end_by(number)
    os._exit(status)
