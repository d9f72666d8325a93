"""What an action declares, from the nodes of its executor."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import SCons.Node.Alias
import SCons.Node.FS
import SCons.Util

from rebel_tools.sandbox.model import Declared
from rebel_tools.scons.compat import top_folder


def declared(targets: list[Any], sources: list[Any], env: Any) -> Declared:
    """The files that the action for `targets` may read and write.

    Inputs are sources, scanned dependencies, and those of Depends(). Files that may be read but are not compared are
    those of Requires(), Ignore() and `$SANDBOX_READS`, and what a builder itself allows (see `_besides`).
    """
    top = top_folder()
    inputs, outputs, extra = _Paths(), _Paths(), _Paths()
    for node in targets:
        inputs.add([*(node.sources or ()), *(node.depends or ()), *(node.implicit or ())])
        extra.add([*(node.prerequisites or ()), *_besides(node)])
        for made in (node, *node.side_effects):
            paths = outputs.folders if isinstance(made, SCons.Node.FS.Dir) else outputs.files
            paths.update([made.get_abspath()] if isinstance(made, SCons.Node.FS.Base) else [])
        outputs.files.update(os.path.join(top, path) for path in _more_outputs(node))
    inputs.add(sources)
    extra.add(_nodes(env, env.get("SANDBOX_READS")))
    return Declared(
        top,
        str(targets[0].get_internal_path() if hasattr(targets[0], "get_internal_path") else targets[0]),
        frozenset(inputs.files),
        frozenset(extra.files),
        frozenset(outputs.files),
        (*inputs.folders, *extra.folders),
        tuple(outputs.folders),
    )


class _Paths:
    """Absolute paths of nodes: of files, and of folders."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self._aliases: set[Any] = set()

    def add(self, nodes: Iterable[Any]) -> None:
        for node in nodes:
            if isinstance(node, str):
                self.files.add(node)
            elif isinstance(node, SCons.Node.FS.Dir):
                self.folders.update({node.get_abspath(), node.srcnode().get_abspath()})
            elif isinstance(node, SCons.Node.FS.Base):
                # In the tree, in a repository, or beside a variant folder without duplicates.
                each = {node.get_abspath(), node.rfile().get_abspath(), node.srcnode().get_abspath()}
                self.files.update(each)
            elif isinstance(node, SCons.Node.Alias.Alias) and node not in self._aliases:
                self._aliases.add(node)
                self.add([*node.sources, *node.depends])


def _nodes(env: Any, given: Any) -> list[Any]:
    return [env.arg2nodes(value, env.fs.Entry)[0] for value in SCons.Util.flatten([given or []])]


def _besides(node: Any) -> Iterable[Any]:
    """Files that the action of a builder may read although SCons must not compare them.

    The session decides whether an OCaml step is up to date, from what the compiler consulted; an extension depends on
    the table of its core and not on the library.
    """
    attributes = node.attributes
    yield from node.ignore or ()
    yield from getattr(attributes, "sandbox_reads", ())
    session = getattr(attributes, "rebel_session", None)
    if session is not None:
        top = top_folder()
        yield from (os.path.normpath(os.path.join(top, path)) for path in session.may_read(attributes.rebel_step))


def _more_outputs(node: Any) -> tuple[str, ...]:
    """The outputs of a step of which SCons knows only the first."""
    session = getattr(node.attributes, "rebel_session", None)
    if session is None:
        return ()
    return tuple(session.writes(node.attributes.rebel_step))
