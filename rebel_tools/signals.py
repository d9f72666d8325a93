"""What an interrupt does to a build: SIGINT, SIGTERM and SIGHUP reach everything that the build has started.

SCons only stops starting commands. A compiler that runs for minutes would go on, and `kill` and the shutdown of a
machine know the build's own process only, not the compilers and what they have started in their turn.
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
"""What this process was started to ignore, for example by nohup."""

_PATIENCE = 5.0  # seconds for what is told to end
_SECONDS = 0.02  # between two looks for processes that were started after the signal came

_received: list[int] = []


def received() -> int | None:
    """The signal that told this process to end, None without any."""
    return _received[0] if _received else None


def end_in_order() -> None:
    """Have a signal end this program like sys.exit(), with the exit status that a shell gives it (128 + its number)."""
    for number in set(ENDING).difference(IGNORED):
        signal.signal(number, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    _note(number)
    _adopt_orphans()  # who waits for a child kills it now
    raise SystemExit(128 + number)


def hold_back() -> None:
    """Let the first signal not end this program, which saves now; `received` tells of it."""
    for number in ENDING:
        signal.signal(number, _hold)


def _hold(number: int, frame: FrameType | None) -> None:
    _note(number)
    for each in ENDING:
        signal.signal(each, lambda number, frame: end_by(number))


def end_by(number: int) -> NoReturn:
    """End as whom the signal has ended: a shell then gives up the loop around the command, too."""
    told: set[int] = set()
    end = time.monotonic() + _PATIENCE
    while _tell(number, told) and time.monotonic() < end:
        time.sleep(_SECONDS)
    if threading.current_thread() is threading.main_thread():  # only there Python lets a program say what a signal does
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(128 + number)  # it is blocked


@contextlib.contextmanager
def needs_a_reader() -> Iterator[None]:
    """End as programs do whose output nobody reads any more, in whichever thread that is found out."""
    try:
        yield
    except BrokenPipeError:
        end_by(NO_READER)


def _note(number: int) -> None:
    if number not in _received:
        _received.append(number)


def pass_on() -> None:
    """From now on hand signals on to all processes below this one, for as long as it lives.

    Python's handlers run in the main thread, which may be waiting; the descriptor is written to at once
    (signal.set_wakeup_fd).
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
    """Send a signal to all processes below this one that have not been told yet; returns them all.

    A shell is told before what it has started: it would go on with its next command when the one before has ended.
    """
    found = descendants()
    for process in [process for process in found if process not in told]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
        told.add(process)
    return found


def _adopt_orphans() -> None:
    """From now on have the children of children that end, so that none gets lost while they are told one by one.

    Linux can do that: PR_SET_CHILD_SUBREAPER in prctl(2).
    """
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def descendants() -> list[int]:
    """The processes that this one has started, and those that they have started, as far as they live: parents first."""
    children: dict[int, list[int]] = {}
    for process, parent in _processes():
        children.setdefault(parent, []).append(process)
    found = list(children.get(os.getpid(), ()))
    for process in found:
        found += children.get(process, ())
    return found


def _processes() -> list[tuple[int, int]]:
    """Every process with its parent: from /proc where there is one (proc_pid_stat(5)), else from the command ps."""
    if os.path.exists("/proc/self/stat"):
        return [found for name in os.listdir("/proc") if name.isdigit() for found in _status(name)]
    import subprocess

    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, check=False).stdout
    return [(int(process), int(parent)) for process, parent in map(bytes.split, listed.splitlines())]


def _status(process: str) -> list[tuple[int, int]]:
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            after_name = file.read().rpartition(b")")[2].split()
    except OSError:  # it has ended meanwhile
        return []
    return [(int(process), int(after_name[1]))] if after_name[0] != b"Z" else []
