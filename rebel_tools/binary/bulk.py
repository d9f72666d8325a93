"""A context for code that makes tens of thousands of small objects at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector, which otherwise traverses a growing table repeatedly: a third of the time.

    Reference counting goes on, and the objects made here have no cycles. At the end, freezing and unfreezing moves all
    objects to the oldest generation, so that the next collection does not traverse the table. With several threads the
    collector may be switched on early; that only costs time.
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
