"""The sources of a package: every .ml, .mli, .re and .rei in any folder below `src/`, or in `rebel.sources`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from rebel_tools.errors import Place
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.model import Source
from rebel_tools.project.names import capitalize, is_module
from rebel_tools.project.reading import broken_link, kind_of, leads_nowhere
from rebel_tools.project.selection import Selection

SRC = Selection()
KINDS = frozenset(("ml", "mli", "re", "rei"))
GENERATORS = frozenset(("mll", "mly"))  # files from which sources are generated


class Found(NamedTuple):
    """The contents of the folders of a package.

    sources: sorted by path; generators: lexers and grammars in the same form, with their own `path`.
    """

    sources: tuple[Source, ...]
    generators: tuple[Source, ...]


def scan_package(root: str, consulted: set[str], selection: Selection = SRC) -> Found:
    """The selected files below `root`; none if it is not a folder.

    Files and folders whose name starts with a dot (editors' lock files, .git) and folders called node_modules are
    ignored. Links are followed. Every folder that was listed, or does not exist, and every link that may lead to one
    another time is added to `consulted`.
    Errors: two files for the same module, an invalid module name, a source that is not a regular file (reading a FIFO
    would not end), and links that are dangling or lead to a parent.
    """
    scan = _Scan(root, consulted, selection)
    for folder in selection.folders:
        scan.run(folder)
    scan.check_twice()
    found = sorted(scan.found, key=lambda source: source.path)
    sources = tuple(source for source in found if source.kind in KINDS)
    check_unique(root, sources)
    return Found(sources, tuple(source for source in found if source.kind in GENERATORS))


class _Scan:
    """One walk over the folders of a package.

    linked: real path -> path of each folder that a link leads to; twice: (path, other path) of folders that a second
    link leads to. These are not entered again: a few dozen links would be enough for an endless walk.
    """

    def __init__(self, root: str, consulted: set[str], selection: Selection) -> None:
        self.root = root
        self.consulted = consulted
        self.selection = selection
        self.found: list[Source] = []
        self.linked: dict[str, str] = {}
        self.twice: list[tuple[str, str]] = []

    def run(self, folder: str) -> None:
        if os.path.isfile(os.path.join(self.root, folder)):  # `rebel.sources` names it
            entry = next(e for e in self._list(os.path.dirname(folder) or ".") if e.name == os.path.basename(folder))
            self._is_entered(entry, folder)
            return
        todo = [folder]
        while todo:
            folder = todo.pop()
            prefix = "" if folder == "." else f"{folder}/"
            inner = [
                prefix + entry.name for entry in self._list(folder) if self._is_entered(entry, prefix + entry.name)
            ]
            todo += sorted(inner)  # of two links to one folder, always the same one has to count

    def _list(self, folder: str) -> list[os.DirEntry[str]]:
        path = os.path.join(self.root, folder)
        self.consulted.add(path)
        try:
            return list(os.scandir(path))
        except FileNotFoundError:
            if not os.path.islink(path):
                return []
            raise broken_link(path) from None
        except OSError as error:
            raise ProjectError(f"cannot be listed: {error.strerror}", place=Place(path)) from None

    def _is_entered(self, entry: os.DirEntry[str], path: str) -> bool:
        """Whether this is a folder to enter; a source is recorded."""
        name = entry.name
        if name.startswith("."):
            return False
        stem, dot, kind = name.rpartition(".")
        if _is_folder(entry):
            if name == "node_modules" or not (self.selection.is_simple or self.selection.enters(path)):
                return False
            return not entry.is_symlink() or self._follow(entry, path)
        if entry.is_symlink():  # another time it may lead to a folder
            self.consulted.add(entry.path)
        if dot and (kind in KINDS or kind in GENERATORS) and (self.selection.is_simple or self.selection.takes(path)):
            self.found.append(_source(entry, path, stem, kind))
        return False

    def _follow(self, entry: os.DirEntry[str], path: str) -> bool:
        """Whether the folder behind this link is new. A link to its own parent would never end."""
        real = os.path.realpath(entry.path)
        here = os.path.realpath(os.path.dirname(entry.path))
        if f"{here}{os.sep}".startswith(f"{real}{os.sep}"):
            raise ProjectError(
                "this link leads to a folder that contains it",
                place=Place(entry.path),
                hint=f"remove it: rm {entry.path}",
            )
        first = self.linked.setdefault(real, path)
        if first != path:
            self.twice.append((path, first))
        return first == path

    def check_twice(self) -> None:
        """Two links to a folder with sources would define each of its modules twice."""
        for path, first in self.twice:
            source = next((source for source in self.found if source.path.startswith(f"{first}/")), None)
            if source:
                again = source._replace(path=path + source.path[len(first) :])
                check_unique(self.root, (source, again))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        if leads_nowhere(error):
            return False
        raise ProjectError(f"cannot be accessed: {error.strerror}", place=Place(entry.path)) from None


def _no_file(entry: os.DirEntry[str]) -> ProjectError:
    """The error for a source that is neither a file nor a folder."""
    if not os.path.exists(entry.path):
        return broken_link(entry.path)
    what = kind_of(entry.stat())
    return ProjectError(f"this source is {what}", place=Place(entry.path), expected="a file", hint="remove it")


def _source(entry: os.DirEntry[str], path: str, stem: str, kind: str) -> Source:
    if not entry.is_file(follow_symlinks=False) and not os.path.isfile(entry.path):
        raise _no_file(entry)
    return Source(path, module_of(stem, entry.path), kind)


def module_of(stem: str, path: str) -> str:
    """The module of a file whose name without its suffix is `stem`. Errors: ProjectError at `path`."""
    module = capitalize(stem)
    if not is_module(module):
        raise ProjectError(
            "the name of this file cannot be the name of a module",
            place=Place(path),
            expected="letters, digits, _ and ', starting with a letter (no -)",
            hint="rename the file",
        )
    return module


def check_unique(root: str, sources: Iterable[Source]) -> None:
    """Errors: ProjectError for two files with the same module."""
    first: dict[tuple[str, bool], Source] = {}
    for source in sources:
        other = first.setdefault((source.module, source.is_interface), source)
        if other is not source:
            what = "interface" if source.is_interface else "implementation"
            raise ProjectError(
                f"two files are the {what} of module {source.module}: {other.path} and {source.path}",
                place=Place(os.path.join(root, source.path)),
                expected="one, because folders do not count in the name of a module",
                hint="rename one of them",
            )
