"""Opens the project of a run of SCons: reads it, locks it, and removes files of targets that no longer exist."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.lock import unlock
from rebel_tools.outputs.test_results import FOLDER as TESTS
from rebel_tools.project.groups import groups_of
from rebel_tools.project.load import load_project
from rebel_tools.project.model import Project
from rebel_tools.project.profiles import Profile
from rebel_tools.scons import build_folder, places
from rebel_tools.scons.homes import remove_left_over, remove_links
from rebel_tools.scons.interactive import is_interactive, option, tell
from rebel_tools.scons.one_build import hold, only_looks
from rebel_tools.scons.projects import project_of
from rebel_tools.server import SOCKET


def open_project(root: str, how: Profile, started: int) -> tuple[Project, int]:
    """The project in the folder `root`, locked for this run, or in an interactive session for each of its builds.

    Returns it with the time when it was read, in nanoseconds: `started`, or later if another build had it locked.
    Errors: ProjectError.
    """
    project = _read(root)
    build_folder.check(project)
    if is_interactive():
        tell(_AsRead(project, how))
    elif _lock(project.root.root):
        started, project = time.time_ns(), _read(root)  # another build has just ended
    build_folder.keep_notes()
    return project, started


def _read(root: str) -> Project:
    consulted: set[str] = set()
    try:
        project = project_of(root, consulted)
        places.PROJECTS.append(project)
        return project
    finally:
        places.LOOKED_AT.update(consulted)


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


def tidy_up(project: Project, how: Profile) -> None:
    """Remove links from the folders of targets, and files made for targets that no longer exist."""
    if only_looks():
        return
    homes = {target.name: group.home.name for group in groups_of(project) for target in group.targets}
    build = build_folder.folder_of(project.root.root)
    remove_links(build, how.folder, [*homes, TESTS])
    if not option("clean"):
        remove_left_over(os.path.join(build, how.folder), homes)


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
        tidy_up(self.read, self.how)
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
