"""The builder of the tool `rebel`: env.Rebel() builds the targets of a package.json, with packages in node_modules."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Union

import SCons.Scanner
import SCons.Script
import SCons.Util
from SCons.Builder import Builder

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory import up_to_date
from rebel_tools.memory.lock import unlock
from rebel_tools.memory.question import question
from rebel_tools.outputs.naming import naming, top_level
from rebel_tools.plan.units import Namespace, check_units
from rebel_tools.project.groups import Group, groups_of
from rebel_tools.project.load import load_project
from rebel_tools.project.model import Package, Project, Target, Test
from rebel_tools.project.profiles import Profile
from rebel_tools.project.targets import CHECK
from rebel_tools.project.tests import test_names
from rebel_tools.scons import (
    build_folder,
    front,
    places,
    prepared,
    profiles,
    programs,
    remote_cache,
    report,
    saving,
    shared,
)
from rebel_tools.scons.actions import Command
from rebel_tools.scons.arguments import from_top
from rebel_tools.scons.compat import Environment, Node, Nodes, node_list
from rebel_tools.scons.goals import Goal
from rebel_tools.scons.homes import remove_left_over
from rebel_tools.scons.interactive import is_interactive, option, tell
from rebel_tools.scons.mistakes import project_error
from rebel_tools.scons.named import built_files, top_of
from rebel_tools.scons.one_build import hold, only_looks
from rebel_tools.scons.output import short_messages
from rebel_tools.scons.projects import project_of
from rebel_tools.scons.target import TargetSession
from rebel_tools.scons.words import expanded, extended
from rebel_tools.sconstruct import BUILD_FOLDER, rebel_arguments
from rebel_tools.server import SOCKET
from rebel_tools.text import printable

if TYPE_CHECKING:
    from rebel_tools.scons.bucklescript import BuckleScriptTargets

    # Classes that make the nodes of a group of targets.
    Run = Union[TargetSession, BuckleScriptTargets]


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
    if remote_cache.executor_url():
        from rebel_tools.scons import remote  # imported late: other builds do not need it

        remote.share()
    started, root = time.time_ns(), env.Dir(folder).get_abspath()
    project = _project(root)
    build_folder.check(project)
    if is_interactive():
        tell(_AsRead(project, how))
    elif _lock(project.root.root):
        started, project = time.time_ns(), _project(root)  # another build has just ended
    build_folder.keep_notes()
    for warning in project.warnings:
        print(printable(f"rebel: warning: {warning}"))
    if front.is_installed():
        front.go_on_after_failures()
    permission = programs.permission(project)
    groups = groups_of(project)
    if not is_interactive():
        _tidy_up(project, how)
    default = node_list()
    sessions: list[tuple[str, Run]] = []
    told = front.report()
    on_demand = {*project.check, *project.test_programs}
    made_for: dict[Target, Nodes] = {}
    _remember_up_to_date(project, sessions)
    for group in groups:
        for target in group.targets:
            check_units(_namespaces(project, target))
        if not any(_is_wanted(target, project, how) for target in group.targets):
            continue
        own = _environment(env)
        own[programs.VARIABLE], own[profiles.VARIABLE] = permission, how
        run, made = _programs(own, project, group, started)
        for target, program in made.items():
            is_meant = target not in on_demand or target in project.check and _is_named(target, project, how)
            if told and is_meant:
                name = target.name if target in project.check else str(program[0])
                told.goal(name, program[0], run.said if target is next(iter(made)) else list)
            env.Clean(program, [env.fs.Dir(from_top(folder)) for folder in _removed(run, target, made, project, how)])
            if target in project.default_targets:
                default += program
                if os.path.isabs(run.build):  # it is not below the folder that scons builds by default
                    env.Depends(env.Dir("#"), program)
                sessions.append((str(program[0]), run))
            else:
                env.Ignore(program[0].dir, program)  # `scons .` does not name it
            for name in _names(target, project) if is_meant else ():
                env.Alias(name, program)
        made_for.update(made)
    if any(_is_named_test(test) for test in project.tests):
        from rebel_tools.scons.testing import add_tests

        add_tests(_environment(env), project, made_for, how)
    if told:
        from rebel_tools.scons.asked import check_targets

        targets = (*project.targets, *project.as_library, *project.check)
        check_targets(env, [*(each.name for each in targets), *(test.name for test in project.tests)])
    return default


def _project(root: str) -> Project:
    consulted: set[str] = set()
    try:
        project = project_of(root, consulted)
        places.PROJECTS.append(project)
        return project
    finally:
        places.LOOKED_AT.update(consulted)


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


def _lock(root: str) -> bool:
    """Lock the project against builds and cleaning by other processes; return whether one had it locked.

    SCons is still reading SConscripts, and can be interrupted while this waits.
    """
    build = build_folder.folder_of(root)
    if option("clean") and not only_looks():
        with suppress(OSError):
            os.unlink(os.path.join(root, SOCKET))  # the server ends with its socket, and SCons does not remove sockets
    if only_looks() or option("clean") and not os.path.isdir(build):
        return False
    waited = hold(build)
    build_folder.claim()
    return waited


def _tidy_up(project: Project, how: Profile) -> None:
    """Remove files made for targets that no longer exist."""
    if not only_looks() and not option("clean"):
        homes = {target.name: group.home.name for group in groups_of(project) for target in group.targets}
        remove_left_over(os.path.join(build_folder.folder_of(project.root.root), how.folder), homes)


class _AsRead:
    """A project in an interactive session, which locks its output folder only while it builds.

    SCons reads an SConstruct once, so the nodes and aliases of a session belong to one state of package.json and of the
    list of sources.
    """

    def __init__(self, project: Project, how: Profile) -> None:
        self.root = project.root.root
        self.read = project
        self.how = how

    def begin_again(self) -> None:
        """Errors: RebelError if the project has changed in a way that needs a new session."""
        _lock(self.root)
        if not option("clean") and _by_hand(load_project(self.root)) != _by_hand(self.read):
            message = "package.json or the list of sources has changed since this session began"
            raise RebelError(message, place=Place(self.root), hint="exit, and start scons --interactive again")
        _tidy_up(self.read, self.how)
        places.look_again_at(build_folder.folder_of(self.root))

    def end(self) -> None:
        unlock(build_folder.folder_of(self.root))


def _by_hand(project: Project) -> Project:
    """A project without the parts that builds change: sources that other builders make, and the folders looked at."""
    made = {os.path.realpath(node.get_abspath()) for node in places.made_sources()}
    packages = []
    for package in project.packages:
        root = package.root
        sources = (source for source in package.sources if os.path.join(root, source.path) not in made)
        rules = (rule for rule in package.rules if made.isdisjoint(os.path.join(root, path) for path in rule.sources))
        packages.append(package._replace(sources=tuple(sources), rules=tuple(rules)))
    return project._replace(packages=tuple(packages), consulted=())


def _programs(env: Environment, project: Project, group: Group, started: int) -> tuple[Run, dict[Target, Nodes]]:
    """The session of a group of targets, and the nodes of the program of each."""
    if group.home.engine == "bucklescript":
        from rebel_tools.scons.bucklescript import BuckleScriptTargets

        of_bsc = BuckleScriptTargets(env, project, group)
        return of_bsc, of_bsc.programs
    run = TargetSession(env, project, group, started)
    for goal in run.goals:
        goal.is_expected = _is_expected(goal.target, project, env[profiles.VARIABLE])
    return run, {goal.target: _script(goal) if goal.target.engine == "jsoo" else goal.program for goal in run.goals}


def _is_wanted(target: Target, project: Project, how: Profile) -> bool:
    """Whether this run may need a target. If its graph is made in parts, all targets except `check` count."""
    if target in project.check or target in project.test_programs:
        return _is_named(target, project, how)
    if target.engine != "bucklescript":
        return True
    return _is_expected(target, project, how)


def _is_expected(target: Target, project: Project, how: Profile) -> bool:
    return _is_named(target, project, how) if _names_targets() else target in project.default_targets


def _names_targets() -> bool:
    """Whether targets are named on the command line."""
    return [*map(str, SCons.Script.COMMAND_LINE_TARGETS)] not in ([], ["."])


def _removed(run: Run, target: Target, made: dict[Target, Nodes], project: Project, how: Profile) -> list[str]:
    """The folders that `scons -c` removes with a target, besides its program.

    Shared files are removed when no other program made from them exists.
    """
    default = project.default_targets
    if target in default and (not _names_targets() or all(_is_named(each, project, how) for each in default)):
        return [run.build] if target == default[0] else []
    own = run.place + target.name
    others = (program for other, program in made.items() if other is not target and not _is_named(other, project, how))
    if is_interactive() or any(program[0].exists() for program in others):
        return [own] if own != run.folder else []
    return [own, run.folder]


def _names(target: Target, project: Project) -> list[str]:
    """The aliases of a target: its name, and in a workspace the names that it shares with others."""
    if not target.package:
        return [target.name]
    if target in project.check:
        return [target.name, CHECK]
    return [target.name, *([target.package] if target in project.default_targets else [])]


def _is_named_test(test: Test) -> bool:
    """Whether a test is named on the command line."""
    return not {str(name) for name in SCons.Script.COMMAND_LINE_TARGETS}.isdisjoint(test_names(test))


def _is_named(target: Target, project: Project, how: Profile) -> bool:
    """Whether a target is named on the command line, by a name or the path of something in its folder."""
    asked = [str(name) for name in SCons.Script.COMMAND_LINE_TARGETS]
    tested = any(_is_named_test(test) for test in project.tests if test.target is target)
    by_name = tested or target not in project.test_programs and not {*asked}.isdisjoint(_names(target, project))
    folder = os.path.basename(build_folder.chosen()) or BUILD_FOLDER
    return by_name or any(f"{folder}/{how.folder}{target.name}" in name for name in asked)


def _environment(env: Environment) -> Environment:
    env = env.Clone()
    short_messages(env)
    return env


def _script(goal: Goal) -> Nodes:
    env = goal.env.Override({"JSOOFLAGS": extended(goal.env["JSOOFLAGS"], goal.target.unstable_flags.jsoo)})
    builder = Builder(action=Command("JSOOCOM"), target_scanner=SCons.Scanner.ScannerBase(_named_by_flags))
    return list(builder(env, target=[from_top(os.path.splitext(goal.path)[0] + ".js")], source=goal.program))


def _named_by_flags(node: Node, env: Environment, path: object) -> Nodes:
    """The files named in flags of js_of_ocaml, such as a JavaScript runtime, that exist or are built."""
    words = [word.rpartition("=")[2] if word.startswith("-") else word for word in expanded(env, "JSOOFLAGS")]
    paths = [os.path.join(top_of(env), word) for word in words]
    return list(dict.fromkeys([*built_files(paths), *(env.fs.File(each) for each in paths if os.path.isfile(each))]))


def _remember_up_to_date(project: Project, sessions: list[tuple[str, Run]]) -> None:
    """When all sessions have finished, store what `rebel build` can check instead of loading SCons.

    sessions: to be filled; if one of the default targets has none, an exception has occurred.
    """
    folder = build_folder.folder_of(project.root.root)
    up_to_date.forget(folder)
    arguments = rebel_arguments(sys.argv[1:])
    if arguments is None or project.warnings:
        return
    asked = question(arguments, os.environ)
    if asked is not None and all(target.engine in ("native", "byte") for target in project.default_targets):
        saving.at_the_end(lambda: _remember(folder, asked, sessions, len(project.default_targets)))


def _remember(folder: str, asked: str, sessions: list[tuple[str, Run]], wanted: int) -> None:
    if len(sessions) == wanted:
        made = [path for path, _ in sessions]
        runs = {run.memory.manifest.path: run for _, run in sessions if isinstance(run, TargetSession)}
        said = {(each.about, each.text): each.target for run in runs.values() for each in run.said()}
        result = report.up_to_date(made, report.warnings(text for _, text in said))
        summary = up_to_date.Summary(result, made, [(said[each], each[1]) for each in sorted(said)])
        up_to_date.remember(folder, asked, {path: run.memory.identity for path, run in runs.items()}, summary)
        if folder == os.path.join(os.getcwd(), BUILD_FOLDER):
            shared.keep_build(list(runs.values()), summary)
