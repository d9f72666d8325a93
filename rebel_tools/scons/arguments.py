"""The arguments of the builders: targets and sources as nodes, and clear errors for anything else."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import SCons.Node.FS
import SCons.Util

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.names import SUFFIXES
from rebel_tools.project.names import is_module
from rebel_tools.scons.compat import Environment, Node, Nodes, top


def target_file(
    env: Environment, target: Nodes, suffix: str = "", other_suffixes: Iterable[str] = ()
) -> SCons.Node.FS.File:
    """The one target of a builder, with `suffix` in place of any of the `other_suffixes`.

    Errors: no target, several, or a folder.
    """
    targets = [] if target is None else SCons.Util.flatten([target])
    if len(targets) != 1:
        raise RebelError(f"a builder of OCaml makes one target, not {len(targets)}", expected="one name")
    (name,) = targets
    if isinstance(name, SCons.Node.Node):
        if not suffix:
            return _file(name, "target")
        name = from_top(name.get_internal_path())
    else:
        name = env.subst(str(name), raw=1)
    old = next((s for s in (suffix, *other_suffixes) if s and name.endswith(s)), "")
    return _file(env.fs.Entry(name[: len(name) - len(old)] + suffix), "target")


def source_files(env: Environment, source: Any) -> list[SCons.Node.FS.File]:
    """The nodes of the sources of a builder. Errors: no sources, a folder, or something that is not a file."""
    nodes = env.arg2nodes(SCons.Util.flatten([] if source is None else [source]), env.fs.Entry)
    if not nodes:
        raise RebelError("a builder of OCaml got no sources", expected=f"files with {', '.join(SUFFIXES)}")
    return [_file(node, "source") for node in nodes]


def _file(node: Node, what: str) -> SCons.Node.FS.File:
    node = node.disambiguate()
    if isinstance(node, SCons.Node.FS.Dir):
        raise RebelError(f"the {what} `{node}` is a folder", expected="a file")
    if not isinstance(node, SCons.Node.FS.Base):
        raise RebelError(f"the {what} `{node}` is not a file")
    node.must_be_same(SCons.Node.FS.File)
    return node


def path_of(node: SCons.Node.FS.File) -> str:
    """The path for a command line, relative to the folder of the SConstruct.

    str(node) is the same, except that while SConscript files are read it is relative to the SConscript's folder. A
    source that does not exist here may be in a Repository(); its built files are copied when they are up to date.
    """
    if node.is_derived():
        node.set_local()
    if node.duplicate or node.is_derived():
        return str(node.get_internal_path())
    source = node.srcnode()
    found = source if source.exists() or not node.exists() else node
    return str(found.rfile().get_internal_path())


def has_repositories() -> bool:
    """Whether files that do not exist here may be in a repository."""
    return bool(top().getRepositories())


def known_file(folder: SCons.Node.FS.Dir, name: str) -> SCons.Node.FS.File | None:
    """The node of a file in a folder that exists here or in a repository, or that some builder makes.

    Glob() would also find a node that exists only because some code looked it up.
    """
    places = [os.path.join(place.get_abspath(), name) for place in folder.get_all_rdirs()]
    known = folder.entries.get(name)
    return folder.File(name) if known and known.is_derived() or any(map(os.path.isfile, places)) else None


def from_top(path: str) -> str:
    """A path relative to the folder of the SConstruct, as SCons' functions expect it."""
    return path if os.path.isabs(path) else "#" + path


def output_file(env: Environment, path: str) -> SCons.Node.FS.File:
    """The node of an output file, by its path relative to the folder of the SConstruct."""
    try:
        return env.fs.File(from_top(path))
    except TypeError:
        if os.path.isdir(os.path.join(env.Dir("#").get_abspath(), path)):
            raise RebelError(f"`{path}` is a folder", expected="a file that is built", hint="remove it") from None
        raise RebelError(f"`{path}` is below a file", expected="an output folder") from None


def checked_module(name: str, node: Node) -> str:
    """`name`, if it can be the name of a module."""
    if not is_module(name):
        raise RebelError(
            f"the name of `{node}` cannot be the name of a module",
            expected="letters, digits, _ and ', starting with a letter (no -)",
            hint="rename it, or set OCAMLNAMESPACE" if name == str(node) else "rename the file",
        )
    return name
