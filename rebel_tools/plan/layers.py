"""Which steps to run, layer by layer, so that a build engine sees little that is up to date.

The first layer holds the steps that are known to be stale and can run without any step that is not in the layer having
to run first. A first build is this layer alone, and so is a change that reaches nobody's interface. When what its
outputs changed makes other steps stale, the change may go far; then the second and last layer holds everything above
what is stale, and each of these steps is judged when its turn comes. More and smaller layers would judge fewer steps,
but between two layers processors wait for the last step of the first one.

An edit is to cost what it can change and not what the project has, so steps are put in order only in scopes that lie
above something stale, and before the first layer only where something stale lies above them, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from rebel_tools.plan.model import Scope, Step
from rebel_tools.plan.plan import Plan
from rebel_tools.plan.state import Record
from rebel_tools.plan.status import Status

# So many names are looked for in the texts of all records sooner than all records are read.
FEW = 8


class Layers:
    """The layers of all steps of a plan except the `goal`, which uses them.

    suspects: the steps that can be stale before anything was built; None: all.
    """

    def __init__(self, plan: Plan, status: Status, goal: Step, suspects: Iterable[Step] | None = None):
        self.plan = plan
        self.status = status
        self.goal = goal
        judged = self._ordered(plan.scopes) if suspects is None else suspects
        self.stale = {step for step in judged if step is not goal and status.reason(step) is not None}
        self._first: dict[Step, Record | None] | None = None

    def next(self) -> list[Step]:
        """The next layer, to be asked for when all of the last one has run; empty when only the goal is left."""
        if self._first is None:
            layer, _ = self._divide(self._between())
            self._first = {step: self.status.records.get(step.key) for step in layer}
            return layer
        self._collect()
        layer = [step for part in self._divide(self._above()) for step in part]
        self.stale, self._first = set(), {}
        return layer

    def _collect(self) -> None:
        """Find out whom the first layer made stale."""
        self.stale -= self._first.keys()
        changed = {name for step, before in self._first.items() for name in self._changed(step, before)}
        if changed:
            readers = self._readers(changed)
            touched = dict.fromkeys(reader for name in changed for reader in readers.get(name, ()))
            self.stale.update(step for step in touched if self.status.reason(step) is not None)

    def _changed(self, step: Step, before: Record | None) -> list[str]:
        """What `step` made otherwise than before, by the names that its readers know it by: files, and its unit."""
        after = self.status.records.get(step.key)
        if before is None or after is None:
            return [*step.outputs, *([step.module.object] if step.module else [])]
        files = [path for path in step.outputs if before.outputs.get(path) != after.outputs.get(path)]
        return files + ([step.module.object] if step.module and _consulted(before) != _consulted(after) else [])

    def _readers(self, changed: set[str]) -> dict[str, list[Step]]:
        """The steps that read or consulted what changed when they last ran, by its path or unit name, or some more."""
        readers = defaultdict(list)
        records = self.status.records
        for key in records.mentioning(changed) if len(changed) <= FEW else records:
            reader = self.plan.steps.get(key)
            if reader and reader is not self.goal and reader not in self.stale and reader not in self._first:
                record = records[key]
                for name in {*record.interfaces, *record.implementations, *record.inputs}:
                    readers[name].append(reader)
        return readers

    def _above(self) -> dict[Scope, None]:
        """The scopes with steps that are stale or above something stale, in the order of their use."""
        stale = {step.scope for step in self.stale}
        return {scope: None for scope in self.plan.scopes if scope in stale or not stale.isdisjoint(scope.uses)}

    def _between(self) -> dict[Scope, None]:
        """Those of them that something stale is in or above: what tells which of the stale steps can run now."""
        wanted = {used for step in self.stale for used in (step.scope, *step.scope.uses)}
        return {scope: None for scope in self._above() if scope in wanted}

    def _ordered(self, scopes: Iterable[Scope]) -> list[Step]:
        """The steps of some scopes, each after those that it waits for: archives come after all compilations."""
        compiled = [step for scope in scopes for step in self.plan.ordered(scope).steps]
        linked = (step for step in self.plan.steps.values() if step.module is None and step is not self.goal)
        return compiled + [step for step in linked if step.scope in scopes]

    def _divide(self, considered: dict[Scope, None]) -> tuple[list[Step], list[Step]]:
        """The stale steps that can run now, and the other steps of these scopes that are stale or above a stale one."""
        runnable: dict[Step, None] = {}
        waiting: dict[Step, None] = {}
        scopes: dict[Scope, tuple[bool, bool]] = {}  # (something is runnable or waiting, something is waiting)
        for step in self._ordered(considered):
            below = self._below(step)
            reached = (scope for scope in self.plan.foreign(step) if scope in considered)
            foreign = [self._scope_state(scope, runnable, waiting, scopes) for scope in reached]
            blocked = any(s in waiting for s in below) or any(held for _, held in foreign)
            affected = blocked or any(s in runnable for s in below) or any(some for some, _ in foreign)
            if step in self.stale and not blocked:
                runnable[step] = None
            elif step in self.stale or affected:
                waiting[step] = None
        return list(runnable), list(waiting)

    def _below(self, step: Step) -> list[Step]:
        return self.plan.linked(step) if step.module is None else self.plan.waits(step)

    def _scope_state(self, scope: Scope, runnable, waiting, known) -> tuple[bool, bool]:
        """Asked for only when all steps of the scope have been looked at, for scopes come in the order of their use."""
        if scope not in known:
            steps = self.plan.ordered(scope).steps
            held = any(step in waiting for step in steps)
            known[scope] = (held or any(step in runnable for step in steps), held)
        return known[scope]


def _consulted(record: Record) -> tuple:
    """What a compilation that consults the unit remembers of it; the signature stands for a .cmx that is not opened."""
    return record.interface, record.implementation, record.signature
