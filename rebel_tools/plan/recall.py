"""What a build has to check, given the records of the last one and what has changed since: some steps, or all.

These are pure functions of the plan, the records and a `Verdict` on files.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from typing import NamedTuple

from rebel_tools.memory.verdict import ALL, Verdict, everything
from rebel_tools.plan.model import Scope
from rebel_tools.plan.plan import Plan
from rebel_tools.plan.step import Convert, ModuleStep, Step


class Recall(NamedTuple):
    """What is known before any step is checked.

    verdict: on the files of the steps in `remembered`, which belong to scopes that the last build completed.
    active: the scopes of this build; empty: all.
    """

    verdict: Verdict
    remembered: Collection[Scope] = frozenset()
    active: Collection[Scope] = frozenset()


class Candidates(NamedTuple):
    """The steps that can be stale before anything runs; all, if the extent of the verdict is `ALL`."""

    verdict: Verdict
    steps: tuple[Step, ...] = ()


def files_of(plan: Plan, step: Step) -> list[str]:
    """The outputs of a step, and its inputs that no other step makes."""
    return [*(plan.inputs(step) if isinstance(step, ModuleStep) else ()), *step.outputs]


def scopes_in_doubt(plan: Plan, recall: Recall) -> list[Scope]:
    """The scopes with sources that may have changed since the last build."""
    active = [scope for scope in plan.scopes if scope in recall.active] or list(plan.scopes)
    if recall.verdict.extent == ALL:
        return active
    edited = _edited(plan, recall.verdict.changed)
    return [scope for scope in active if scope not in recall.remembered or scope in edited]


def _edited(plan: Plan, changed: frozenset[str]) -> set[Scope]:
    modules = ((scope, module) for scope in plan.scopes if changed for module in scope.modules.values())
    return {scope for scope, module in modules if not changed.isdisjoint(module.sources)}


def candidates(plan: Plan, recorded: Container[str], recall: Recall) -> Candidates:
    """The steps that have to be checked. recorded: the keys of the steps with a record."""
    verdict, steps = recall.verdict, plan.steps.values()
    if verdict.extent == ALL:
        return Candidates(verdict)
    changed = verdict.changed | _trees(plan, verdict.changed)
    new = {scope for scope in recall.active if scope not in recall.remembered}
    explained: set[str] = set()
    touched: dict[Step, None] = {}
    for step in steps:
        found = changed.intersection(files_of(plan, step))
        explained |= found
        if found or step.key not in recorded or step.scope in new:
            touched[step] = None
    unknown = changed - explained
    if unknown:
        return Candidates(everything(f"`{min(unknown)}' changed, and no known step makes or reads it"))
    # The sources of a scope determine what is linked, and in which order.
    scopes = {*scopes_in_doubt(plan, recall), *(step.scope for step in touched)}
    linked = (step for step in steps if not isinstance(step, ModuleStep))
    touched.update(dict.fromkeys(step for step in linked if step.scope in scopes))
    return Candidates(verdict, tuple(step for step in touched if step.scope in recall.active))


def _trees(plan: Plan, changed: Iterable[str]) -> set[str]:
    """The syntax trees of changed sources, which ocamldep may have written already."""
    known = frozenset(changed)
    converted = (step for step in plan.steps.values() if isinstance(step, Convert)) if known else ()
    return {step.key for step in converted if not known.isdisjoint(files_of(plan, step))}
