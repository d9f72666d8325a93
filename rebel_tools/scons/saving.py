"""Saves the state of a run of SCons for the next one: at its end, or after the waiting client has its answer."""

from __future__ import annotations

import atexit
from typing import Callable

_later: list[Callable[[], None]] | None = None


def at_the_end(save: Callable[[], None]) -> None:
    """Call `save` when the build has ended, in reverse order of registration, like atexit."""
    if _later is None:
        atexit.register(save)
    else:
        _later.append(save)


def defer() -> None:
    """From here on nothing is saved before `save_now` is called."""
    global _later
    _later = []


def save_now() -> None:
    while _later:
        _later.pop()()
