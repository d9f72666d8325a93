"""A lock for the output folder: two builds at the same time would each record files that the other one wrote."""

from __future__ import annotations

import os
from typing import Callable

from rebel_tools.errors import Place, RebelError

_held: dict[str, int] = {}  # folder -> a descriptor that stays open


def lock(folder: str, waiting: Callable[[], None], nested: bool = False) -> bool:
    """Lock an output folder for this process until `unlock` or its end; call `waiting` if another process holds it.

    The lock is flock(2) on the folder itself, which leaves no file behind and ends with the process, however it ends.
    Without flock (Windows, some network file systems) nothing is locked. nested: do not wait if the holder is an
    ancestor of this process, which is then a step of its build. Returns whether another process held the lock. Errors:
    RebelError when the folder cannot be created.
    """
    try:
        import fcntl
    except ImportError:
        return False
    waited = False
    while folder not in _held:
        descriptor = _open(folder)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not (nested and _is_held_above(descriptor)):
                waiting()
                waited = True
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # no locks here
            pass
        if _is_open(folder, descriptor):
            _held[folder] = descriptor
        else:  # it was removed while we waited, and another build may have created it again
            os.close(descriptor)
    return waited


def unlock(folder: str) -> None:
    """Release the lock on a folder, if this process holds it."""
    if folder in _held:
        os.close(_held.pop(folder))


def _is_held_above(descriptor: int) -> bool:
    """Whether the holder of the lock is an ancestor of this process (proc(5), on Linux)."""
    inode = str(os.fstat(descriptor).st_ino)
    try:
        with open("/proc/locks", encoding="ascii") as locks:
            rows = [line.split() for line in locks]
        holders = {int(row[4]) for row in rows if row[1] == "FLOCK" and row[5].rpartition(":")[2] == inode}
        process = os.getpid()
        while process > 1 and process not in holders:
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:
                process = int(stat.read().rpartition(")")[2].split()[1])
        return process in holders
    except (OSError, ValueError, IndexError):  # no /proc here, or one of the processes has just ended
        return False


def _open(folder: str) -> int:
    try:
        os.makedirs(folder, exist_ok=True)
        return os.open(folder, os.O_RDONLY)
    except OSError as error:
        message = f"the output folder cannot be used: {error.strerror}"
        raise RebelError(message, place=Place(folder)) from None


def _is_open(folder: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(folder), os.fstat(descriptor))
    except FileNotFoundError:
        return False
