"""`scons --profile-build=FILE`: a trace of the build for chrome://tracing, and its critical path."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from rebel_tools.scons import places
from rebel_tools.scons.compat import start_time
from rebel_tools.scons.options import Option, add, is_added, value
from rebel_tools.text import printable_lines

SPANS: list[Any] = []
SESSIONS: list[Any] = []


OPTION = Option(
    "--profile-build",
    "profile_build",
    "write a trace of the build to FILE (for chrome://tracing) and print the critical path",
    metavar="FILE",
)


@cache
def add_option() -> None:
    """Add the option; called for every environment that loads a tool."""
    add(OPTION)
    path = value(OPTION)
    if path:
        atexit.register(_write, path)


@cache
def enabled() -> bool:
    """Whether it was asked for, which needs a tool of ours to have added the option."""
    return is_added(OPTION) and bool(value(OPTION))


def span(name: str, category: str) -> contextlib.AbstractContextManager[None]:
    """Record the time of a `with` block; actions are distinguished by their thread."""
    return _timed(name, category) if enabled() else contextlib.nullcontext()


@contextlib.contextmanager
def _timed(name: str, category: str) -> Iterator[None]:
    from rebel_tools.plan.trace import Span

    start = time.time()
    yield
    lane = threading.current_thread().name if category in ("action", "remote") else "SCons"
    SPANS.append(Span(name, category, lane, start, time.time()))


def _write(path: str) -> None:
    from rebel_tools.plan import trace

    start, now = start_time(), time.time()
    whole = trace.Span("build", "SCons", "whole run", start, now)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(trace.chrome_trace([whole, *SPANS]), f)
    places.WRITTEN.add(os.path.abspath(path))
    print(printable_lines(_summary(now - start, path)), file=sys.stderr)


def _summary(wall: float, path: str) -> list[str]:
    from rebel_tools.plan.step import SourceStep
    from rebel_tools.plan.trace import critical_path

    actions = {s.name: s.end - s.start for s in SPANS if s.category == "action"}
    planning = sum(s.end - s.start for s in SPANS if s.category == "planning")
    busy = sum(actions.values())
    lines = [f"{len(actions)} actions took {busy:.2f} s, planning {planning:.2f} s, the run {wall:.2f} s"]
    for run in SESSIONS if actions else ():
        chain = critical_path(run.plan, actions)
        seconds = sum(actions[step.key] for step in chain)
        if chain:
            lines.append(f"critical path: {seconds:.2f} s in {len(chain)} actions, which more jobs cannot shorten")
            slowest = sorted(chain, key=lambda step: -actions[step.key])[:5]
            named = {step: step.source if isinstance(step, SourceStep) else step.key for step in slowest}
            lines += [f"  {actions[step.key]:6.2f} s  {name}" for step, name in named.items()]
    return [*lines, f"trace: {path}"]
