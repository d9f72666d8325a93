"""The files of a package that patterns in its package.json select: existing ones, and outputs of its rules."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence

from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import Document, Path
from rebel_tools.project.reading import check_file
from rebel_tools.project.selection import Selection
from rebel_tools.text import quote


class Files:
    """The files below the folder `root` of the package of `document`.

    consulted: the files and folders that were looked at are added to it.
    """

    def __init__(self, document: Document, root: str, consulted: set[str]) -> None:
        self.document = document
        self.root = root
        self.consulted = consulted

    def selected(self, patterns: Sequence[str], keys: Path, made: Iterable[str]) -> tuple[str, ...]:
        """The files, existing or `made`, that patterns select, as paths relative to the package.

        keys: those of the list of patterns. Errors: ProjectError for a pattern that selects nothing, or a FIFO.
        """
        known = [*made]
        selection = Selection(patterns)
        found = (path for folder in selection.folders for path in self._below(folder, selection))
        present = set(filter(selection.takes, found))
        for path in sorted(present):
            check_file(os.path.join(self.root, path))
        present.update(filter(selection.takes, known))
        for index, pattern in enumerate(patterns):
            if not pattern.startswith("!") and not any(map(Selection([pattern]).takes, present)):
                raise self.document.error(
                    (*keys, index),
                    f"{quote(pattern)} selects no file",
                    expected="a file or folder of this package, or a target of another rule",
                    hint=did_you_mean(pattern, [*known, *self._below(posixpath.dirname(pattern) or ".", selection)]),
                )
        return tuple(sorted(present))

    def _below(self, folder: str, selection: Selection) -> Iterator[str]:
        """All files in a folder and those below it, or the file itself."""
        start = os.path.normpath(os.path.join(self.root, folder))
        self.consulted.add(start)
        if os.path.exists(start) and not os.path.isdir(start):
            yield folder
            return
        for path, folders, names in os.walk(start):
            self.consulted.add(path)
            inside = os.path.relpath(path, self.root).replace(os.sep, "/")
            prefix = "" if inside == "." else f"{inside}/"
            folders[:] = sorted(name for name in folders if selection.enters(prefix + name))
            yield from (prefix + name for name in sorted(names))
