"""The plan of a build: all steps, and what each one waits for.

It is plain data and files, without SCons. `status.py` tells which steps are up to date.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from rebel_tools.memory.digests import Files
from rebel_tools.memory.disk import Disk, RealDisk
from rebel_tools.memory.records import State
from rebel_tools.plan.ask import Ask, AskPrograms
from rebel_tools.plan.installed import Installed
from rebel_tools.plan.model import ALIAS, COMPILATIONS, IMPLEMENTATION, NATIVE, TREE, Module, Scope, Step
from rebel_tools.plan.names import NOTHING, Named, Names
from rebel_tools.plan.order import Ordered, order
from rebel_tools.plan.steps import module_steps, objects, scope_modules, step_flags


class Plan:
    """Steps by their first outputs, on a disk, with the state of earlier builds."""

    def __init__(self, disk: Disk, ask: Ask, state: State, jobs: int = 1):
        self.disk = disk
        self.ask = ask
        self.jobs = jobs
        self._remember(state)
        self.steps: dict[str, Step] = {}
        self.scopes: dict[Scope, None] = {}
        self._units: dict[tuple[Scope, str], list[Step]] = {}
        self._ordered: dict[Scope, Ordered] = {}
        self._link_order: dict[tuple[Scope, str], list[Step]] = {}
        self._linked: dict[Step, list[Step]] = {}

    def _remember(self, state: State) -> None:
        self.state = state
        self.files = Files(self.disk, state.files)
        self.names = Names(self.files, self.ask, state.names, self.jobs)
        self.installed = Installed(self.files, self.ask)

    def begin_again(self) -> None:
        """Look at everything anew, from the saved state, for another build of the same steps."""
        self._remember(State(self.state.path))
        for answers in (self._ordered, self._link_order, self._linked):
            answers.clear()

    def save(self) -> bool:
        """Write the state, if there is anything new in it; whether there is."""
        new = self.state.changed or self.files.changed or self.names.changed
        if new:
            self.state.save()
        return new

    # What there is to do

    def add(self, step: Step) -> Step:
        """A step of this build; the same first output means the same step."""
        return self.steps.setdefault(step.key, step)

    def add_module(self, scope: Scope, module: Module) -> list[Step]:
        """The steps of one module. A module that got its second file is planned anew."""
        self.scopes[scope] = None
        self._forget_order(scope)
        known = self._units.get((scope, module.object))
        if known and known[0].module == module:
            return known
        for old in self._units.pop((scope, module.object), ()):
            self.steps.pop(old.key, None)
        steps = self._units[scope, module.object] = [self.add(step) for step in module_steps(scope, module)]
        return steps

    def remove_module(self, scope: Scope, module: Module) -> None:
        """Plan a scope without one of its modules."""
        scope.remove(module)
        for step in self._units.pop((scope, module.object), ()):
            self.steps.pop(step.key, None)
        self._forget_order(scope)

    def add_scope(self, scope: Scope) -> list[Step]:
        return [step for module in scope_modules(scope) for step in self.add_module(scope, module)]

    def unit_steps(self, scope: Scope, unit: str) -> list[Step]:
        return self._units.get((scope, unit), [])

    def interface_step(self, scope: Scope, unit: str) -> Step | None:
        """The step that makes the .cmi of a unit."""
        return next((step for step in self.unit_steps(scope, unit) if step.makes_interface), None)

    def object_step(self, scope: Scope, unit: str, engine: str) -> Step | None:
        """The step that makes the .cmx or .cmo of a unit; None for an interface without implementation."""
        steps = self.unit_steps(scope, unit)
        return next((s for s in steps if s.kind == IMPLEMENTATION and s.engine == engine), None)

    # What waits for what

    def named(self, step: Step) -> Named:
        return self.names.of(step.scope, step.module, step.source) if step.kind in COMPILATIONS else NOTHING

    def named_in_interface(self, module: Module, scope: Scope) -> Named:
        return self.names.of(scope, module, module.interface) if module.interface else NOTHING

    def ordered(self, scope: Scope) -> Ordered:
        """The compilations of a scope, dependencies first. Errors: CycleError."""
        if scope not in self._ordered:
            steps = [s for module in scope_modules(scope) for s in self.unit_steps(scope, module.object)]
            self._ordered[scope] = order(steps, self._needs, self._wishes)
        return self._ordered[scope]

    def source_changed(self, scope: Scope, path: str) -> None:
        """A generated source was built: what is known about it is asked again."""
        self.files.forget(path)
        self._forget_order(scope)

    def named_changed(self, scope: Scope, paths: Collection[str]) -> None:
        """Files that the flags of a scope name were built: its preprocessors may say something else of its sources."""
        for path in paths:
            self.files.forget(path)
        self.installed.forget(paths)
        self.names.forget(scope)
        self._forget_order(scope)

    def _forget_order(self, scope: Scope) -> None:
        self._ordered.pop(scope, None)
        for engine in scope.engines:
            self._link_order.pop((scope, engine), None)
        for step in [step for step in self._linked if step.scope is scope]:
            del self._linked[step]

    def _needs(self, step: Step) -> list[Step]:
        """What must be there before the compiler can run."""
        scope, module = step.scope, step.module
        if step.kind in (ALIAS, TREE):
            return []
        needs = [] if step.makes_interface else [self.interface_step(scope, module.object)]
        if module.generated:
            return [*needs, *(s for s in self.unit_steps(scope, module.object) if s.kind == ALIAS)]
        needs += [self.interface_step(scope, self.opened(step)), self.steps.get(step.tree)]
        for other in self.named(step).own:
            needs.append(self.interface_step(scope, other.object))
            if step.kind == IMPLEMENTATION and step.engine == NATIVE:
                needs.append(self.object_step(scope, other.object, NATIVE))
        return [s for s in needs if s is not None and s is not step]

    def _wishes(self, step: Step) -> list[Step]:
        """Native code that the compiler looks into when it is there, through names in the unit's interface only."""
        if step.kind != IMPLEMENTATION or step.engine != NATIVE:
            return []
        named = self.named_in_interface(step.module, step.scope)
        found = (self.object_step(step.scope, other.object, NATIVE) for other in named.own)
        return [s for s in found if s is not None and s is not step]

    def waits(self, step: Step) -> list[Step]:
        """The steps of its own scope that a compilation waits for."""
        return self.ordered(step.scope).waits.get(step, [])

    def foreign(self, step: Step) -> tuple[Scope, ...]:
        """The other scopes of which a compilation names anything; it waits for all of their units."""
        found = dict.fromkeys(self.named(step).scopes)
        if step.kind == IMPLEMENTATION:
            found.update(dict.fromkeys(self.named_in_interface(step.module, step.scope).scopes))
        return tuple(found)

    def below(self, step: Step) -> dict[Step, Step]:
        """The steps whose interfaces the typing of a source can come to, each with the one that leads to it.

        Those of its own module may be among them; then what it names leads back to it.
        """
        scope = step.scope
        named = [*self.named(step).own, *([scope.alias] if scope.alias else [])]
        first = [self.interface_step(scope, module.object) for module in named]
        todo = [(other, step) for other in (*first, *self._all_of(self.foreign(step))) if other]
        reached: dict[Step, Step] = {}
        while todo:
            other, user = todo.pop()
            if other not in reached:
                reached[other] = user
                todo += [(each, other) for each in (*self.waits(other), *self._all_of(self.foreign(other)))]
        return reached

    def _all_of(self, scopes: Iterable[Scope]) -> list[Step]:
        return [step for scope in scopes for step in self.ordered(scope).steps]

    def opened(self, step: Step) -> str:
        """The alias module that a compilation opens, '' for none."""
        if step.module.generated or not step.scope.namespace:
            return ""
        if not self.named(step).itself:
            return step.scope.namespace
        alias = step.scope.alias_without(step.module)
        if not self.unit_steps(step.scope, alias.object):
            self.add_module(step.scope, alias)
        return alias.object

    def flags(self, step: Step) -> list[str]:
        """The arguments of a compilation that no construction variable holds."""
        return step_flags(step, self.opened(step))

    # What is linked

    def linked(self, step: Step) -> list[Step]:
        """What an archive or a program consists of, in link order: the archives, then the units of its own scope."""
        if step.copied:
            return [step.copied]
        if step not in self._linked:
            order = self.link_order(step.scope, step.engine)  # first, for it may still find steps
            wanted = self._reached(step) if step.entry else set(step.members)
            linked = [s for s in order if s.module in wanted]
            if step.entry and step.members:
                linked = self._entry_last(step.entry, linked)
            self._linked[step] = [*step.archives, *linked]
        return self._linked[step]

    def _entry_last(self, entry: Module, linked: list[Step]) -> list[Step]:
        """First what the entry does not have to be there for: who registers itself does so before the program runs."""
        late: dict[Module, None] = {}
        for step in linked:
            if step.module == entry or any(other in late for other in self.named(step).own):
                late[step.module] = None
        return [*(s for s in linked if s.module not in late), *(s for s in linked if s.module in late)]

    def link_order(self, scope: Scope, engine: str) -> list[Step]:
        """The objects of a scope, each after those that its source names. Bytecode is *compiled* in any order."""
        key = scope, engine
        if key not in self._link_order:
            every = [s for s in self.ordered(scope).steps if s.kind == IMPLEMENTATION and s.engine == engine]
            in_order = every if engine == NATIVE else order(every, self._linked_before, lambda step: ()).steps
            self._link_order[key] = list(in_order)
        return self._link_order[key]

    def _linked_before(self, step: Step) -> list[Step]:
        found = (self.object_step(step.scope, other.object, step.engine) for other in self.named(step).own)
        return [s for s in found if s is not None]

    def _reached(self, step: Step) -> set[Module]:
        """The entry and the members of a program and all modules of its scope that these reach: no other unit's top
        level may run.
        """
        scope = step.scope
        todo = [step.entry, *step.members]
        reached = {scope.alias, *todo}
        while todo:
            module = todo.pop()
            for source in module.sources:
                for other in self.names.of(scope, module, source).own:
                    if other not in reached:
                        reached.add(other)
                        todo.append(other)
        return reached

    def inputs(self, step: Step) -> list[str]:
        """The files that a step reads by their names."""
        if step.module:
            return [*filter(None, [step.tree or step.source]), *step.extra]
        parts = [path for part in self.linked(step) for path in objects(part)]
        return [*parts, *step.foreign, *step.extra]


def plan_in(root: str, state_path: str, jobs: int = 1) -> Plan:
    """The plan of a build in the folder `root`, whose state lies in the file `state_path` there."""
    return Plan(RealDisk(root), AskPrograms(root), State(os.path.join(root, state_path)), jobs)


def topological(plan: Plan) -> list[Step]:
    """All steps, each after those that it waits for: scopes after those that they use, archives after their units."""
    compiled = [step for scope in plan.scopes for step in plan.ordered(scope).steps]
    return compiled + [step for step in plan.steps.values() if step.module is None]
