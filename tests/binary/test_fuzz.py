"""A small part of the fuzzing (see `fuzz.py`), always the same one."""

from __future__ import annotations

import fuzz
import fuzz_debug
import pytest
from hang import PROCESSOR_SECONDS


@pytest.mark.parametrize(
    "make, cases", [(fuzz.libraries, 600), (fuzz_debug.debug_files, 400), (fuzz_debug.interfaces, 300)]
)
def test_broken_files(make, cases):
    number, reports = fuzz.run(make, seed=3, limit=PROCESSOR_SECONDS, cases=range(cases))
    assert number == cases
    assert not reports, "\n".join(reports)
