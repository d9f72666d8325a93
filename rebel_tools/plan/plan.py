"""The plan of a build: all steps, and what each one waits for.

It is plain data and files, without SCons. `status.py` tells which steps are up to date.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import TypeVar

from rebel_tools.errors import RebelError
from rebel_tools.memory.digests import Files
from rebel_tools.memory.disk import Disk, RealDisk
from rebel_tools.memory.records import State
from rebel_tools.plan.ask import Ask, AskPrograms
from rebel_tools.plan.installed import Installed
from rebel_tools.plan.model import NATIVE, Module, Scope
from rebel_tools.plan.names import NOTHING, Named, Names
from rebel_tools.plan.order import Ordered, order
from rebel_tools.plan.step import (
    NOTHING_DECLARED,
    Collect,
    Compile,
    CompileImplementation,
    Copy,
    Declared,
    Link,
    LinkPlugin,
    ModuleStep,
    SourceStep,
    Step,
    WriteAlias,
)
from rebel_tools.plan.steps import module_steps, objects, scope_modules, step_flags

AnyStep = TypeVar("AnyStep", bound=Step)


class Plan:
    """All steps by their first output, with the disk that they run on and the state of earlier builds.

    declared: what the user declared about some steps.
    """

    def __init__(self, disk: Disk, ask: Ask, state: State, jobs: int = 1):
        self.disk = disk
        self.ask = ask
        self.jobs = jobs
        self._remember(state)
        self.steps: dict[str, Step] = {}
        self.scopes: dict[Scope, None] = {}
        self.declared: dict[Step, Declared] = {}
        self._units: dict[tuple[Scope, str], list[ModuleStep]] = {}
        self._ordered: dict[Scope, Ordered[ModuleStep]] = {}
        self._link_order: dict[tuple[Scope, str], list[CompileImplementation]] = {}
        self._linked: dict[Step, list[Step]] = {}
        self._reached_from: dict[Scope, frozenset[Scope]] = {}

    def _remember(self, state: State) -> None:
        self.state = state
        self.files = Files(self.disk, state.files)
        self.names = Names(self.files, self.ask, state.names, self.jobs)
        self.installed = Installed(self.files, self.ask)

    def begin_again(self) -> None:
        """Start from the saved state again, for another build of the same steps."""
        self._remember(State(self.state.path))
        self._ordered.clear()
        self._link_order.clear()
        self._linked.clear()
        self._reached_from.clear()

    def save(self) -> bool:
        """Write the state if it has changed; return whether it has."""
        new = self.state.changed or self.files.changed or self.names.changed
        if new:
            self.state.save()
        return new

    # What there is to do

    def add(self, step: AnyStep) -> AnyStep:
        """Add a step, or return the known one with the same first output. Errors: RebelError if its kind differs."""
        known = self.steps.setdefault(step.key, step)
        if not isinstance(known, type(step)):
            raise RebelError(f"there are two ways to build `{step.key}`", hint="give one of them another name")
        return known

    def add_module(self, scope: Scope, module: Module) -> list[ModuleStep]:
        """The steps of one module; they are planned again when the module gets its second file."""
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
        """Remove a module from a scope and its steps from the plan."""
        scope.remove(module)
        for step in self._units.pop((scope, module.object), ()):
            self.steps.pop(step.key, None)
        self._forget_order(scope)

    def add_scope(self, scope: Scope) -> list[ModuleStep]:
        return [step for module in scope_modules(scope) for step in self.add_module(scope, module)]

    def unit_steps(self, scope: Scope, unit: str) -> list[ModuleStep]:
        return self._units.get((scope, unit), [])

    def interface_step(self, scope: Scope, unit: str) -> ModuleStep | None:
        """The step that makes the .cmi of a unit."""
        return next((step for step in self.unit_steps(scope, unit) if step.makes_interface), None)

    def object_step(self, scope: Scope, unit: str, engine: str) -> CompileImplementation | None:
        """The step that makes the .cmx or .cmo of a unit; None for an interface without implementation."""
        steps = self.unit_steps(scope, unit)
        return next((s for s in steps if isinstance(s, CompileImplementation) and s.engine == engine), None)

    # What waits for what

    def named(self, step: Step) -> Named:
        return self.names.of(step.scope, step.module, step.source) if isinstance(step, Compile) else NOTHING

    def named_in_interface(self, module: Module, scope: Scope) -> Named:
        return self.names.of(scope, module, module.interface) if module.interface else NOTHING

    def ordered(self, scope: Scope) -> Ordered[ModuleStep]:
        """The compilations of a scope, dependencies first. Errors: CycleError."""
        if scope not in self._ordered:
            steps = [s for module in scope_modules(scope) for s in self.unit_steps(scope, module.object)]
            self._ordered[scope] = order(steps, self._needs, self._soft_needs)
        return self._ordered[scope]

    def source_changed(self, scope: Scope, path: str) -> None:
        """A generated source was built: forget what was known about it."""
        self.files.forget(path)
        self._forget_order(scope)

    def named_changed(self, scope: Scope, paths: Collection[str]) -> None:
        """Files named in the flags of a scope were built: its preprocessors may give other answers for its sources."""
        for path in paths:
            self.files.forget(path)
        self.installed.forget(paths)
        self.names.forget(scope)
        self._forget_order(scope)

    def _forget_order(self, scope: Scope) -> None:
        self._ordered.pop(scope, None)
        self._reached_from.clear()
        for engine in scope.engines:
            self._link_order.pop((scope, engine), None)
        for step in [step for step in self._linked if step.scope is scope]:
            del self._linked[step]

    def _needs(self, step: ModuleStep) -> list[ModuleStep]:
        """The steps that must have run before the compiler can."""
        scope, module = step.scope, step.module
        if not isinstance(step, Compile):
            return []
        needs: list[ModuleStep | None] = []
        if not step.makes_interface:
            needs.append(self.interface_step(scope, module.object))
        units = self.unit_steps(scope, module.object)
        if module.generated:
            needs += [other for other in units if isinstance(other, WriteAlias)]
            return [other for other in needs if other is not None]
        needs.append(self.interface_step(scope, self.opened(step)))
        if step.tree:
            needs += [other for other in units if other.key == step.tree]
        for other in self.named(step).own:
            needs.append(self.interface_step(scope, other.object))
            if _makes_native_code(step):
                needs.append(self.object_step(scope, other.object, NATIVE))
        return [s for s in needs if s is not None and s is not step]

    def _soft_needs(self, step: ModuleStep) -> list[CompileImplementation]:
        """The steps that make native code which the compiler reads if it exists, named only in the unit's interface."""
        if not _makes_native_code(step):
            return []
        named = self.named_in_interface(step.module, step.scope)
        found = (self.object_step(step.scope, other.object, NATIVE) for other in named.own)
        return [s for s in found if s is not None and s is not step]

    def waits(self, step: ModuleStep) -> list[ModuleStep]:
        """The steps of its own scope that a compilation waits for."""
        return self.ordered(step.scope).waits.get(step, [])

    def foreign(self, step: Step) -> tuple[Scope, ...]:
        """The other scopes in which a compilation names anything, or which its flags open; it waits for all of them."""
        found = dict.fromkeys(self.named(step).scopes)
        if isinstance(step, Compile):
            found.update(dict.fromkeys(step.scope.opened_by_flags(step.module)))
        if isinstance(step, CompileImplementation):
            found.update(dict.fromkeys(self.named_in_interface(step.module, step.scope).scopes))
        return tuple(found)

    def below(self, step: Compile) -> dict[ModuleStep, ModuleStep]:
        """The steps whose interfaces the typing of a source can reach, each with the step that leads to it.

        Steps of its own module may be among them, if what it names leads back to it.
        """
        scope = step.scope
        named = [*self.named(step).own, *([scope.alias] if scope.alias else [])]
        first = [self.interface_step(scope, module.object) for module in named]
        found = (*first, *self._all_of(self.foreign(step)))
        todo: list[tuple[ModuleStep, ModuleStep]] = [(other, step) for other in found if other]
        reached: dict[ModuleStep, ModuleStep] = {}
        while todo:
            other, user = todo.pop()
            if other not in reached:
                reached[other] = user
                todo += [(each, other) for each in (*self.waits(other), *self._all_of(self.foreign(other)))]
        return reached

    def before(self, step: Step) -> list[Step]:
        """The steps that have run when a step runs, and whose outputs it may read: all that it waits for, directly or
        not.
        """
        found: dict[Step, None] = {}
        scopes: dict[Scope, None] = {}
        todo = [step]
        while todo:
            each = todo.pop()
            scopes.update(dict.fromkeys(self.foreign(each)))
            others = self.waits(each) if isinstance(each, ModuleStep) else self.linked(each)
            todo += [other for other in others if other not in found]
            found.update(dict.fromkeys(others))
        reached = dict.fromkeys(other for scope in scopes for other in self._reached_scopes(scope))
        return [*found, *self._all_of(reached)]

    def _reached_scopes(self, scope: Scope) -> frozenset[Scope]:
        """A scope, and the scopes that its compilations wait for, directly or not."""
        if scope not in self._reached_from:
            named = {other for step in self.ordered(scope).steps for other in self.foreign(step)}
            self._reached_from[scope] = frozenset((scope,)).union(*map(self._reached_scopes, named))
        return self._reached_from[scope]

    def _all_of(self, scopes: Iterable[Scope]) -> list[ModuleStep]:
        return [step for scope in scopes for step in self.ordered(scope).steps]

    def opened(self, step: ModuleStep) -> str:
        """The alias module that a compilation opens, '' for none."""
        if step.module.generated or not step.scope.namespace:
            return ""
        if not self.named(step).itself:
            return step.scope.namespace
        alias = step.scope.alias_without(step.module)
        if not self.unit_steps(step.scope, alias.object):
            self.add_module(step.scope, alias)
        return alias.object

    def flags(self, step: Compile) -> list[str]:
        """The arguments of a compilation that are in no construction variable."""
        return step_flags(step, self.opened(step))

    # What is linked

    def linked(self, step: Step) -> list[Step]:
        """What an archive or a program consists of, in link order: the archives, then the units of its own scope."""
        if isinstance(step, Copy):
            return [step.copied]
        if not isinstance(step, Collect):
            return []
        if step not in self._linked:
            self._linked[step] = self._find_linked(step)
        return self._linked[step]

    def _find_linked(self, step: Collect) -> list[Step]:
        order = self.link_order(step.scope, step.engine)  # first, because it may add steps
        archives, entry = (step.archives, step.entry) if isinstance(step, Link) else ((), None)
        wanted = self._reached(step.scope, (entry, *step.members)) if entry else set(step.members)
        linked = [each for each in order if each.module in wanted]
        if entry and step.members:
            linked = self._entry_last(entry, linked)
        loaded = self.linked(step.host) if isinstance(step, LinkPlugin) and step.host else ()
        return [*archives, *(each for each in linked if each not in loaded)]

    def _entry_last(self, entry: Module, linked: list[CompileImplementation]) -> list[CompileImplementation]:
        """Put objects that do not depend on the entry first: modules register themselves before the program runs."""
        late: dict[Module, None] = {}
        for step in linked:
            if step.module == entry or any(other in late for other in self.named(step).own):
                late[step.module] = None
        return [*(s for s in linked if s.module not in late), *(s for s in linked if s.module in late)]

    def link_order(self, scope: Scope, engine: str) -> list[CompileImplementation]:
        """The objects of a scope, dependencies first. Bytecode needs this order only for linking."""
        key = scope, engine
        if key not in self._link_order:
            compiled = (step for step in self.ordered(scope).steps if isinstance(step, CompileImplementation))
            every = [step for step in compiled if step.engine == engine]
            in_order = every if engine == NATIVE else order(every, self._linked_before, lambda step: ()).steps
            self._link_order[key] = list(in_order)
        return self._link_order[key]

    def _linked_before(self, step: CompileImplementation) -> list[CompileImplementation]:
        found = (self.object_step(step.scope, other.object, step.engine) for other in self.named(step).own)
        return [s for s in found if s is not None]

    def _reached(self, scope: Scope, modules: Iterable[Module]) -> set[Module]:
        """Some modules of a scope and all that they reach, with the alias module; no other unit may run at startup."""
        todo = list(modules)
        reached = {*todo, *([scope.alias] if scope.alias else [])}
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
        return [*self._read_by_itself(step), *self.declared.get(step, NOTHING_DECLARED).files]

    def _read_by_itself(self, step: Step) -> list[str]:
        if isinstance(step, SourceStep):
            return [step.read]
        parts = [path for part in self.linked(step) for path in objects(part)]
        return [*parts, *step.foreign] if isinstance(step, Link) else parts


def plan_in(root: str, state_path: str, jobs: int = 1) -> Plan:
    """The plan of a build in the folder `root`, whose state lies in the file `state_path` there."""
    return Plan(RealDisk(root), AskPrograms(root), State(os.path.join(root, state_path)), jobs)


def topological(plan: Plan) -> list[Step]:
    """All steps, each after those that it waits for: scopes after those that they use, archives after their units."""
    compiled = (step for scope in plan.scopes for step in plan.ordered(scope).steps)
    return [*compiled, *(step for step in plan.steps.values() if not isinstance(step, ModuleStep))]


def _makes_native_code(step: Step) -> bool:
    return isinstance(step, CompileImplementation) and step.engine == NATIVE
