"""Which steps to run, layer by layer, so that a build engine sees nothing that is up to date.

A layer holds steps that are known to be stale and can run without any step that is not in the layer having to run
first. When all of it has run, what its outputs changed makes other steps stale, and these are the next layer: a change
that does not reach anybody's interface ends after one. The engine gets the steps of a layer with their order among each
other, so a first build is one layer with full parallelism.
"""

from __future__ import annotations

from collections import defaultdict

from rebel_tools.plan.model import Scope, Step
from rebel_tools.plan.plan import Plan, topological
from rebel_tools.plan.state import Record
from rebel_tools.plan.status import Status


class Layers:
    """The layers of all steps of a plan except the `goal`, which uses them."""

    def __init__(self, plan: Plan, status: Status, goal: Step):
        self.plan = plan
        self.status = status
        self.steps = [step for step in topological(plan) if step is not goal]
        self.stale = {step for step in self.steps if status.reason(step) is not None}
        self._running: dict[Step, Record | None] = {}
        self._readers: dict[str, list[Step]] | None = None

    def next(self) -> list[Step]:
        """The next layer, to be asked for when all of the last one has run; empty when only the goal is left."""
        self._collect()
        if not self.stale:
            return []
        layer = self._runnable()
        self._running = {step: self.status.records.get(step.key) for step in layer}
        return layer

    def _collect(self) -> None:
        """Find out whom the last layer made stale."""
        touched: dict[Step, None] = {}
        for step, before in self._running.items():
            self.stale.discard(step)
            after = self.status.records.get(step.key)
            if before is None or after is None or _differ(before, after):
                touched.update(dict.fromkeys(self._readers_of(step)))
        self._running = {}
        self.stale.update(step for step in touched if self.status.reason(step) is not None)

    def _readers_of(self, step: Step) -> list[Step]:
        """The steps that read or consulted something of `step` when they last ran."""
        if self._readers is None:
            self._readers = defaultdict(list)
            for reader in self.steps:
                record = self.status.records.get(reader.key)
                if record and reader not in self.stale:
                    for name in {*record.interfaces, *record.implementations, *record.inputs}:
                        self._readers[name].append(reader)
        names = [*step.outputs, step.module.object] if step.module else step.outputs
        return [reader for name in names for reader in self._readers.get(name, ())]

    def _runnable(self) -> list[Step]:
        """The stale steps below which every step that is stale, or may become so, is runnable itself."""
        waiting: set[Step] = set()  # stale or above something stale, and not runnable now
        runnable: dict[Step, None] = {}
        scopes: dict[Scope, tuple[bool, bool]] = {}  # (something is stale, not all of that is runnable)
        for step in self.steps:
            below = self._below(step)
            foreign = [self._scope_state(scope, runnable, waiting, scopes) for scope in self.plan.foreign(step)]
            blocked = any(s in waiting for s in below) or any(state[1] for state in foreign)
            if step in self.stale and not blocked:
                runnable[step] = None
            elif (
                step in self.stale or blocked or any(s in runnable for s in below) or any(state[0] for state in foreign)
            ):
                waiting.add(step)
        return list(runnable)

    def _below(self, step: Step) -> list[Step]:
        return self.plan.linked(step) if step.module is None else self.plan.waits(step)

    def _scope_state(self, scope: Scope, runnable, waiting, known) -> tuple[bool, bool]:
        """Asked for only when all steps of the scope have been looked at, for scopes come in the order of their use."""
        if scope not in known:
            steps = self.plan.ordered(scope).steps
            held = any(step in waiting for step in steps)
            known[scope] = (held or any(step in runnable for step in steps), held)
        return known[scope]


def _differ(before: Record, after: Record) -> bool:
    return (
        before.outputs != after.outputs
        or before.interface != after.interface
        or before.implementation != after.implementation
    )
