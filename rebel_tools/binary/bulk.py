"""Help for code that makes tens of thousands of small objects at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector from walking a growing table again and again: a third of the time.

    Reference counting goes on, and what is made here has no cycles. Afterwards everything young is declared old, which
    takes no time, where a collection would walk the whole table once more. With several threads the collector may
    come back early, which costs time and nothing else.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:  # else other code has frozen objects, and unfreezing would undo that
            gc.freeze()
            gc.unfreeze()
        gc.enable()
