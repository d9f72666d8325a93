"""Where the time of a build was spent: spans, a Chrome trace of them, and the critical path.

Format: "Trace Event Format", complete events (`ph: X`), times in microseconds; for chrome://tracing or ui.perfetto.dev.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebel_tools.plan.plan import Plan, topological
from rebel_tools.plan.step import ModuleStep, Step


@dataclass(frozen=True)
class Span:
    """A period of work, in seconds since the epoch. `lane` is the worker that did it, or SCons itself."""

    name: str
    category: str
    lane: str
    start: float
    end: float


def chrome_trace(spans: Sequence[Span]) -> dict[str, Any]:
    """The trace as plain data; times when a worker was idle are spans, too."""
    lanes = {lane: number for number, lane in enumerate(sorted({span.lane for span in spans}))}
    zero = min((span.start for span in spans), default=0.0)
    names = [
        {"ph": "M", "pid": 1, "tid": number, "name": "thread_name", "args": {"name": lane}}
        for lane, number in lanes.items()
    ]
    return {
        "displayTimeUnit": "ms",
        "traceEvents": names
        + [
            {
                "ph": "X",
                "pid": 1,
                "tid": lanes[span.lane],
                "name": span.name,
                "cat": span.category,
                "ts": round((span.start - zero) * 1e6),
                "dur": round((span.end - span.start) * 1e6),
            }
            for span in [*spans, *waiting(spans)]
        ],
    }


def waiting(spans: Iterable[Span]) -> list[Span]:
    """The gaps between the actions of each worker."""
    gaps: list[Span] = []
    last: dict[str, float] = {}
    for span in sorted((s for s in spans if s.category == "action"), key=lambda s: s.start):
        if span.lane in last and span.start > last[span.lane]:
            gaps.append(Span("waiting", "waiting", span.lane, last[span.lane], span.start))
        last[span.lane] = max(last.get(span.lane, span.end), span.end)
    return gaps


def critical_path(plan: Plan, seconds: Mapping[str, float]) -> list[Step]:
    """The slowest chain of steps, each waiting for the one before; `seconds` by the step's first output."""
    total: dict[Step, float] = {}
    before: dict[Step, Step | None] = {}
    for step in topological(plan):
        below = [other for other in everything_below(plan, step) if other in total]
        last = before[step] = max(below, key=total.__getitem__, default=None)
        total[step] = seconds.get(step.key, 0.0) + (total[last] if last else 0.0)
    path: list[Step] = []
    end = max(total, key=total.__getitem__, default=None)
    while end is not None:
        path.append(end)
        end = before[end]
    return [step for step in reversed(path) if step.key in seconds]


def everything_below(plan: Plan, step: Step) -> list[Step]:
    if not isinstance(step, ModuleStep):
        return plan.linked(step)
    return [*plan.waits(step), *(other for scope in plan.foreign(step) for other in plan.ordered(scope).steps)]
