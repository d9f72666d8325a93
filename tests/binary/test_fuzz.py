"""A small part of the fuzzing (see `fuzz.py`), always the same one."""

from __future__ import annotations

import fuzz
from hang import PROCESSOR_SECONDS


def test_broken_libraries():
    number, reports = fuzz.run(seed=3, limit=PROCESSOR_SECONDS, cases=range(600))
    assert number == 600
    assert not reports, "\n".join(reports)
