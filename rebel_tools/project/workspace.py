"""The members of a workspace: the folders that `workspaces` in package.json names, as in npm, yarn and bun.

It is a list of patterns or, as in yarn, an object with this list under `packages`. `*` and `?` stand for characters
of one name, `**` for any folders; a pattern after `!` excludes. A member is a folder with a package.json. Without
the key, pnpm's file is used (`pnpm.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from rebel_tools.project.document import Document, Path
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.pnpm import file_beside, patterns
from rebel_tools.project.selection import Selection

_KEY = "workspaces"
_OUTSIDE, _EXPECTED = "this is not a folder below the workspace", 'such as "packages/*"'


def is_no_package(document: Document, consulted: set[str]) -> bool:
    """Whether a root package only defines a workspace: its members are built, and it has no sources of its own."""
    return isinstance(document.value, dict) and "rebel" not in document.value and _is_workspace(document, consulted)


def _is_workspace(document: Document, consulted: set[str]) -> bool:
    return isinstance(document.value, dict) and (_KEY in document.value or _is_pnpm(document, consulted))


def _is_pnpm(document: Document, consulted: set[str]) -> bool:
    """Whether the members are those of pnpm's file: npm's key takes precedence."""
    path = file_beside(document.path)
    consulted.add(path)
    return isinstance(document.value, dict) and _KEY not in document.value and os.path.isfile(path)


def member_folders(document: Document, consulted: set[str]) -> list[str]:
    """The absolute paths of the folders of all members, sorted; links are not followed.

    consulted: every folder that was listed and every package.json that was searched is added to it.
    Errors: ProjectError for anything but a list of patterns, and for a pattern outside the folder of the workspace.
    """
    if not _is_workspace(document, consulted):
        return []
    root = os.path.dirname(document.path)
    every = _pnpm_patterns(document) if _is_pnpm(document, consulted) else _patterns(document)
    selection = Selection(list(every))
    found = (folder for top in selection.folders for folder in _folders(root, top, selection, consulted))
    members = []
    for folder in sorted({*found}):
        path = os.path.join(root, folder, "package.json")
        consulted.add(path)
        if os.path.isfile(path):
            members.append(os.path.dirname(path))
    return members


def _patterns(document: Document) -> Iterator[str]:
    keys: Path = (_KEY,)
    value: object = document.value[_KEY]  # type: ignore[index]
    if isinstance(value, dict):
        keys, value = (_KEY, "packages"), value.get("packages", [])
    if not isinstance(value, list):
        raise document.error(keys, "the members of a workspace are not a list", expected='folders: ["packages/*"]')
    for at, pattern in enumerate(value):
        if not isinstance(pattern, str) or _leads_out(pattern):
            raise document.error((*keys, at), _OUTSIDE, expected=_EXPECTED)
        yield pattern


def _pnpm_patterns(document: Document) -> Iterator[str]:
    for pattern, place, line in patterns(file_beside(document.path)):
        if _leads_out(pattern):
            raise ProjectError(_OUTSIDE, place=place, source=line, expected=_EXPECTED)
        yield pattern


def _leads_out(pattern: str) -> bool:
    return pattern.startswith("/") or ".." in pattern.lstrip("!").split("/")


def _folders(root: str, top: str, selection: Selection, consulted: set[str]) -> Iterator[str]:
    """The selected folders, but not those below them, and not the workspace itself.

    With `**`, folders of any depth are selected, and the uppermost ones with a package.json count.
    """
    todo, is_deep = [top], any("**" in pattern for pattern in selection.patterns)
    while todo:
        folder = todo.pop()
        path = os.path.join(root, folder)
        if folder != "." and selection.takes(folder):
            yield folder
            if not is_deep or os.path.isfile(os.path.join(path, "package.json")):
                continue
        consulted.add(path)
        if os.path.isdir(path) and not os.path.islink(path):
            inner = (entry.name for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False))
            below = (name if folder == "." else f"{folder}/{name}" for name in inner)
            todo += [each for each in below if selection.enters(each)]
