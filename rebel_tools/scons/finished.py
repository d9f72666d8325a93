"""Tells whether a run of scons that built something leaves nothing to do for the next one.

The next run would read the same SConscripts and evaluate the same graph, if everything that this one observed is
unchanged. There are two exceptions: files that were built, which count in their new state if SCons has recorded that
state, and anything built other than by builders of files, for which the manifest is refused. It is also refused if
something was built before all SConscripts had been read (tests of Configure), or if the next run would print something
else.
"""

from __future__ import annotations

import io
import os
from typing import Any

import SCons.Node
import SCons.Node.FS

from rebel_tools.observed.check import DIGEST_SIZES, digest_like
from rebel_tools.observed.recorder import Recorder
from rebel_tools.scons.compat import BuildTask, Executor, around_build, given_options, shows_progress
from rebel_tools.scons.observe import acting
from rebel_tools.scons.observed_questions import observe_questions

OPENING = "scons: Building targets ...\n"
CLOSING = "scons: done building targets.\n"


class Building:
    """What is built after the SConscripts have been read.

    made: nodes that were built or came from a cache. output: what the process has printed so far.
    """

    def __init__(self, recorder: Recorder, output: io.StringIO, errors: io.StringIO) -> None:
        self.made: list[Any] = []
        self._recorder = recorder
        self.output, self._errors = output, errors
        self._executed: set[Any] = set()
        self._asked_for: list[tuple[str, bool]] = []  # names of nodes, and whether each has a builder
        self._begun = self._ended = self._errors_begun = 0

    def install(self) -> None:
        """Hook into SCons."""
        real_built = SCons.Node.Node.built
        real_needs, real_execute = BuildTask.needs_execute, Executor.__call__
        scripts_are_read = observe_questions(self._recorder)

        def build_targets(real: Any, *arguments: Any, **keywords: Any) -> Any:
            scripts_are_read()
            self._recorder.scripts_are_read = True
            self._begun, self._errors_begun = self.output.tell(), self._errors.tell()
            try:
                return real(*arguments, **keywords)
            finally:
                self._ended = self.output.tell()

        def built(node: Any) -> None:
            # SCons also calls this for folders and aliases when something in them was built.
            if node in self._executed or isinstance(node, SCons.Node.FS.File):
                self.made.append(node)
            real_built(node)

        def execute(executor: Any, target: Any, **keywords: Any) -> Any:
            """Everything is built through an executor: files, and the actions of an Alias."""
            self._recorder.built(str(target))
            self._executed.update(executor.get_all_targets())
            return acting(self._recorder, real_execute, executor, target, **keywords)

        def needs_execute(task: Any) -> bool:
            if task.top:
                self._asked_for.append((str(task.node), bool(task.targets[0].has_builder())))
            return bool(real_needs(task))

        around_build(build_targets)
        Executor.__call__ = execute
        SCons.Node.Node.built = built
        BuildTask.needs_execute = needs_execute

    def refuse_what_goes_on(self) -> None:
        """Refuse a manifest if the next run could have something to do, or print something else."""
        refuse = self._recorder.refuse
        if self._recorder.work_while_reading:
            refuse("something was built while SConscripts were read")
        if self._recorder.deciders:
            refuse("a Decider does not use contents", self._recorder.deciders[0])
        if shows_progress():
            refuse("Progress() reports on the build")
        if self.output.tell() > self._ended or self._errors.tell() > self._errors_begun:
            refuse("something was printed about the build")
        for node in self.made:
            reason = _why_it_may_be_made_again(node)
            if reason:
                refuse(reason, node)

    def output_of_the_next(self) -> str:
        """What the next run, which has nothing to do, will print."""
        text = self.output.getvalue()
        before, during = text[: self._begun], text[self._begun : self._ended]
        silent = given_options().silent
        lines = []
        for name, has_builder in self._asked_for:
            if not has_builder:
                lines.append(f"scons: Nothing to be done for `{name}'.\n")
            elif not silent:
                lines.append(f"scons: `{name}' is up to date.\n")
        opening = OPENING if during.startswith(OPENING) else ""
        closing = CLOSING if during.endswith(CLOSING) else ""
        return before + opening + "".join(lines) + closing


def _why_it_may_be_made_again(node: Any) -> str:
    """Why a node may be built again; '' for a file in the state that SCons has recorded."""
    if type(node) is not SCons.Node.FS.File:
        return "a target is not a plain file node of SCons"
    if node.always_build:
        return "a target has AlwaysBuild()"
    path = node.get_abspath()
    if not os.path.isfile(path):
        return "a target does not exist after it was built, or is not a regular file"
    digest = getattr(node.ninfo, "csig", None) or ""
    if len(digest) not in DIGEST_SIZES or digest_like(path, digest) != digest:
        return "a target was changed by something else"
    return ""
