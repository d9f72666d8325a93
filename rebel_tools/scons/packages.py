"""The builder of the tool `rebel`: env.Rebel() builds the targets of a package.json, with packages in node_modules."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from rebel_tools.outputs.naming import naming, top_level
from rebel_tools.plan.units import Namespace, check_units
from rebel_tools.project.groups import Group, groups_of
from rebel_tools.project.model import Package, Project, Target
from rebel_tools.project.profiles import Profile
from rebel_tools.scons import front, prepared, profiles, programs, remote_cache, remote_settings
from rebel_tools.scons.arguments import from_top
from rebel_tools.scons.command_line import aliases, is_expected, is_named, is_named_test, is_wanted, names_targets
from rebel_tools.scons.compat import Environment, Nodes, node_list
from rebel_tools.scons.for_quick_answers import store_at_the_end
from rebel_tools.scons.interactive import is_interactive
from rebel_tools.scons.javascript import script_of
from rebel_tools.scons.mistakes import project_error
from rebel_tools.scons.open_project import open_project, tidy_up
from rebel_tools.scons.output import short_messages
from rebel_tools.scons.target import TargetSession
from rebel_tools.text import printable

if TYPE_CHECKING:
    from rebel_tools.scons.for_quick_answers import Run


@project_error
def rebel(env: Environment, folder: str = ".", profile: str | None = None) -> Nodes:
    """The programs of the default targets of `folder`/package.json, or its archive; each target is also an alias with
    its name.

    Other targets are built only if they are named on the command line.
    profile: "dev" or "release", unless the command line says otherwise.
    """
    prepared.pause(env)
    how = profiles.chosen(profile)
    remote_cache.check()
    if remote_settings.executor_url():
        from rebel_tools.scons import remote  # imported late: other builds do not need it

        remote.share()
    started, root = time.time_ns(), env.Dir(folder).get_abspath()
    project, started = open_project(root, how, started)
    for warning in project.warnings:
        print(printable(f"rebel: warning: {warning}"))
    if front.is_installed():
        front.go_on_after_failures()
    targets = _Targets(env, project, how, started)
    groups = groups_of(project)
    if not is_interactive():
        tidy_up(project, how)
    store_at_the_end(project, targets.sessions)
    for group in groups:
        targets.add(group)
    if any(is_named_test(test) for test in project.tests):
        from rebel_tools.scons.testing import add_tests

        add_tests(_environment(env), project, targets.made, how)
    if targets.report:
        from rebel_tools.scons.asked import check_targets

        every = (*project.targets, *project.as_library, *project.check)
        check_targets(env, [*(each.name for each in every), *(test.name for test in project.tests)])
    return targets.default


class _Targets:
    """The programs that a run of SCons makes of the targets of a project.

    made: the nodes of the program of each target that may be needed; default: the nodes of the default targets.
    sessions: (path of the program, session) for each default target. started: when the project was read, in ns.
    """

    def __init__(self, env: Environment, project: Project, how: Profile, started: int) -> None:
        self.env = env
        self.project = project
        self.how = how
        self.started = started
        self.permission = programs.permission(project)
        self.report = front.report()
        self.made: dict[Target, Nodes] = {}
        self.default = node_list()
        self.sessions: list[tuple[str, Run]] = []

    def add(self, group: Group) -> None:
        """Make the programs of a group of targets if this run may need one of them."""
        for target in group.targets:
            check_units(_namespaces(self.project, target))
        if not any(is_wanted(target, self.project, self.how) for target in group.targets):
            return
        own = _environment(self.env)
        own[programs.VARIABLE], own[profiles.VARIABLE] = self.permission, self.how
        run, made = _programs(own, self.project, group, self.started)
        for target in made:
            self._add_program(run, target, made)
        self.made.update(made)

    def _add_program(self, run: Run, target: Target, made: dict[Target, Nodes]) -> None:
        env, project, program = self.env, self.project, made[target]
        is_checked = target in project.check
        is_meant = is_named(target, project, self.how) if is_checked else target not in project.test_programs
        if self.report and is_meant:
            name = target.name if is_checked else str(program[0])
            self.report.goal(name, program[0], run.said if target is next(iter(made)) else list)
        env.Clean(program, [env.fs.Dir(from_top(each)) for each in _removed(run, target, made, project, self.how)])
        if target in project.default_targets:
            self.default += program
            if os.path.isabs(run.build):  # it is not below the folder that scons builds by default
                env.Depends(env.Dir("#"), program)
            self.sessions.append((str(program[0]), run))
        else:
            env.Ignore(program[0].dir, program)  # `scons .` does not name it
        for name in aliases(target, project) if is_meant else ():
            env.Alias(name, program)


def _namespaces(project: Project, target: Target) -> Iterator[Namespace]:
    """The namespaces of all packages that a target uses, and of its own."""
    own = project.package_of(target)
    for meant in (*project.closure(own), top_level(own, target)):
        yield Namespace(naming(meant).title, partial(_units, meant))


def _units(package: Package) -> dict[str, str]:
    names = naming(package)
    generated = dict.fromkeys([name for name in (names.namespace, names.face) if name], package.root)
    return {
        **generated,
        **{names.unit(source.module): os.path.join(package.root, source.path) for source in package.sources},
    }


def _programs(env: Environment, project: Project, group: Group, started: int) -> tuple[Run, dict[Target, Nodes]]:
    """The session of a group of targets, and the nodes of the program of each."""
    if group.home.engine == "bucklescript":
        from rebel_tools.scons.bucklescript import BuckleScriptTargets

        of_bsc = BuckleScriptTargets(env, project, group)
        return of_bsc, of_bsc.programs
    run = TargetSession(env, project, group, started)
    for goal in run.goals:
        goal.is_expected = is_expected(goal.target, project, env[profiles.VARIABLE])
    return run, {goal.target: script_of(goal) if goal.target.engine == "jsoo" else goal.program for goal in run.goals}


def _removed(run: Run, target: Target, made: dict[Target, Nodes], project: Project, how: Profile) -> list[str]:
    """The folders that `scons -c` removes with a target, besides its program.

    Shared files are removed when no other program made from them exists.
    """
    default = project.default_targets
    if target in default and (not names_targets() or all(is_named(each, project, how) for each in default)):
        return [run.build] if target == default[0] else []
    own = run.place + target.name
    others = (program for other, program in made.items() if other is not target and not is_named(other, project, how))
    if is_interactive() or any(program[0].exists() for program in others):
        return [own] if own != run.folder else []
    return [own, run.folder]


def _environment(env: Environment) -> Environment:
    env = env.Clone()
    short_messages(env)
    return env
