"""Ends what never ends. No test measures speed, since machines can be busy: benchmarks do.

What reads hostile files in a second or two has minutes of processor time here, which no load of a machine uses up.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest

PROCESSOR_SECONDS = 300
SECONDS = 1800
"""For what has to happen some time: it only says how long a test waits that fails."""


@contextlib.contextmanager
def no_hang() -> Iterator[None]:
    """Fails the test when what runs inside has used `PROCESSOR_SECONDS` of this process."""

    def stop(*_: object) -> None:
        pytest.fail(f"did not end within {PROCESSOR_SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, PROCESSOR_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
