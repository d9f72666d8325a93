"""Which of the files that a header includes are part of its interface."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple


@dataclass(frozen=True)
class Selection:
    """Which included headers are part of an interface; those that it is made from always are.

    headers: patterns of headers that are part of it. Without any, the headers of the project are, see `split`.
    exclude: patterns of headers that are not.

    A pattern is a path relative to the working folder, with a shell's wildcards; a folder means everything below it.
    """

    headers: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


DEFAULT = Selection()


class Files(NamedTuple):
    """The files whose declarations count, and those below the project's folder that the default rule excludes."""

    counted: frozenset[str]
    left_out: frozenset[str]


def split(selection: Selection, named: Sequence[str], files: Iterable[str], folders: Sequence[str], base: str) -> Files:
    """Separate the files that count from the others.

    named: the headers that the interface is made from. folders: where the compiler looks for headers. base: the folder
    of the project. Without `selection.headers`, the files with the same home as a named header count. The home of a
    file is the innermost of `folders` that contains it; if there is none, it is `base` for files below that, otherwise
    the file's own folder. So `-Ideps/apr` makes the files below deps/apr those of another library, unless a named
    header is there.
    """
    homes = [os.path.realpath(os.path.join(base, folder)) for folder in folders]
    ours = {_home(os.path.join(base, name), homes, base) for name in named}

    def counts(path: str) -> bool:
        if path in named:
            return True
        if _matches(path, selection.exclude):
            return False
        return _matches(path, selection.headers) or (
            not selection.headers and _home(os.path.join(base, path), homes, base) in ours
        )

    counted = frozenset(path for path in files if counts(path))
    others = frozenset(path for path in files if not os.path.isabs(path) and not _matches(path, selection.exclude))
    return Files(counted, frozenset() if selection.headers else others - counted)


def _home(path: str, homes: Sequence[str], base: str) -> str:
    real, top = os.path.realpath(path), os.path.realpath(base)
    holding = [folder for folder in homes if _is_below(real, folder)]
    if holding:
        return max(holding, key=len)
    return top if _is_below(real, top) else os.path.dirname(real)


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def _matches(path: str, patterns: Iterable[str]) -> bool:
    wanted = [os.path.normpath(pattern).replace(os.sep, "/") for pattern in patterns]
    return any(fnmatchcase(path, pattern) or path.startswith(f"{pattern}/") for pattern in wanted)
