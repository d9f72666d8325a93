"""Which part of a plan SCons sees: all of it, or the current layer of steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from rebel_tools.plan.layers import Layers
from rebel_tools.plan.model import Scope
from rebel_tools.plan.plan import Plan
from rebel_tools.plan.step import ModuleStep, Step


class View(Protocol):
    """What a session asks when it makes nodes."""

    def has(self, step: Step) -> bool:
        """Whether SCons needs a node for a step."""

    def waits(self, step: ModuleStep) -> tuple[list[ModuleStep], Iterable[Scope]]:
        """The steps, and the whole scopes, that have to be up to date before a compilation can be checked."""

    def units(self, scope: Scope) -> tuple[Iterable[ModuleStep], Iterable[Scope]]:
        """The compilations of a scope, and other scopes that its users wait for."""

    def visible(self, step: Step) -> Iterable[str]:
        """The outputs of a step that need nodes."""

    def priority(self, what: Step | Scope) -> int:
        """The length of the longest chain of steps that waits for a step, or for those of a scope."""


class Whole:
    """Every step and every output."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def has(self, step: Step) -> bool:
        return True

    def waits(self, step: ModuleStep) -> tuple[list[ModuleStep], Iterable[Scope]]:
        return self.plan.waits(step), self.plan.foreign(step)

    def units(self, scope: Scope) -> tuple[Iterable[ModuleStep], Iterable[Scope]]:
        return self.plan.ordered(scope).steps, ()

    def visible(self, step: Step) -> Iterable[str]:
        return step.outputs

    def priority(self, what: Step | Scope) -> int:
        return 0


class Layered:
    """The steps of one layer. One output of each step represents all outputs that nothing else refers to.

    layer: its steps; by_scope: its compilations.
    known: the names of the files in a folder that somebody refers to.
    has_cache: whether outputs are kept in a CacheDir, which takes each by itself.
    """

    def __init__(
        self, layers: Layers, layer: Collection[Step], known: Callable[[str], Collection[str]], has_cache: bool
    ) -> None:
        self.layers = layers
        self.has_cache = has_cache
        self.layer = frozenset(layer)
        self.by_scope: dict[Scope, list[ModuleStep]] = {}
        for step in layer:
            if isinstance(step, ModuleStep):
                self.by_scope.setdefault(step.scope, []).append(step)
        self._known = known

    def has(self, step: Step) -> bool:
        return step in self.layer

    def waits(self, step: ModuleStep) -> tuple[list[ModuleStep], Iterable[Scope]]:
        return self.layers.waits(step)

    def units(self, scope: Scope) -> tuple[Iterable[ModuleStep], Iterable[Scope]]:
        return self.by_scope.get(scope, ()), self.layers.used(scope)

    def visible(self, step: Step) -> Iterable[str]:
        if self.has_cache:
            return step.outputs
        known = self._known(step.scope.outdir)
        return (step.key, *(path for path in step.outputs[1:] if os.path.basename(path) in known))

    def priority(self, what: Step | Scope) -> int:
        return self.layers.priority.get(what, 0)
