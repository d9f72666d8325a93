"""The dependency graph of a run of scons, for the next run, before which only the contents of a few files change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Edges(NamedTuple):
    """The graph of a run after which there was nothing to do.

    children: file -> files that it depends on in any way: named, found by scanning, or made together with it.
    doubtful: targets that also depend on something other than files, or are scanned by a function of the user.
    read: files that code of the user read directly, so anything may depend on them.
    """

    children: dict[str, list[str]]
    doubtful: list[str]
    read: list[str]


def affected(edges: Edges, changed: Iterable[str]) -> set[str]:
    """The files that can change when the files `changed` do, including these, and all doubtful targets."""
    parents: dict[str, list[str]] = {}
    for path, children in edges.children.items():
        for child in children:
            parents.setdefault(child, []).append(path)
    found: set[str] = set()
    waiting = [*changed, *edges.doubtful]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(parents.get(path, ()))
    return found


def are_known(edges: Edges, paths: Iterable[str]) -> bool:
    """Whether it is known what depends on each of the files."""
    if not set(edges.read).isdisjoint(paths):
        return False
    children = {child for listed in edges.children.values() for child in listed}
    return children.issuperset(paths)


def updated(old: Edges, new: Edges) -> Edges:
    """The graph after a run that visited a part of it."""
    doubtful = [path for path in old.doubtful if path not in new.children]
    return Edges({**old.children, **new.children}, [*doubtful, *new.doubtful], sorted({*old.read, *new.read}))
