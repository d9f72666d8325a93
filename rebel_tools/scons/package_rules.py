"""Outputs of the rules of packages for one group of targets: their nodes, the programs they need, and cleaning up."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import SCons.Node
import SCons.Node.FS

from rebel_tools.plan.step import Compile, Link, Step
from rebel_tools.project.model import Package, Rule
from rebel_tools.scons.scopes import program_step

if TYPE_CHECKING:
    from rebel_tools.plan.model import Scope
    from rebel_tools.scons.target import TargetSession

# The folder for outputs of rules, below that of a target: no package can have this name.
FOLDER = ".generated"


class Place(NamedTuple):
    """The folders of a package, relative to that of the SConstruct: of its own files, and of outputs of its rules."""

    package: Package
    own: str
    made: str

    def path(self, name: str) -> str:
        """The path of a source of a rule, which may be a target of another one."""
        if self.is_made(name):
            return self.made_path(name)
        return name if self.own == "." else f"{self.own}/{name}"

    def is_made(self, name: str) -> bool:
        return any(name in rule.targets for rule in self.package.rules)

    def made_by(self, path: str) -> Rule | None:
        """The rule that makes the file at a path, relative to the folder of the SConstruct."""
        every = self.package.rules
        return next((rule for rule in every if path in map(self.made_path, rule.targets)), None)

    def starts(self, rule: Rule, program: tuple[str, ...]) -> bool:
        """Whether a rule runs a program, or reads outputs of a rule that does."""
        before = (other for other in self.package.rules if not set(rule.sources).isdisjoint(other.targets))
        return rule.program == program or any(self.starts(other, program) for other in before)

    def program_path(self, rule: Rule) -> str:
        """The path of the OCaml program that the command of a rule runs."""
        return self.made_path("/".join((".programs", *rule.program)) + ".out")

    def made_path(self, name: str) -> str:
        return f"{self.made}/{name}"


class PackageRules:
    """run: the session of the targets.

    ran: whether this build has evaluated the rules.
    """

    def __init__(self, run: TargetSession) -> None:
        self.run = run
        self.ran = False
        self._users: dict[Link, tuple[Rule, Place]] = {}

    @property
    def folder(self) -> str:
        return f"{self.run.folder}/{FOLDER}"

    def place(self, package: Package) -> Place:
        return Place(package, self.run.relative(package.root), f"{self.folder}/{package.name}")

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        """The packages with rules."""
        return tuple(package for package in self.run.packages if package.rules)

    @cached_property
    def by_package(self) -> dict[str, dict[str, SCons.Node.FS.File]]:
        """The nodes of outputs by package name and path. Errors: MissingTool, ProjectError."""
        self.run.make_plan()
        found = {}
        for scope, package in self.run.package_of.items():
            if package.rules and package.name not in found:
                found[package.name] = self._nodes_of(package, scope)
        return found

    def _nodes_of(self, package: Package, scope: Scope) -> dict[str, SCons.Node.FS.File]:
        from rebel_tools.scons import rules  # imported late: a project without rules does not need it

        return rules.make_nodes(self.place(package), self.run.environments[scope], scope, self.run)

    def nodes(self) -> list[SCons.Node.FS.File]:
        """The nodes made before the rest is planned: sources, and programs that rewrite sources."""
        return [*self._made(), *self.run.drivers.nodes()]

    def _made(self) -> list[SCons.Node.FS.File]:
        return [node for nodes in self.by_package.values() for node in nodes.values()]

    @property
    def come_first(self) -> bool:
        """Whether anything has to be made before the rest is planned."""
        return bool(self.packages or self.run.drivers.packages)

    def changed(self) -> bool:
        """Whether an output has just been made, so that it may differ from its record."""
        found = False
        for scope, package in self.run.package_of.items():
            for node in self.run.drivers.nodes_for(scope):
                if node.get_state() == SCons.Node.executed:
                    found = True
                    self.run.plan.named_changed(scope, [node.get_abspath(), node.get_internal_path()])
            for path, node in self.by_package.get(package.name, {}).items():
                if node.get_state() == SCons.Node.executed:
                    found = True
                    self.run.plan.source_changed(scope, path)
        return found

    def tidy_up(self) -> None:
        """Remove the outputs of rules that no longer exist."""
        folder = os.path.join(self.run.top, self.folder)
        if os.path.islink(folder):
            os.unlink(folder)  # the target of the link may belong to another project
        elif os.path.isdir(folder):
            if self.come_first:
                self.run.make_plan()
            nodes = [*(self._made() if self.packages else ()), *self.run.stubs.nodes()]
            known = {node.get_internal_path() for node in nodes}
            known.update(path for step in self.run.plan.steps.values() for path in step.outputs)
            from rebel_tools.scons import rules

            rules.remove_vanished(self.run.top, self.folder, known)

    def read(self) -> set[str]:
        """The files of packages, and the programs, that the outputs depend on."""
        every = [(self.place(package), rule) for package in self.packages for rule in package.rules]
        if not every:
            return set()
        from rebel_tools.scons import rules

        read = (place.path(name) for place, rule in every for name in rule.sources if not place.is_made(name))
        programs = (path for _, rule in every for path in rules.looked_at(rule, self.run.env))
        return {os.path.join(self.run.top, path) for path in (*read, *programs)}

    # Programs of packages

    def programs_in(self, package: Package) -> frozenset[str]:
        """The modules of a package that are entries of programs used by rules."""
        programs = (rule.program for user in self.packages for rule in user.rules if rule.program)
        return frozenset(module for name, module in programs if name == package.name)

    def program(self, rule: Rule, place: Place) -> SCons.Node.FS.File:
        """The node of the OCaml program that a rule runs."""
        assert rule.program, "the rule runs a program"
        owner, module = rule.program
        scope = next(s for s, package in self.run.package_of.items() if package.name == owner)
        env = self.run.environments[scope]
        step = program_step(env, self.run, scope, place.program_path(rule), (), scope.modules[module])
        self._users[step] = rule, place
        return self.run.node(step)

    def linked_scopes(self) -> set[Scope]:
        """The libraries that are linked into programs of rules and of rewriters."""
        programs: list[Link] = self.run.drivers.steps
        if self.by_package:  # makes the steps of their programs
            programs = [*programs, *self._users]
        return {archive.scope for step in programs for archive in step.archives}

    def check(self, step: Step) -> None:
        """Errors: ProjectError if a step links a program that depends on its own output."""
        if not isinstance(step, Link) or step not in self._users:
            return
        rule, place = self._users[step]
        for part in self.run.plan.linked(step):
            source = part.source if isinstance(part, Compile) else ""
            made = place.made_by(source)
            if made and place.starts(made, rule.program):
                from rebel_tools.scons import rules

                raise rules.needs_itself(rule, made, place, source)
