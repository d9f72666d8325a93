"""The plan of a group of targets: a scope for each package, archives of libraries, the last steps of the targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rebel_tools.errors import RebelError
from rebel_tools.outputs.naming import top_level
from rebel_tools.plan.model import Scope
from rebel_tools.plan.step import Archive
from rebel_tools.project.model import Package
from rebel_tools.project.reads import selected_files
from rebel_tools.scons.goals import Goal
from rebel_tools.scons.package_scope import package_scope
from rebel_tools.scons.scopes import library_step
from rebel_tools.scons.settings import settings

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession


class PackagePlan:
    """run: the session of the targets."""

    def __init__(self, run: TargetSession) -> None:
        self.run = run
        self._libraries: dict[str, Scope] = {}

    def add(self) -> None:
        """Add everything that the goals need to the plan. Errors: missing tools and findlib packages."""
        run = self.run
        archives: dict[str, tuple[str, Archive]] = {}
        used = {each.name for goal in run.goals for each in run.project.closure(goal.package)}
        for package in run.packages:
            goals = [goal for goal in run.goals if goal.package is package]
            library = next((goal for goal in goals if goal.target.is_library), None)
            if package.name in used or library:
                scope = self.library(package, library)
            if package.name in used:
                env, base = run.environments[scope], scope.path(package.module)
                steps = {engine: library_step(env, run, scope, engine, base) for engine in scope.engines}
                archives[package.name] = f"{package.name}/{package.module}", steps[run.engine]
            if goals and not library:
                first = next((goal for goal in goals if goal.target is run.home), goals[0])
                try:
                    scope = self._scope(package, first, self._libraries)
                except RebelError:
                    if not package.tests_of or any(goal.is_expected for goal in goals):
                        raise
                    run.goals = [goal for goal in run.goals if goal not in goals]  # test dependencies may be missing
                    continue
            if goals:  # a package used only by rewriters has none
                self._add_steps(package, goals, scope, archives)
        run.stubs.nodes()  # made now, because links look up files that others build

    def _add_steps(
        self, package: Package, goals: list[Goal], scope: Scope, archives: Mapping[str, tuple[str, Archive]]
    ) -> None:
        project = self.run.project
        entries = {each.entry_module for each in project.every_target if project.package_of(each) is package}
        for goal in sorted(goals, key=lambda goal: bool(goal.target.plugin)):  # programs before their plugins
            goal.add_steps(scope, [archives[each.name] for each in project.closure(package)], entries)
            self.run.step_nodes.known[goal.last_step] = goal.program

    def library(self, package: Package, goal: Goal | None = None) -> Scope:
        """The scope of a package for its users. goal: that of its archive, if it is a target."""
        if package.name not in self._libraries:
            self._libraries[package.name] = self._scope(package, goal, self._libraries)
        return self._libraries[package.name]

    def rewriter(self, package: Package, outdir: str, libraries: Mapping[str, Scope]) -> Scope:
        """The scope of a package for programs that rewrite sources, separate from what is compiled for the target."""
        return self._scope(package, None, libraries, outdir)

    def _scope(self, package: Package, goal: Goal | None, libraries: Mapping[str, Scope], rewriting: str = "") -> Scope:
        """The scope of a package, for its users or for one of its own targets.

        libraries: the scopes of its dependencies, by name. rewriting: the folder for files that only rewriters use.
        """
        run = self.run
        run.drivers.add(package)
        env = run.target_environments.of_package(
            package, is_whole=package.name in run.target_environments.whole, rewrites=bool(rewriting)
        )
        uses = [libraries[used.name] for used in run.project.closure(package)]
        declared = (name for name, _ in run.home.unstable_flags.envvars)
        reads = selected_files(package.root, package.preprocessor_reads)
        run.read_in.update(reads.folders)
        how = settings(env, declared, reads.files, package.words_of_modules)
        outdir = rewriting or (goal.outdir if goal else f"{run.folder}/{package.name}")
        meant = top_level(package, goal.target) if goal else package
        place = run.rules.place(package)
        scope = package_scope(meant, place.own, place.made, outdir, env["OCAMLENGINES"], how, uses)
        scope.programs = run.rules.programs_in(package)
        run.package_of[scope] = package
        run.add_scope(scope, env)
        run.plan.add_scope(scope)
        return scope
