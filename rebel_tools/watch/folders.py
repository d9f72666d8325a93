"""Which folders have to be watched, and which of the changes in them can affect a build.

These are everything below the top folder, and all places that a build has looked at, wherever they are: folders of
packages behind links, the node_modules of a workspace, modules that an SConstruct imports. The target of a link counts
as much as the link: a file that is saved by renaming is new only in its own folder.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable

from rebel_tools.sconstruct import BUILD_FOLDER

# Files that the tools themselves write, and that editors write beside a file while saving it.
_TRANSIENT = (
    *(".sconsign*", "config.log", ".merlin", "*.pyc"),  # SCons, its Configure(), rebel, Python
    *(".*.sw?", ".*.swpx", "4913", "*~", ".#*", "#*#", "*___jb_???___", ".nfs*"),  # Vim, Emacs, JetBrains, NFS
)
_is_transient = re.compile("|".join(map(fnmatch.translate, _TRANSIENT))).match

_BUILT = (BUILD_FOLDER, "__pycache__")
_PACKAGES = "node_modules"


class Folders:
    """The folders to watch for the project in the folder `top`, and which changes in them count.

    places: files and folders that a build looked at, existing or not; in such a folder every name counts.
    made: the output folder, such as `_build`: only its removal counts.
    """

    def __init__(self, top: str, places: Iterable[str] = (), made: str = ""):
        self.top = top
        self.places = frozenset(places)
        self.made = made or os.path.join(top, BUILD_FOLDER)
        self._really: set[str] = set()  # the real paths of the places
        self._links: set[str] = set()
        self._names: set[str] = set()  # links, their targets, and the folders above

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folders) and self._given == other._given

    @property
    def _given(self) -> tuple[object, ...]:
        return self.top, self.places, self.made

    def to_watch(self) -> set[str]:
        """The folders to watch, each only for its own entries and under its real name: the system reports a folder
        under one name only. Resolves the links again.
        """
        links, tree = Links(), set(_tree(self.top, self.made))
        self._really = set(map(links.real, self.places))
        folders = tree | {place for place in self._really if os.path.isdir(place)}
        ends = {links.real(link) for folder in folders for link in _links_in(folder)}
        names = {*links.found, *ends, *self._really}
        above = {folder for name in names for folder in self._above(name)}
        self._links, self._names = links.found, names | above
        return {folder for folder in folders | set(map(_existing, above)) if os.access(folder, os.R_OK)}

    def _above(self, path: str) -> Iterable[str]:
        """The folders in which a path, or a folder above it, can be replaced without removing the top folder."""
        while path != os.path.dirname(path):
            path = os.path.dirname(path)
            yield path
            if f"{self.top}{os.sep}".startswith(os.path.join(path, "")):
                return

    def leads_to(self, path: str) -> bool:
        """Whether a build has looked at `path` itself, under whatever name."""
        return path in self._names

    def leads_on(self, path: str) -> bool:
        """Whether a change of `path` may change the set of folders to watch."""
        return path in self._links or os.path.islink(path) or os.path.isdir(path)

    def matters(self, path: str) -> bool:
        """Whether a change of `path` can affect a build."""
        folder, name = os.path.split(path)
        if _is_transient(name):
            return False
        if path in self._names or path in self.places or folder in self._really:
            return True
        if not path.startswith(f"{self.top}{os.sep}"):
            return path == self.top
        if path == self.made:
            return not os.path.exists(path)
        if path.startswith(f"{self.made}{os.sep}"):
            return False
        *folders, name = os.path.relpath(path, self.top).split(os.sep)
        if any(map(_is_left_out, folders)):
            return False
        return not _is_left_out(name) or (name in _BUILT and not os.path.exists(path))


def _tree(top: str, made: str) -> Iterable[str]:
    for folder, below, _ in os.walk(top):
        below[:] = [name for name in below if not _is_left_out(name) and os.path.join(folder, name) != made]
        yield folder


def _is_left_out(folder: str) -> bool:
    """Whether nothing below a folder of this name is of interest, unless a build looked there."""
    return folder in _BUILT or folder == _PACKAGES or folder.startswith(".")


def _existing(folder: str) -> str:
    """The folder, or the nearest existing one above it, where it would appear."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def _links_in(folder: str) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(folder) if entry.is_symlink() and not _is_left_out(entry.name)]
    except OSError:  # it was removed again, or cannot be read
        return []


class Links:
    """Resolves paths; each folder is read once.

    found: the links on the way, each with the real name of its folder.
    """

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._known: dict[str, str] = {}

    def real(self, path: str) -> str:
        """An absolute path without links, whether or not it exists; in a loop of links, one of them."""
        if path not in self._known:
            self._known[path] = path  # for links that lead to themselves
            self._known[path] = self._real(*os.path.split(path))
        return self._known[path]

    def _real(self, folder: str, name: str) -> str:
        if not name:
            return self.real(folder) if folder.strip(os.sep) else folder
        if name in (os.curdir, os.pardir):
            return self.real(folder) if name == os.curdir else os.path.dirname(self.real(folder))
        path = os.path.join(self.real(folder), name)
        try:
            target = os.readlink(path)
        except OSError:  # no link, or nothing at all
            return path
        self.found.add(path)
        return self.real(os.path.join(os.path.dirname(path), target))
