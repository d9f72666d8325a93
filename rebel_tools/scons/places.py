"""What a run of SCons looked at and what it may have written, for `rebel watch`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import SCons.Node
import SCons.Node.FS

from rebel_tools.ocaml.names import SUFFIXES
from rebel_tools.project.model import Project
from rebel_tools.scons.compat import Node, roots, top_folder

# Absolute paths without nodes: files that this run depended on, and files that it wrote.
LOOKED_AT: set[str] = set()
PROJECTS: list[Project] = []  # folders of packages whose sources were read
WRITTEN: set[str] = set()


def top() -> str:
    """The folder of the SConstruct."""
    return top_folder()


def written() -> set[str]:
    """Paths that this run may have written: targets, side effects, copies of sources, an option's file, folders."""
    files = {*WRITTEN, *(node.get_abspath() for node in file_nodes() if _is_written(node))}
    folders = {os.path.dirname(path) for path in files}
    while not folders <= files:
        files |= folders
        folders = {os.path.dirname(folder) for folder in folders}
    return files


def looked_at() -> set[str]:
    """The files and folders that were looked at, except sources in ordinary folders below the top folder."""
    return {*LOOKED_AT, *(path for path in (*_imported(), *_sources()) if not _is_ordinary(path))}


def inputs() -> set[str]:
    """The sources in ordinary folders below the top folder, and those of packages, read in this run or known before."""
    packages = (package for project in PROJECTS for package in project.packages)
    own = {os.path.join(package.root, source.path) for package in packages for source in package.sources}
    return {*own, *filter(_is_ordinary, _sources())}


def _sources() -> Iterator[str]:
    return (node.get_abspath() for node in file_nodes() if not _is_written(node))


def _is_ordinary(path: str) -> bool:
    """Whether a file is below the top folder, where everything is watched: not in a package, not behind a link."""
    is_below = f"{path}/".startswith(f"{top()}/") and "/node_modules/" not in path[len(top()) :]
    return is_below and not _is_behind_link(os.path.dirname(path))


@cache
def _is_behind_link(folder: str) -> bool:
    below = folder[len(top()) :]
    return bool(below) and (os.path.islink(folder) or _is_behind_link(os.path.dirname(folder)))


def built(paths: Iterable[str]) -> list[Any]:
    """The nodes of built files at these paths, existing or not."""
    return [node for node in map(_known, paths) if _is_built(node)]


def built_in(folder: str, suffixes: tuple[str, ...]) -> list[Any]:
    """The nodes of files with one of these suffixes that builders make in a folder."""
    node = _known(folder)
    inside = list(node.entries.values()) if isinstance(node, SCons.Node.FS.Dir) else []
    return [each for each in inside if each.name.endswith(suffixes) and _is_built(each)]


def _is_built(node: Node) -> bool:
    return node is not None and not isinstance(node, SCons.Node.FS.Dir) and node.has_builder()


def has_rule(path: str) -> bool:
    """Whether a builder of the SConstruct makes a file, given by its path from the top."""
    node = _known(path)
    return node is not None and bool(node.has_builder())


def _known(path: str) -> Node | None:
    """The node of a path relative to the top; None if there is none yet."""
    nodes = roots()
    for name in os.path.normpath(os.path.join(top(), path)).split(os.sep)[1:]:
        nodes = [n.entries[name] for n in nodes if isinstance(n, SCons.Node.FS.Dir) and name in n.entries]
    return nodes[0] if nodes else None


def files_below(folder: str) -> Iterator[Node]:
    """The existing nodes of files below a folder, given by its path from the top."""
    node = _known(folder)
    return _files_in([node] if isinstance(node, SCons.Node.FS.Dir) else [])


def has_rules(node: Node) -> bool:
    """Whether the user declared something about an output with SCons' own functions."""
    executor = getattr(node, "executor", None)  # not set before SCons needs it
    added = executor is not None and (executor.pre_actions or executor.post_actions)
    return bool(added or node.depends or node.ignore or node.prerequisites or node.always_build)


def file_nodes() -> Iterator[Node]:
    """The nodes of all files."""
    return _files_in(roots())


def look_again_at(path: str) -> None:
    """Make SCons look up folders at and below a path again: it does so once per process, but they may be removed."""
    waiting = [_known(path)]
    while waiting:
        folder = waiting.pop()
        if isinstance(folder, SCons.Node.FS.Dir):
            folder.clear_memoized_values()
            if not folder.exists():
                folder.reset_executor()
            waiting += [node for name, node in folder.entries.items() if name not in (".", "..")]


def made_sources() -> Iterator[Node]:
    """The nodes of all sources of modules that builders make."""
    return (node for node in file_nodes() if node.name.endswith(SUFFIXES) and node.has_builder())


def _files_in(folders: list[Any]) -> Iterator[Node]:
    while folders:
        for name, node in folders.pop().entries.items():
            if isinstance(node, SCons.Node.FS.Dir):
                if name not in (".", ".."):
                    folders.append(node)
            else:
                yield node


def forget_builder(node: Node) -> None:
    """Remove the builder from a file, and from those made together with it: something else makes them."""
    for target in node.get_executor().get_all_targets():
        target.builder_set(None)
        target.set_state(SCons.Node.up_to_date)


def _is_written(node: Node) -> bool:
    return node.is_derived() or (node.duplicate and node.srcnode() is not node)


def _imported() -> Iterator[str]:
    """The modules that an SConstruct has imported from its own folders, and the paths where others would be found."""
    installed = (sys.prefix, sys.base_prefix)
    for path in [*sys.path, *(getattr(module, "__file__", None) for module in list(sys.modules.values()))]:
        if path and os.path.isabs(path) and not path.startswith(installed):
            yield path
