"""How the processes of the commands start and end, including those that run scons."""

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
    """Make standard input, output and error usable even if the command was started with some of them closed.

    A closed stream becomes the null device; otherwise the next file that is opened would get its descriptor, and with
    it everything that is printed. Characters that the terminal's encoding lacks are escaped instead of being an error.
    """
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        os.set_inheritable(descriptor, True)
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        held = getattr(sys, name)
        if held is None or getattr(held, "file", held) is None:  # SCons has wrapped it in a stream of its own
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 (it is the process' own)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def processors() -> int:
    """How many processes can run at once: limited by the CPU affinity and the CPU quota of the control group."""
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        usable = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/cpu.max", encoding="ascii") as limit:
        quota, period = limit.read().split()  # "max 100000" where there is no limit
        usable = min(usable, max(1, round(int(quota) / int(period))))
    return usable


def guarded(name: str, failure: int, main: Callable[[], int]) -> int:
    """The exit status of `main`, which is the command `name`; `failure` for errors of the user or the system.

    Such an error is one line on standard error. An interrupt or a closed pipe ends the process by its signal.
    """
    try:
        status = exit_status(main)
        sys.stdout.flush()
        return status
    except (KeyboardInterrupt, BrokenPipeError) as error:
        from rebel_tools import signals  # imported late: most commands do not need it

        signals.end_by(signals.INTERRUPT if isinstance(error, KeyboardInterrupt) else signals.NO_READER)
    except RebelError as error:
        message = str(error)
    except OSError as error:
        message = _text_of(error)
        _drop_output()  # for example a full disk: the output cannot be written
    with contextlib.suppress(OSError):
        print(f"{name}: error: {message}", file=sys.stderr)
    return failure


def _text_of(error: OSError) -> str:
    """The system's error message, with the file that it is about."""
    from rebel_tools.text import printable

    path = "" if error.filename is None else f"{printable(os.fsdecode(error.filename))}: "
    return f"{path}{error.strerror or error}"


def _drop_output() -> None:
    """Discard buffered output: Python would try to write it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def collect_seldom() -> None:
    """Collect garbage rarely: modules, nodes and types stay alive, and scanning them takes a tenth of a build."""
    gc.set_threshold(50_000, 20, 100)


def exit_status(main: Callable[[], object]) -> int:
    """The exit status that `main` returns or passes to sys.exit(); None means success, a string is printed."""
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    if isinstance(code, str):
        print(code, file=sys.stderr)
    return code if isinstance(code, int) else int(code is not None)


def run_last_functions() -> None:
    """Run the functions registered with atexit; the process ends next."""
    join_threads()
    atexit._run_exitfuncs()


def join_threads() -> None:
    """Wait for all threads that are not daemons."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def leave(status: int) -> NoReturn:
    """End the process in order, but without freeing every object, which can take longer than the whole build after a
    small edit. A process that received a signal to end dies by that signal.
    """
    from rebel_tools import signals

    join_threads()
    signals.hold_back()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 120  # Python's own status when standard output cannot be flushed
    number = signals.received()
    if number is not None:
        signals.end_by(number)
    os._exit(status)
