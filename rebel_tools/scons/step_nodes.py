"""The nodes of the steps of one session, made when they are first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebel_tools.plan.model import Scope
from rebel_tools.plan.step import Compile, SourceStep, Step
from rebel_tools.plan.steps import ANNOTATIONS
from rebel_tools.scons.actions import builder_of
from rebel_tools.scons.arguments import from_top, output_file
from rebel_tools.scons.compat import Environment, Node
from rebel_tools.scons.nodes import SourceFile, StepFile
from rebel_tools.scons.output import SOURCES, SOURCES_OF_TREES
from rebel_tools.scons.settings import package_flags
from rebel_tools.scons.words import literals, without

if TYPE_CHECKING:
    from rebel_tools.scons.session import Session


class StepNodes:
    """run: the session. known: the nodes of the outputs of each step that has any."""

    def __init__(self, run: Session) -> None:
        self.run = run
        self.known: dict[Step, list[Node]] = {}
        self._compiling: dict[Scope, Environment] = {}

    def of(self, step: Step) -> list[Node]:
        if step not in self.known:
            self.known[step] = self._make(step)
        return self.known[step]

    def _make(self, step: Step) -> list[Node]:
        run = self.run
        env = run.environments[step if step in run.environments else step.scope]
        source = []
        if isinstance(step, Compile):
            env = self._for_compilations(step.scope)
            if step.tree:
                SOURCES_OF_TREES[step.tree] = step.source
        if isinstance(step, SourceStep):
            SOURCES[step.key] = step.source
            # A node, not a name: SCons would expand a $ in a name.
            source = [self._source(step, env)]
        targets = [output_file(env, path) for path in run.view.visible(step)]
        made: list[Node] = builder_of(type(step), step.engine)(env, target=targets, source=source)
        for node in made:
            StepFile.adopt(node, run, step)
        return made

    def _source(self, step: SourceStep, env: Environment) -> Node:
        given = self.run.source_nodes.get(step.scope, {}).get(step.source)
        return given or SourceFile.adopt(env.fs.File(from_top(step.source)))

    def _for_compilations(self, scope: Scope) -> Environment:
        """The environment of a scope without the flag that is given to some compilations only, and with expansions that
        all of them share.
        """
        if scope not in self._compiling:
            env = self.run.environments[scope]
            packages = literals(package_flags(env))
            flags = {"_OCAMLPACKAGEFLAGS": packages, **without(env, "OCAMLFLAGS", ANNOTATIONS)}
            self._compiling[scope] = env.Override(flags)
        return self._compiling[scope]
