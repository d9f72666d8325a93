"""Finds the package for `import "name"` like Node.js.

The rules are LOAD_NODE_MODULES and NODE_MODULES_PATHS of the Node.js documentation ("Modules: CommonJS modules",
"All together"): from the real path of the importer upwards, every folder's node_modules, except inside folders that
are called node_modules themselves; the first one with the package wins, and its real path is its identity.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import Document, read_document
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.names import is_package


class Resolver:
    """Finds packages, and adds every file and folder that it read or found missing to `consulted`."""

    def __init__(self, consulted: set[str]) -> None:
        self.consulted = consulted
        self._is_folder: dict[str, bool] = {}
        self._documents: dict[str, Document] = {}

    def find(self, name: str, importer: str) -> Document | None:
        """The package.json of the package that `name` means in the package at real path `importer`, if any.

        The path of the document is the real one: two links to one package give one document.
        """
        for folder in self._folders(importer):
            path = os.path.join(folder, *name.split("/"), "package.json")
            self.consulted.add(path)
            if os.path.lexists(path):  # anything but a file here is an error
                return self.read(os.path.realpath(path) if os.path.isfile(path) else path)
        return None

    def read(self, path: str) -> Document:
        """The JSON file at the real path `path`, once."""
        if path not in self._documents:
            self.consulted.add(path)
            self._documents[path] = read_document(path)
        return self._documents[path]

    def missing(self, keys: tuple[str, str], document: Document) -> ProjectError:
        """The error for a missing dependency: the searched folders, and similar names.

        document: the package.json of the importer; keys: the position of the dependency in it.
        """
        name = keys[-1]
        importer = os.path.dirname(document.path)
        folders = list(self._folders(importer))
        there = sorted({found for folder in folders for found in _packages_in(folder)})
        dangling = [os.path.join(folder, name) for folder in folders if os.path.islink(os.path.join(folder, name))]
        looked = ", ".join(folders) or f"{os.path.join(importer, 'node_modules')} and above (no such folder)"
        hint = did_you_mean(name, there) or "install it: npm install"
        if dangling:
            hint = f"{dangling[0]} is a link to {os.readlink(dangling[0])}, where there is no package.json"
        return document.error(
            keys,
            f'the package "{name}" is not installed',
            key=True,
            expected=f"a folder {name} in {looked}",
            hint=hint,
        )

    def _folders(self, importer: str) -> Iterator[str]:
        """The node_modules folders that exist, from `importer` upwards."""
        folder = importer
        while True:
            if os.path.basename(folder) != "node_modules":
                candidate = os.path.join(folder, "node_modules")
                if self._exists(candidate):
                    yield candidate
            above = os.path.dirname(folder)
            if above == folder:
                return
            folder = above

    def _exists(self, folder: str) -> bool:
        """Whether `folder` exists.

        A missing one is consulted, an existing one is not: its stat changes with every package that npm touches, and
        only the package.json files below it matter.
        """
        if folder not in self._is_folder:
            self._is_folder[folder] = os.path.isdir(folder)
            if not self._is_folder[folder]:
                self.consulted.add(folder)
        return self._is_folder[folder]


def installed(importer: str) -> Iterator[str]:
    """The names of the packages with the key `rebel` that a package in the folder `importer` could depend on."""
    resolver = Resolver(set())
    for folder in resolver._folders(importer):
        for name in _packages_in(folder):
            with contextlib.suppress(ProjectError, OSError):  # a broken one is not a package
                document = resolver.find(name, importer) if is_package(name) else None
                if document and isinstance(document.value, dict) and "rebel" in document.value:
                    yield name


def _packages_in(folder: str) -> Iterator[str]:
    """The names of the packages in one node_modules folder."""
    for name in _listed(folder):
        path = os.path.join(folder, name)
        if name.startswith("@") and os.path.isdir(path):
            yield from (f"{name}/{inner}" for inner in _listed(path))
        elif not name.startswith("."):
            yield name


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # this is only for a hint
        return []
