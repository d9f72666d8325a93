"""The members of a workspace: the folders that `workspaces` in package.json names, as npm, yarn and bun read it.

It is a list of patterns or, as yarn has it, an object with this list under `packages`. `*` and `?` stand for characters
of one name, `**` for any folders; a pattern after `!` excludes. A member is a folder with a package.json.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from rebel_tools.project.document import Document, Path
from rebel_tools.project.selection import Selection

_KEY = "workspaces"


def is_no_package(document: Document) -> bool:
    """Whether it is that of a workspace that is nothing else: its members are built, and no sources of its own."""
    return isinstance(document.value, dict) and _KEY in document.value and "rebel" not in document.value


def member_folders(document: Document, consulted: set[str]) -> list[str]:
    """The absolute paths of the folders of all members, sorted; links are not followed.

    consulted: gets every folder that was listed and every package.json that was looked for.
    Errors: ProjectError for what is no list of patterns, or leads outside of the folder of the workspace.
    """
    if not isinstance(document.value, dict) or _KEY not in document.value:
        return []
    root = os.path.dirname(document.path)
    selection = Selection(list(_patterns(document)))
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
        raise document.error(keys, "the members of a workspace are no list", expected='folders: ["packages/*"]')
    for at, pattern in enumerate(value):
        parts = pattern.lstrip("!").split("/") if isinstance(pattern, str) else [".."]
        if ".." in parts or pattern.startswith("/"):
            raise document.error((*keys, at), "this is no folder below the workspace", expected='such as "packages/*"')
        yield pattern


def _folders(root: str, top: str, selection: Selection, consulted: set[str]) -> Iterator[str]:
    """The folders that are selected, not those below them. The workspace itself is none."""
    todo = [top]
    while todo:
        folder = todo.pop()
        path = os.path.join(root, folder)
        if folder != "." and selection.takes(folder):
            yield folder
            continue
        consulted.add(path)
        if os.path.isdir(path) and not os.path.islink(path):
            inner = (entry.name for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False))
            below = (name if folder == "." else f"{folder}/{name}" for name in inner)
            todo += [each for each in below if selection.enters(each)]
