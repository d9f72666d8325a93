"""Which folders have to be watched, and which of the changes in them can change what a build makes.

That is everything below the top folder, and all places that a build has said it looked at, wherever they are: folders
of packages behind links, the node_modules of a workspace, modules that an SConstruct imports.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable

# What the tools themselves write, and what editors write beside a file while they save it.
_TRANSIENT = (
    *(".sconsign*", "config.log", ".merlin", "*.pyc"),  # SCons, its Configure(), rebel, Python
    *(".*.sw?", ".*.swpx", "4913", "*~", ".#*", "#*#", "*___jb_???___", ".nfs*"),  # Vim, Emacs, JetBrains, NFS
)
_is_transient = re.compile("|".join(map(fnmatch.translate, _TRANSIENT))).match

_BUILT = ("_build", "__pycache__")
_PACKAGES = "node_modules"


class Folders:
    """What is of interest around the folder `top`.

    places: files and folders that a build looked at, be they there or not; in a folder every name is of interest.
    """

    def __init__(self, top: str, places: Iterable[str] = ()):
        self.top = top
        self.places = frozenset(places)
        self._above = {folder for place in self.places for folder in _ancestors(place)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folders) and (self.top, self.places) == (other.top, other.places)

    def to_watch(self) -> set[str]:
        """The folders to watch, each for its own entries only."""
        found = set(_tree(self.top))
        for place in self.places:
            folder = place if os.path.isdir(place) else _existing(os.path.dirname(place))
            found.update((folder, *_holding_links(place), *_holding_links(folder)))
        return {folder for folder in found if os.access(folder, os.R_OK)}

    def matters(self, path: str) -> bool:
        """Whether a change of `path` can change what a build makes."""
        folder, name = os.path.split(path)
        if _is_transient(name):
            return False
        if path in self.places or folder in self.places or path in self._above:
            return True
        if not path.startswith(f"{self.top}{os.sep}"):
            return path == self.top
        *folders, name = os.path.relpath(path, self.top).split(os.sep)
        if any(map(_is_left_out, folders)):
            return False
        return not _is_left_out(name) or (name in _BUILT and not os.path.exists(path))


def _tree(top: str) -> Iterable[str]:
    for folder, below, _ in os.walk(top):
        below[:] = [name for name in below if not _is_left_out(name)]
        yield folder


def _is_left_out(folder: str) -> bool:
    """Whether nothing below a folder of this name is of interest, unless a build looked there."""
    return folder in _BUILT or folder == _PACKAGES or folder.startswith(".")


def _ancestors(path: str) -> Iterable[str]:
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        yield path


def _existing(folder: str) -> str:
    """The folder, or the nearest one above it that is there: where it would appear."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def _holding_links(path: str) -> Iterable[str]:
    """The folder in which `path` can be replaced as a whole: a package that is a link, a scope, node_modules."""
    parts = path.split(os.sep)
    if _PACKAGES in parts:
        last = len(parts) - parts[::-1].index(_PACKAGES)
        for end in (last, last + 1):
            folder = os.sep.join(parts[:end])
            if os.path.isdir(folder):
                yield folder
