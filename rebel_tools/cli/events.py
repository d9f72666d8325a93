"""The events of a build that has nothing to do, written without SCons."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from rebel_tools.events import Stream
from rebel_tools.memory.up_to_date import Summary
from rebel_tools.ocaml.messages import diagnostics


def nothing_to_do(summary: Summary, arguments: Sequence[str]) -> None:
    """Write the events that SCons would write, with the time of this process."""
    stream = Stream(sys.stdout)
    stream.start(os.getcwd(), arguments)
    for step, text in summary.messages:
        for found in diagnostics(text, False):
            stream.diagnostic(found._asdict(), step, again=True)
    stream.result("up_to_date", 0, time.process_time(), summary.made, [], 0)
