"""Which targets and tests of a project the command line of SCons names, and the aliases that name a target."""

from __future__ import annotations

import os

import SCons.Script

from rebel_tools.project.model import Project, Target, Test
from rebel_tools.project.profiles import Profile
from rebel_tools.project.targets import CHECK
from rebel_tools.project.tests import test_names
from rebel_tools.scons import build_folder
from rebel_tools.sconstruct import BUILD_FOLDER


def is_wanted(target: Target, project: Project, how: Profile) -> bool:
    """Whether this run may need a target. If its graph is made in parts, all targets except `check` count."""
    if target in project.check or target in project.test_programs:
        return is_named(target, project, how)
    if target.engine != "bucklescript":
        return True
    return is_expected(target, project, how)


def is_expected(target: Target, project: Project, how: Profile) -> bool:
    return is_named(target, project, how) if names_targets() else target in project.default_targets


def names_targets() -> bool:
    """Whether targets are named on the command line."""
    return [*map(str, SCons.Script.COMMAND_LINE_TARGETS)] not in ([], ["."])


def aliases(target: Target, project: Project) -> list[str]:
    """The aliases of a target: its name, and in a workspace the names that it shares with others."""
    if not target.package:
        return [target.name]
    if target in project.check:
        return [target.name, CHECK]
    return [target.name, *([target.package] if target in project.default_targets else [])]


def is_named_test(test: Test) -> bool:
    """Whether a test is named on the command line."""
    return not {str(name) for name in SCons.Script.COMMAND_LINE_TARGETS}.isdisjoint(test_names(test))


def is_named(target: Target, project: Project, how: Profile) -> bool:
    """Whether a target is named on the command line, by a name or the path of something in its folder."""
    asked = [str(name) for name in SCons.Script.COMMAND_LINE_TARGETS]
    tested = any(is_named_test(test) for test in project.tests if test.target is target)
    by_name = tested or target not in project.test_programs and not {*asked}.isdisjoint(aliases(target, project))
    folder = os.path.basename(build_folder.chosen()) or BUILD_FOLDER
    return by_name or any(f"{folder}/{how.folder}{target.name}" in name for name in asked)
