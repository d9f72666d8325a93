"""Files that compilers read but no step makes: installed interfaces, native code, archives and runtimes.

They are looked up by name, as compilers do it, so a new file in an earlier folder of the search path counts as much as
a changed file. The names that a compilation looked up are in the import tables of its outputs; those that a link looks
up follow from its command line (`ocaml/search.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from rebel_tools.errors import RebelError
from rebel_tools.memory.digests import Files
from rebel_tools.memory.hashes import text_digest
from rebel_tools.ocaml.search import unit_file_names
from rebel_tools.plan.ask import Ask

Folders = tuple[str, ...]


class Installed:
    """Answers for one build.

    used: the paths of all files whose contents were read.
    missing: paths in the current folder, which every search path begins with, where a new file would be found first.
    """

    def __init__(self, files: Files, ask: Ask):
        self.files = files
        self.ask = ask
        self.used: set[str] = set()
        self.missing: set[str] = set()
        self._names: dict[str, frozenset[str]] = {}
        self._found: dict[tuple[Folders, str], str] = {}
        self._digests: dict[tuple[Folders, Folders], str] = {}
        self._reached: dict[str, list[str]] = {}

    def find(self, folders: Folders, name: str) -> str:
        """The path of the first file of that name, '' if there is none. Absolute paths, and `./x`, are not searched."""
        try:
            return self._found[folders, name]
        except KeyError:
            path = self._found[folders, name] = self._find(folders, name)
            return path

    def _find(self, folders: Folders, name: str) -> str:
        if os.path.isabs(name):
            return name
        if name.startswith("./"):
            return name[2:]
        for folder in folders:
            present = self._names_in(folder)
            for spelled in unit_file_names(name):
                path = os.path.join(folder, spelled)
                if spelled in present:
                    return path
                if not folder:
                    self.missing.add(path)
        return ""

    def _names_in(self, folder: str) -> frozenset[str]:
        if folder not in self._names:
            self._names[folder] = frozenset(self.files.disk.names(folder))
        return self._names[folder]

    def forget(self, paths: Iterable[str]) -> None:
        """These files were written: if one of their folders is in a search path, a lookup may now find other files."""
        if any(os.path.dirname(path) in self._names or path in self.used for path in paths):
            self._names.clear()
            self._found.clear()
            self._digests.clear()

    def digest(self, folders: Folders, names: Sequence[str]) -> str:
        """A digest over the contents of the files found by these names, '' for no names."""
        key = folders, tuple(names)
        if key not in self._digests:
            self._digests[key] = text_digest(*map(self._content, map(self.find, [folders] * len(names), names)))
        return self._digests[key] if names else ""

    def _content(self, path: str) -> str:
        if path:
            self.used.add(path)
        return path and self.files.digest(path) or ""

    def reachable(self, folders: Folders, units: Iterable[str]) -> list[str]:
        """The files of all installed units that a compilation can reach from some names, before it has run."""
        found: dict[str, None] = {}
        todo = list(units)
        while todo:
            unit = todo.pop()
            for name in (f"{unit}.cmi", f"{unit}.cmx"):
                if name not in found:
                    found[name] = None
                    todo += self._named_in(self.find(folders, name))
        return sorted(found)

    def _named_in(self, path: str) -> list[str]:
        if path not in self._reached:
            try:
                imports = self.ask.imports(path) if path else None
            except (OSError, RebelError):  # the compiler will report it
                imports = None
            tables = (*imports.interfaces, *imports.implementations) if imports else ()
            self._reached[path] = [unit for unit, _ in tables]
        return self._reached[path]
