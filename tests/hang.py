"""Ends tests that hang. No test measures speed, because machines can be busy; benchmarks do.

Reading a hostile file takes a second or two; the limit is minutes of processor time, whatever the load of the machine.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest

PROCESSOR_SECONDS = 300
SECONDS = 1800
"""How long a test waits for something that must happen; only a failing test takes that long."""


@contextlib.contextmanager
def no_hang() -> Iterator[None]:
    """Fail the test when the code inside has used `PROCESSOR_SECONDS` of this process."""

    def stop(*_: object) -> None:
        pytest.fail(f"did not end within {PROCESSOR_SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, PROCESSOR_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
