"""The files that a package's preprocessors read: those that the key `rebel.preprocessorDependencies` selects."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from rebel_tools.project.reading import check_file
from rebel_tools.project.selection import Selection


class Reads(NamedTuple):
    """files: absolute paths, including named files that do not exist; folders: where new files would count."""

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def selected_files(root: str, patterns: Sequence[str]) -> Reads:
    """The files below the folder `root` that patterns select, like those of `rebel.sources`. Links are followed.

    Errors: ProjectError for a FIFO or a device.
    """
    selection, files, folders, seen = Selection(patterns), set(), set(), set()
    todo = list(selection.folders) if patterns else []
    while todo:
        inner = todo.pop()
        path = os.path.normpath(os.path.join(root, inner))
        if not os.path.isdir(path):
            check_file(path)
            files.add(path)  # a pattern names it
            continue
        folders.add(path)
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        prefix = "" if inner == "." else f"{inner}/"
        for name in sorted(_names(path)):
            below = prefix + name
            if os.path.isdir(os.path.join(path, name)):
                todo += [below] if selection.enters(below) else []
            elif selection.takes(below):
                check_file(os.path.join(path, name))
                files.add(os.path.join(path, name))
    return Reads(tuple(sorted(files)), tuple(sorted(folders)))


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # it may become readable, which changes its stamp
        return []
