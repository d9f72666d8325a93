"""One build at a time: two that write the same outputs would each record what the other one made."""

from __future__ import annotations

import contextlib
import os
from typing import Callable

_held: dict[str, int] = {}


def lock(folder: str, waiting: Callable[[], None]) -> None:
    """Have a folder of outputs for this process until it ends; `waiting` is called when another one has it.

    The lock is flock(2) on the folder itself, which leaves no file behind and ends with the process, however it ends.
    Where there is no such thing (Windows, some network file systems) nothing is locked.
    """
    try:
        import fcntl
    except ImportError:
        return
    if folder in _held:
        return
    os.makedirs(folder, exist_ok=True)
    descriptor = _held[folder] = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        pass
