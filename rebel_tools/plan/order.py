"""The order in which the steps of a scope can run, and the error when there is none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Callable, Generic, TypeVar

from rebel_tools.errors import RebelError
from rebel_tools.plan.model import NATIVE
from rebel_tools.plan.step import CompileImplementation, ModuleStep, SourceStep

AnyStep = TypeVar("AnyStep", bound=ModuleStep)


class CycleError(RebelError):
    """Modules that depend on each other; `path` has (module, file) from the first one back to itself.

    written: for generated sources, what they are made from. remedy: what may help besides moving code.
    """

    def __init__(
        self, steps: Iterable[ModuleStep], written: Mapping[ModuleStep, str] = MappingProxyType({}), remedy: str = ""
    ):
        steps = list(steps)
        read = ((step, step.source if isinstance(step, SourceStep) else step.key) for step in steps)
        self.path = [(step.module.name, written.get(step, source)) for step, source in read]
        rows = [f"{name} ({source})" for name, source in self.path]
        super().__init__(
            "dependency cycle between modules: " + " -> ".join(rows),
            expected="modules without cyclic dependencies",
            hint=f"{remedy or _remedy(steps)}move the code that they share into a separate module",
        )


def _remedy(path: list[ModuleStep]) -> str:
    """What the modules of a cycle lack if only native code closes it.

    A source without an interface is compiled to both at once, so whoever needs its types waits for the native code of
    the modules that it uses, although their interfaces are enough for its own types.
    """
    for step, other in zip(path, path[1:]):
        if not (isinstance(step, CompileImplementation) and isinstance(other, CompileImplementation)):
            continue
        if step.engine == NATIVE and step.makes_interface and not other.makes_interface:
            return f"write an interface for {step.module.name} (`{os.path.basename(step.source)}i`), or "
    return ""


@dataclass(frozen=True)
class Ordered(Generic[AnyStep]):
    """The steps of a scope, dependencies first, and for each the steps of the same scope that it waits for."""

    steps: tuple[AnyStep, ...]
    waits: dict[AnyStep, list[AnyStep]]


def order(
    steps: Iterable[AnyStep],
    needs: Callable[[AnyStep], Iterable[AnyStep]],
    soft_needs: Callable[[AnyStep], Iterable[AnyStep]],
) -> Ordered[AnyStep]:
    """Order `steps` so that each one comes after all that it `needs`, and after its `soft_needs` where possible.

    A soft dependency is dropped when it would close a cycle: an implementation should wait for the native code of units
    that only its interface mentions, yet those may in turn use it.
    Errors: CycleError.
    """
    waits: dict[AnyStep, list[AnyStep]] = {}
    todo = list(steps)
    for step in todo:  # grows: `needs` may return steps that are not in `steps`
        if step not in waits:
            waits[step] = list(dict.fromkeys(needs(step)))
            todo += waits[step]
    first = _topological(waits)
    place = {step: number for number, step in enumerate(first)}
    for step in first:
        for other in soft_needs(step):
            if other in waits[step]:
                continue
            if place[other] < place[step]:
                waits[step].append(other)
            elif not _reaches(other, step, waits):
                waits[step].append(other)
                first = _topological(waits)
                place = {each: number for number, each in enumerate(first)}
    return Ordered(tuple(first), waits)


def _topological(waits: dict[AnyStep, list[AnyStep]]) -> list[AnyStep]:
    """Depth first, with an explicit stack: module graphs can be deeper than Python's recursion limit."""
    done: dict[AnyStep, None] = {}
    for root in waits:
        stack = [] if root in done else [(root, iter(waits[root]))]
        active = {root}
        while stack:
            step, pending = stack[-1]
            other = next((o for o in pending if o not in done), None)
            if other is None:
                stack.pop()
                active.discard(step)
                done[step] = None
            elif other in active:
                raise CycleError(_cycle([entry[0] for entry in stack], other))
            else:
                active.add(other)
                stack.append((other, iter(waits[other])))
    return list(done)


def _reaches(start: AnyStep, goal: AnyStep, waits: dict[AnyStep, list[AnyStep]]) -> bool:
    seen, todo = {start}, [start]
    while todo:
        step = todo.pop()
        if step is goal:
            return True
        todo += [other for other in waits[step] if other not in seen]
        seen.update(waits[step])
    return False


def _cycle(path: list[AnyStep], closing: AnyStep) -> list[AnyStep]:
    return [*path[path.index(closing) :], closing]
