"""The sources of a package: every .ml, .mli, .re and .rei in any folder under `src/`."""

from __future__ import annotations

import os

from rebel_tools.errors import Place
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.model import Source
from rebel_tools.project.names import capitalize, is_module

KINDS = frozenset(("ml", "mli", "re", "rei"))


def scan_sources(root: str, consulted: set[str]) -> tuple[Source, ...]:
    """The sources below `root`/src sorted by path; none when there is no such folder.

    Files and folders whose name starts with a dot (editors' lock files, .git) and folders called node_modules do not
    count. Links are followed. Every folder that was listed, or was not there, is added to `consulted`.
    Two files that give the same module and a name that is no module name are errors.
    """
    found: list[Source] = []
    _scan(root, "src", found, consulted, ())
    found.sort(key=lambda source: source.path)
    _check_unique(root, found)
    return tuple(found)


def _scan(root: str, folder: str, found: list[Source], consulted: set[str], above: tuple[str, ...]) -> None:
    path = os.path.join(root, folder)
    consulted.add(path)
    try:
        entries = list(os.scandir(path))
    except FileNotFoundError:
        if not os.path.islink(path):
            return
        raise _broken_link(path) from None
    except OSError as error:
        raise ProjectError(f"cannot be listed: {os.strerror(error.errno)}", place=Place(path)) from None
    for entry in entries:
        name = entry.name
        if name.startswith("."):
            continue
        stem, dot, kind = name.rpartition(".")
        if dot and kind in KINDS and not entry.is_dir():
            found.append(_source(entry, f"{folder}/{name}", stem, kind))
        elif entry.is_dir() and name != "node_modules":
            below = _enter(entry, above)
            _scan(root, f"{folder}/{name}", found, consulted, below)


def _enter(entry: os.DirEntry, above: tuple[str, ...]) -> tuple[str, ...]:
    """The links that were followed so far with `entry`, if it is one. A link into its own parent never ends."""
    if not entry.is_symlink():
        return above
    real = os.path.realpath(entry.path)
    here = os.path.realpath(os.path.dirname(entry.path))
    if real in above or f"{here}{os.sep}".startswith(f"{real}{os.sep}"):
        raise ProjectError(
            "this link leads back to a folder that holds it",
            place=Place(entry.path),
            hint=f"remove it: rm {entry.path}",
        )
    return (*above, real)


def _source(entry: os.DirEntry, path: str, stem: str, kind: str) -> Source:
    if entry.is_symlink() and not os.path.exists(entry.path):
        raise _broken_link(entry.path)
    module = capitalize(stem)
    if not is_module(module):
        shown = os.fsencode(entry.path).decode("utf-8", "replace")
        raise ProjectError(
            "the name of this file cannot be the name of a module",
            place=Place(shown),
            expected="letters, digits, _ and ', starting with a letter (no -)",
            hint="rename the file",
        )
    return Source(path, module, kind)


def _broken_link(path: str) -> ProjectError:
    return ProjectError(
        f"this link leads to {os.readlink(path)}, which does not exist",
        place=Place(path),
        hint="remove the link or bring back what it leads to",
    )


def _check_unique(root: str, sources: list[Source]) -> None:
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
