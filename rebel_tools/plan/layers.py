"""Which steps to run, layer by layer, so that the build engine handles few steps that are up to date.

The first layer holds the steps that are known to be stale and that depend on no step outside the layer that may have to
run. A full build needs only this layer, and so does an edit that changes no interface. If the new outputs make other
steps stale, the change may propagate far; then the next layer holds these steps and all that they can make stale, and
each of them is checked just before it would run. More and smaller layers would check fewer steps, but between two
layers the processors wait for the last step of the first one.

The cost of an edit should depend on what it can affect, not on the size of the project, so steps are sorted only in
scopes that depend on something stale, and before the first layer only in those that something stale depends on, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rebel_tools.memory.records import Record
from rebel_tools.plan.model import Scope
from rebel_tools.plan.plan import Plan
from rebel_tools.plan.readers import Readers
from rebel_tools.plan.status import Status
from rebel_tools.plan.step import ModuleStep, Step

# Up to this many names, searching the text of all records is faster than parsing them.
FEW = 8


class Layers:
    """The layers of all steps of a plan except the `goals`, which nothing depends on.

    candidates: the steps that can be stale before anything runs; None: all.
    scopes: those whose steps are considered, with everything that they use; None: all.
    priority: the length of the longest chain of steps that waits for a step of the layer, or for those of a scope.
    """

    def __init__(
        self,
        plan: Plan,
        status: Status,
        goals: Collection[Step],
        candidates: Iterable[Step] | None = None,
        scopes: Collection[Scope] | None = None,
    ):
        self.plan = plan
        self.status = status
        self.goals = goals
        self.scopes = [scope for scope in plan.scopes if scopes is None or scope in scopes]
        judged = self._ordered(self.scopes) if candidates is None else candidates
        self.stale = {step for step in judged if step not in goals and status.reason(step) is not None}
        self._is_first = True
        self._before: dict[Step, Record | None] = {}  # the last layer, with the records from before it ran
        self._readers: Readers | None = None
        self._waits: dict[ModuleStep, tuple[list[ModuleStep], list[Scope]]] | None = None
        self._active: set[Scope] = set()
        self.priority: dict[Step | Scope, int] = {}

    def next(self) -> list[Step]:
        """The next layer, to be called when the last one has run completely; empty when only goals are left."""
        if self._is_first:
            self._is_first = False
            layer = self._runnable()
        else:
            self._collect()
            layer = self._reached() if self.stale else []
        self.stale.difference_update(layer)
        self._before = {step: self.status.records.get(step.key) for step in layer}
        self.priority = self._priority(layer)
        return layer

    def waits(self, step: ModuleStep) -> tuple[list[ModuleStep], list[Scope]]:
        """What a compilation in this layer waits for: steps, and scopes, of which all steps in the layer count."""
        if self._waits is not None:
            return self._waits.get(step, ([], []))  # a step of an earlier layer has run
        return [other for other in self.plan.waits(step) if other in self._before], list(self.plan.foreign(step))

    def used(self, scope: Scope) -> list[Scope]:
        """The scopes used by `scope` that have steps in this layer."""
        return [used for used in scope.uses if used in self._active]

    def _priority(self, layer: list[Step]) -> dict[Step | Scope, int]:
        """Computed from the last step of the layer, for which nothing waits, to the first."""
        found: dict[Step | Scope, int] = {}
        for step in reversed(layer):
            found[step] = behind = max(found.get(step, 0), found.get(step.scope, 0))
            steps, scopes = self.waits(step) if isinstance(step, ModuleStep) else ([], [])
            below: list[Step | Scope] = [*steps, *scopes, *(used for scope in scopes for used in self.used(scope))]
            found.update({each: behind + 1 for each in below if found.get(each, 0) <= behind})
        return found

    # After a layer

    def _collect(self) -> None:
        """Find the steps that the last layer made stale."""
        changed = {step: names for step, before in self._before.items() if (names := self._changed(step, before))}
        if self._readers:
            touched = dict.fromkeys(reader for step in changed for reader, _ in self._readers.affected(step))
        else:
            touched = self._mentioning({name for names in changed.values() for name in names})
        stale = (step for step in touched if step not in self._before and self.status.reason(step) is not None)
        self.stale.update(stale)

    def _changed(self, step: Step, before: Record | None) -> list[str]:
        """The outputs of `step` that changed, by the names that its readers use: paths, and the name of its unit."""
        after = self.status.records.get(step.key)
        if before is None or after is None:
            return [*step.outputs, *_units(step)]
        files = [path for path in step.outputs if before.outputs.get(path) != after.outputs.get(path)]
        return files + (_units(step) if _consulted(before) != _consulted(after) else [])

    def _mentioning(self, changed: set[str]) -> dict[Step, None]:
        """The steps that read or consulted what changed when they last ran, and possibly some more."""
        records = self.status.records
        found: dict[Step, None] = {}
        for key in (records.mentioning(changed) if len(changed) <= FEW else records) if changed else ():
            reader = self.plan.steps.get(key)
            if reader and reader.scope in self.scopes and reader not in self.goals and reader not in self._before:
                record = records[key]
                if not changed.isdisjoint((*record.interfaces, *record.implementations, *record.inputs)):
                    found[reader] = None
        return found

    def _reached(self) -> list[Step]:
        """The steps that are stale or can become so, and what each of them waits for."""
        ordered = self._ordered(self._above())
        self._readers = Readers(ordered, lambda step: self.status.records.get(step.key))
        reached = self._readers.reached(self.stale, self.status.is_about_native_code_only)
        layer = [step for step in ordered if step in reached]
        self._active = {step.scope for step in layer}
        self._waits = self._shortened(ordered, reached)
        return layer

    def _shortened(
        self, ordered: list[Step], layer: set[Step]
    ) -> dict[ModuleStep, tuple[list[ModuleStep], list[Scope]]]:
        """What each compilation waits for in the layer, also indirectly through steps outside it."""
        active = self._active
        waits: dict[ModuleStep, tuple[list[ModuleStep], list[Scope]]] = {}
        for step in ordered:
            if isinstance(step, ModuleStep):
                foreign = (s for s in self.plan.foreign(step) if s in active or not active.isdisjoint(s.uses))
                steps: dict[ModuleStep, None] = {}
                used = dict.fromkeys(foreign)
                for other in self.plan.waits(step):
                    if other in layer:
                        steps[other] = None
                    else:
                        steps.update(dict.fromkeys(waits[other][0]))
                        used.update(dict.fromkeys(waits[other][1]))
                waits[step] = list(steps), list(used)
        return waits

    # What depends on something stale

    def _above(self) -> dict[Scope, None]:
        """The scopes with steps that are stale or depend on something stale, each after those that it uses."""
        stale = {step.scope for step in self.stale}
        return {scope: None for scope in self.scopes if scope in stale or not stale.isdisjoint(scope.uses)}

    def _between(self) -> dict[Scope, None]:
        """Those of them that contain something stale, or that something stale depends on."""
        wanted = {used for step in self.stale for used in (step.scope, *step.scope.uses)}
        return {scope: None for scope in self._above() if scope in wanted}

    def _ordered(self, scopes: Iterable[Scope]) -> list[Step]:
        """The steps of some scopes, each after those that it waits for; archives come after all compilations."""
        compiled = [step for scope in scopes for step in self.plan.ordered(scope).steps]  # may add further steps
        others = (step for step in self.plan.steps.values() if not isinstance(step, ModuleStep))
        return [*compiled, *(step for step in others if step not in self.goals and step.scope in scopes)]

    def _runnable(self) -> list[Step]:
        """The stale steps that can run now."""
        considered = self._between()
        runnable: dict[Step, None] = {}
        waiting: set[Step] = set()  # stale, or dependent on something stale, and not runnable
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
                waiting.add(step)
        return list(runnable)

    def _below(self, step: Step) -> list[Step]:
        return [*self.plan.waits(step)] if isinstance(step, ModuleStep) else self.plan.linked(step)

    def _scope_state(
        self,
        scope: Scope,
        runnable: Collection[Step],
        waiting: Collection[Step],
        known: dict[Scope, tuple[bool, bool]],
    ) -> tuple[bool, bool]:
        """Called only when all steps of the scope have been considered: a scope comes after those that it uses."""
        if scope not in known:
            steps = self.plan.ordered(scope).steps
            held = any(step in waiting for step in steps)
            known[scope] = (held or any(step in runnable for step in steps), held)
        return known[scope]


def _units(step: Step) -> list[str]:
    """The unit that a step makes, if it makes one."""
    return [step.module.object] if isinstance(step, ModuleStep) else []


def _consulted(record: Record) -> tuple[str | None, ...]:
    """What the record of a compilation that consults the unit holds; a signature if no .cmx is opened."""
    return record.interface, record.implementation, record.signature
