"""What subcommands that use a built project need: the project, its build, and the paths of its outputs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.atomic import read_regular
from rebel_tools.outputs.places import Places
from rebel_tools.project import load_project
from rebel_tools.project.model import Project
from rebel_tools.project.profiles import BY_NAME, DEV, ENVIRON, Profile
from rebel_tools.sconstruct import (
    OWN_SCRIPTS,
    PACKAGE,
    PROFILE_OPTION,
    build_folder,
    check_installation,
    enter_project,
    has_own_script,
    with_profile,
)
from rebel_tools.search_path import python_command

# Options of scons with which nothing is built: -n, -q, -c and -h, alone or in a group of flags such as `-Qn`.
_NOTHING_BUILT = re.compile(
    r"-[BQSbeikmstw]*[nqchH][A-Za-z]*|--(?:no-exec|just-print|dry-run|recon|question|clean|remove|help|help-options)"
)


class Built(NamedTuple):
    """A project that a subcommand builds. places: the paths of its outputs; arguments: those for scons, including the
    profile and the output folder.
    """

    project: Project
    places: Places
    arguments: tuple[str, ...]

    @property
    def is_only_asked(self) -> bool:
        """Whether the options let scons build nothing, so that there may be no outputs to work with."""
        return any(map(_NOTHING_BUILT.fullmatch, self.arguments))

    def build(self, *targets: str) -> int:
        """Build targets, or the default ones, like `rebel build`; return the exit status.

        Its output goes to standard error, because standard output belongs to the subcommand.
        """
        sys.stdout.flush()
        command = [*python_command("rebel_tools"), "build", *targets, *self.arguments]
        return subprocess.run(command, stdout=sys.stderr, check=False).returncode


def entered(arguments: Sequence[str], profile: str = "") -> Built:
    """Change to the folder of the project around the current folder. profile: used if the arguments name none.

    If the project has its own SConstruct, that has to call env.Rebel() for the package.json beside it. Errors:
    RebelError for any other SConstruct, because only SCons can find out what it builds.
    """
    check_installation()
    enter_project()
    words = with_profile(arguments)
    if has_own_script():
        _check_script()
        profile = profile or DEV.name  # the command line goes before the argument of env.Rebel()
    if profile and not any(word.startswith(PROFILE_OPTION) for word in words):
        words.append(f"{PROFILE_OPTION}={profile}")
    project = load_project(".")
    folder = os.path.abspath(build_folder(words, os.environ))
    return Built(project, Places(project, folder, _profile(words).folder), tuple(words))


def _check_script() -> None:
    path = next(filter(os.path.isfile, OWN_SCRIPTS))
    text = read_regular(path) or b""
    if os.path.isfile(PACKAGE) and re.search(rb"\bRebel\s*\(", text):
        return
    raise RebelError(
        "this SConstruct does not build the package.json beside it, so only `scons` can find out what it builds",
        place=Place(path),
        expected="a project with a package.json, and no SConstruct or one with env.Rebel()",
    )


def _profile(words: Sequence[str]) -> Profile:
    """The profile of a build; an unknown name is reported by the build."""
    given = [word.partition("=")[2] for word in words if re.match(f"{PROFILE_OPTION}=", word)]
    return BY_NAME.get(given[-1] if given else os.environ.get(ENVIRON, ""), DEV)
