"""What SCons waits for before a goal of a group of targets: the stale steps, layer by layer, then those of the goal."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import SCons.Node

from rebel_tools.memory.verdict import ALL
from rebel_tools.plan.layers import Layers
from rebel_tools.plan.model import Scope
from rebel_tools.plan.recall import candidates
from rebel_tools.plan.step import Link, ModuleStep, Step
from rebel_tools.scons import front, places
from rebel_tools.scons.arguments import from_top
from rebel_tools.scons.compat import Node
from rebel_tools.scons.goals import DONE, Goal
from rebel_tools.scons.interactive import is_interactive, option
from rebel_tools.scons.nodes import Group
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.scons.views import Layered, Whole

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession

# Options that print, clean or go on in the whole graph.
NEED_ALL = ("no_exec", "tree_printers")


class GoalNodes:
    """run: the session of the targets, whose plan is made before it asks.

    active: the scopes that this run has come to. layers: those of the active scopes, None before the first one.
    """

    def __init__(self, run: TargetSession) -> None:
        self.run = run
        self.active: set[Scope] = set()
        self.layers: Layers | None = None
        self._nodes: list[Node] = []
        self._announced: set[Step] = set()
        self._folders: dict[str, Mapping[str, SCons.Node.Node]] = {}
        self._by_goal: dict[Goal, Group] = {}

    def begin_again(self) -> None:
        """Another build begins in this process."""
        self.active = set()
        for group in self._by_goal.values():
            group.set_state(SCons.Node.no_state)

    @cached_property
    def need_all(self) -> bool:
        """Whether all steps need nodes, because of an option, of rules for inner outputs, or of later builds in this
        process.
        """
        programs = [node for goal in self.run.goals for node in goal.program]
        nodes = (node for goal in self.run.goals for node in places.files_below(goal.folder))
        rules = (places.has_rules(node) for node in nodes if node not in programs)
        return any(map(option, NEED_ALL)) or front.user_keeps_going() or is_interactive() or any(rules)

    def of(self, goal: Goal) -> list[Node]:
        """The nodes that a goal waits for now; none when only its program is left to be made."""
        if any(node.get_state() not in DONE for node in self._nodes):
            return self._nodes
        if not self.active.issuperset(goal.needed):
            self._activate(goal)
        return self.all_for(goal) if self.need_all else self._next_layer() or self._last_nodes(goal)

    def before(self, goal: Goal) -> list[Node]:
        """What a link waits for besides the layers: links of other targets, C code, and files named in its flags."""
        last = goal.last_step
        archives = last.archives if isinstance(last, Link) else ()
        members = [self.run.node(step) for step in archives if step in self._last]
        named = (node for node in self.run.named_by(last) if node not in goal.program)
        return list(dict.fromkeys([*members, *self._stubs_of(goal), *named]))

    def note_up_to_date(self, step: Step) -> None:
        """A step that was counted for the status line does not have to run."""
        if step in self._announced:
            self._announced.discard(step)
            TERMINAL.expect(-1)

    @cached_property
    def _last(self) -> set[Step]:
        """The steps that are not shared between targets."""
        return {step for goal in self.run.goals for step in (goal.last_step, *goal.copies)}

    def _activate(self, goal: Goal) -> None:
        """Take up what a goal needs, and what the other goals need that this run is expected to make."""
        run = self.run
        if self.active:
            run.memory.doubt("another target of this group was built before")
        expected = [each for each in run.goals if each.is_expected and not run.memory.has_nothing_to_do(each)]
        self.active.update(scope for each in (goal, *expected) for scope in each.needed)
        self.layers, run.view = None, Whole(run.plan)  # the old ones were for other goals
        run.prepare_again()

    def _next_layer(self) -> list[Node]:
        """The nodes of the next layer, when the last one is done; none when only goals are left."""
        run = self.run
        if self.layers is None:
            found = candidates(run.plan, run.status.records, run.memory.recall)
            run.memory.verdict = found.verdict
            checked = None if found.verdict.extent == ALL else found.steps
            self.layers = Layers(run.plan, run.status, self._last, checked, self.active)
        layer = self.layers.next()
        TERMINAL.expect(len(layer))
        view = Layered(self.layers, layer, self._known, run.has_cache)
        run.show(view)
        self._announced.update(layer)
        others = (run.node(step) for step in layer if not isinstance(step, ModuleStep))
        self._nodes = [*map(run.group, view.by_scope), *others, *self._stubs_to_make()]
        return self._nodes

    def _last_nodes(self, goal: Goal) -> list[Node]:
        """The nodes of a target, apart from its program, when everything that it shares is made."""
        if self.before(goal):
            group = self._by_goal.setdefault(goal, Group(self.run, goal, f"what {goal.path} waits for"))
            if group.get_state() not in DONE:
                return [group]
        stale = [step for step in (goal.last_step, *goal.copies) if self.run.status.reason(step) is not None]
        TERMINAL.expect(len(set(stale) - self._announced))
        self._announced.update(stale)
        return [self.run.node(step) for step in stale if step is not goal.step]

    def all_for(self, goal: Goal) -> list[Node]:
        """Every step for a goal, including modules that are compiled for editors only and not linked."""
        steps = list(self.run.plan.steps.values())
        shared = [step for step in steps if step.scope in goal.needed and step not in self._last]
        return [*(self.run.node(step) for step in (*shared, *goal.copies)), *self.before(goal)]

    def _stubs_to_make(self) -> list[Node]:
        """C code is compiled in parallel with everything else, because it depends on nothing of it."""
        expected = [goal for goal in self.run.goals if goal.is_expected or goal.is_visited]
        nodes = dict.fromkeys(node for goal in expected for node in self._stubs_of(goal))
        return [node for node in nodes if node.get_state() not in DONE]

    def _stubs_of(self, goal: Goal) -> list[Node]:
        """What is made of the C code that a goal is linked with, or that belongs to its archive."""
        project = self.run.project
        if goal.target in project.check:
            return []
        return self.run.stubs.nodes((*project.closure(goal.package), goal.package))

    def _known(self, folder: str) -> Mapping[str, SCons.Node.Node]:
        """The nodes of files in a folder by name, including those that are created later."""
        if folder not in self._folders:
            self._folders[folder] = self.run.base.fs.Dir(from_top(folder)).entries
        return self._folders[folder]
