"""Passes SIGINT, SIGTERM and SIGHUP on to every process that a build has started.

SCons itself only stops starting commands: a compiler that runs for minutes would continue. `kill` and the shutdown of
a machine signal only the build's own process, not the compilers and the processes that those have started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

INTERRUPT, NO_READER = signal.SIGINT, getattr(signal, "SIGPIPE", signal.SIGTERM)
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
IGNORED = tuple(number for number in ENDING if signal.getsignal(number) is signal.SIG_IGN)
"""The signals that this process was started to ignore, for example by nohup."""

_PATIENCE = 5.0  # seconds that a signalled process has to end
_SECONDS = 0.02  # seconds between two searches for processes started after the signal

_received: list[int] = []


def received() -> int | None:
    """The signal that this process has received, or None."""
    return _received[0] if _received else None


def end_in_order() -> None:
    """Make signals end this program like sys.exit(), with a shell's exit status (128 + the number of the signal)."""
    for number in set(ENDING).difference(IGNORED):
        signal.signal(number, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    _note(number)
    _adopt_orphans()  # code that waits for a child process kills it now
    raise SystemExit(128 + number)


def hold_back() -> None:
    """Keep the first signal from ending this program while it saves; `received` returns the signal."""
    for number in ENDING:
        signal.signal(number, _hold)


def _hold(number: int, frame: FrameType | None) -> None:
    _note(number)
    for each in ENDING:
        signal.signal(each, lambda number, frame: end_by(number))


def end_by(number: int) -> NoReturn:
    """Die by the signal itself, so that a shell also ends a loop around the command."""
    told: set[int] = set()
    end = time.monotonic() + _PATIENCE
    while _tell(number, told) and time.monotonic() < end:
        time.sleep(_SECONDS)
    if threading.current_thread() is threading.main_thread():  # Python sets signal handlers only in the main thread
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(128 + number)  # the signal is blocked


@contextlib.contextmanager
def needs_a_reader() -> Iterator[None]:
    """On a closed pipe, end the process by SIGPIPE, whichever thread notices it."""
    try:
        yield
    except BrokenPipeError:
        end_by(NO_READER)


def _note(number: int) -> None:
    if number not in _received:
        _received.append(number)


def pass_on() -> None:
    """From now on forward signals to all descendants of this process.

    Python's handlers run in the main thread, which may be blocked; a wakeup descriptor (signal.set_wakeup_fd) is
    written to immediately.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_pass_on, args=(reading,), daemon=True).start()


def _pass_on(reading: int) -> None:
    number = 0
    while number not in ENDING:
        number = os.read(reading, 1)[0]
    _note(number)
    _adopt_orphans()
    told: set[int] = set()
    while True:
        _tell(number, told)
        time.sleep(_SECONDS)


def _tell(number: int, told: set[int]) -> list[int]:
    """Send a signal to all descendants that have not received it yet; return all descendants.

    A shell gets the signal before its children: otherwise it would run its next command when the current one dies.
    """
    found = descendants()
    for process in [process for process in found if process not in told]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
        told.add(process)
    return found


def _adopt_orphans() -> None:
    """From now on become the parent of orphaned descendants, so that none is missed while they are signalled in turn.

    Only on Linux: PR_SET_CHILD_SUBREAPER in prctl(2).
    """
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def descendants() -> list[int]:
    """All living descendants of this process, parents first."""
    children: dict[int, list[int]] = {}
    for process, parent in _processes():
        children.setdefault(parent, []).append(process)
    found = list(children.get(os.getpid(), ()))
    for process in found:
        found += children.get(process, ())
    return found


def _processes() -> list[tuple[int, int]]:
    """(process, parent) of every process: from /proc where it exists (proc_pid_stat(5)), otherwise from ps."""
    if os.path.exists("/proc/self/stat"):
        return [found for name in os.listdir("/proc") if name.isdigit() for found in _status(name)]
    import subprocess

    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, check=False).stdout
    return [(int(process), int(parent)) for process, parent in map(bytes.split, listed.splitlines())]


def _status(process: str) -> list[tuple[int, int]]:
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            after_name = file.read().rpartition(b")")[2].split()
    except OSError:  # it has ended in the meantime
        return []
    return [(int(process), int(after_name[1]))] if after_name[0] != b"Z" else []
