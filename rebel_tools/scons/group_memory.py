"""The manifest of a group of targets, which the last build wrote, and the one that this build will write.

If the stamps of the files in it are unchanged, there is nothing to do.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from rebel_tools.memory.hashes import text_digest
from rebel_tools.memory.manifest import NAME as MANIFEST
from rebel_tools.memory.manifest import manifest
from rebel_tools.memory.stamp import Stamp, stamp, stamps_before
from rebel_tools.memory.verdict import ALL, NOTHING, everything
from rebel_tools.ocaml.toolchain import ANSWERS
from rebel_tools.plan.model import Scope
from rebel_tools.plan.recall import Recall, files_of, scopes_in_doubt
from rebel_tools.plan.step import Convert, link_command
from rebel_tools.scons.goals import DONE, Goal
from rebel_tools.scons.homes import records
from rebel_tools.scons.settings import installed_files, tool_identity
from rebel_tools.scons.step_declared import added_actions

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession


class GroupMemory:
    """The manifest of the group whose session is `run`.

    started: a time before package.json was read, in nanoseconds.
    verdict: on the files of steps, as far as this build knows.
    """

    def __init__(self, run: TargetSession, started: int) -> None:
        self.run = run
        self.started = started
        self.manifest = manifest(os.path.join(run.top, run.folder, MANIFEST), run.top)
        self.verdict = everything("no file was checked yet")

    @cached_property
    def identity(self) -> str:
        """What this build depends on besides the files in the manifest."""
        said: list[str] = []
        for goal in self.run.goals:
            ignored = [str(ignored) for node in goal.program for ignored in node.ignore]
            said += [repr(goal.target), *added_actions(goal.program), "", *ignored]
        made = sorted(self.run.ruled())
        packages = repr(self.run.packages).replace(self.run.top, ".")  # the same in every folder
        return text_digest(tool_identity(self.run.base), packages, *said, "", *made)

    # What the last build left

    def look(self) -> None:
        """Find out which files have changed."""
        if any(node.depends for goal in self.run.goals for node in goal.program):
            self.verdict = everything("the SConstruct declares more with Depends(), which the manifest does not know")
        else:
            self.verdict = self.manifest.verdict(self.identity)

    def doubt(self, reason: str) -> None:
        """From now on anything may have changed."""
        self.verdict = everything(reason)

    def trust(self) -> None:
        """Tell the plan which files need not be checked again."""
        if self.verdict.extent != ALL:
            self.run.plan.files.trust(self.manifest.steps, set(self.verdict.changed))
            ANSWERS.update(self.manifest.answers)

    def has_nothing_to_do(self, goal: Goal) -> bool:
        """Whether the manifest proves that a target is up to date: that build made it, and nothing has changed."""
        return self.verdict.extent == NOTHING and goal.path in self.manifest.steps

    @property
    def recall(self) -> Recall:
        goals = (goal for goal in self.run.goals if goal.path in self.manifest.steps)
        return Recall(self.verdict, {scope for goal in goals for scope in goal.needed}, self.run.goal_nodes.active)

    # What this build leaves

    def write(self) -> None:
        """Write a manifest, so that the next run can see from stamps alone that there is nothing to do."""
        run = self.run
        still = [goal for goal in run.goals if self.has_nothing_to_do(goal)]
        self.manifest.remove()
        if not all(goal.is_done for goal in run.goals if goal.is_visited):
            return
        files = self._of_steps(still)
        others = None if run.generated.absent else self._others()
        if others is not None and all(each[0] for each in files.values()):
            made = [*run.rules.nodes(), *(node for node in run.stubs.nodes() if node.get_state() in DONE)]
            own = [os.path.join(run.top, run.state_path), *(node.get_abspath() for node in made)]
            own += [*run.editors.files, *records(os.path.join(run.top, run.place), run.names)]
            self.manifest.write(self.identity, files, {**others, **{path: stamp(path) for path in own}}, ANSWERS)

    def _of_steps(self, still: list[Goal]) -> dict[str, list[int]]:
        """The stamps of the files of steps. still: the goals that were already up to date."""
        run, known = self.run, self.run.plan.files.remembered
        scopes = {scope for goal in run.goals if goal.is_done or goal in still for scope in goal.needed}
        scopes.intersection_update(scopes_in_doubt(run.plan, self.recall))
        paths = [path for step in run.plan.steps.values() if step.scope in scopes for path in files_of(run.plan, step)]
        before = self.manifest.steps if self.verdict.extent != ALL else ()
        unsure = {path for goal in run.goals if not goal.is_visited and goal not in still for path in goal.outputs}
        return {path: known[path][:3] for path in (*before, *paths) if path in known and path not in unsure}

    def _others(self) -> dict[str, Stamp] | None:
        """The stamps of all files that do not belong to steps; None if one may have changed during the build."""
        run = self.run
        read = {os.path.join(run.top, path) for path in (*run.plan.installed.used, *run.plan.installed.missing)}
        if self.verdict.extent != ALL:
            known = self.manifest.others  # they have been checked
            new = stamps_before(read - known.keys(), self.started)
            return new if new is None else {**known, **new}
        environments = {goal.package.name: goal.env for goal in run.goals}.values()
        installed = (path for env in environments for path in installed_files(env))
        files = {*run.project.consulted, *installed, *self._in_scopes(), *run.rules.read(), *run.stubs.read()}
        return stamps_before(files | read, self.started)

    def _in_scopes(self) -> set[str]:
        """The files named in flags, the programs that convert Reason sources, if there are any, and the folders in
        which a new file may hide another.
        """
        run = self.run
        steps = run.plan.steps.values()
        converting: set[Scope] = {step.scope for step in steps if isinstance(step, Convert)}
        converters = {path for scope in converting for path in scope.settings.reason().files}
        every = [scope.settings for scope in run.plan.scopes]
        named = [path for each in every for path in (*each.files, *each.dependency_files)]
        named += [path for step in steps for path in link_command(step).files]
        folders = {folder for each in every for search in each.search.values() for folder in search.folders}
        folders.update(folder for goal in run.goals for folder in goal.last_step.command.search)
        folders = {os.path.join(run.top, folder) for folder in folders if folder}
        drivers = {os.path.join(run.top, path) for path in run.drivers.paths}  # which steps make
        programs = {os.path.join(run.top, goal.path) for goal in run.goals}  # host programs of plugins
        return {*converters, *named, *folders, *run.read_in} - drivers - programs
