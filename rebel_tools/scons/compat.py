"""Every part of SCons that its manual does not describe and that is used here all the same: one list of it.

Where SCons changes one of them, this is the place to look. A test holds the list: no other module imports a module of
SCons that is named here, or touches a name of SCons that begins with `_`, and everything named here is there in the
SCons that is installed. The matrix of `bootstrap.py` runs it with the oldest and the newest one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import SCons.CacheDir
import SCons.Environment
import SCons.Errors
import SCons.Node.FS
import SCons.SConf
import SCons.SConsign
import SCons.Script
import SCons.Script.Interactive
import SCons.Script.Main
import SCons.Script.SConsOptions
import SCons.Taskmaster
import SCons.Util

# SCons has no types: what these names say is for readers.
Environment = Any
Node = Any
Nodes = list[Any]

# The modules that only this one imports.
MODULES = (
    "SCons.CacheDir",
    "SCons.SConf",
    "SCons.SConsign",
    "SCons.Script.Interactive",
    "SCons.Script.Main",
    "SCons.Script.SConsOptions",
    "SCons.Taskmaster",
)

# What nodes have: overridden or called in nodes.py, rpython.py and observe.py.
OF_NODES = (
    "add_to_implicit",
    "add_to_waiting_parents",
    "built",
    "changed",
    "clear",
    "explain",
    "get_binfo",
    "get_build_env",
    "get_cachedir_bsig",
    "get_executor",
    "get_internal_path",
    "get_stored_info",
    "is_up_to_date",
    "make_ready",
    "new_binfo",
    "push_to_cache",
    "release_target_info",
    "retrieve_from_cache",
    "scan",
    "visited",
)

# What runs the steps; `rebel` has a kind of its own, which prints otherwise (front.py).
BuildTask = SCons.Script.Main.BuildTask
OutOfDateTask = SCons.Taskmaster.OutOfDateTask
Interactive = SCons.Script.Interactive.SConsInteractiveCmd
Configure = SCons.SConf.SConfBase


def begin_scan(node: Node) -> None:
    """Have a node depend on its sources alone, before what it depends on besides is added."""
    node.implicit, node.implicit_set = [], set()
    node._children_reset()


def forget_scan(node: Node) -> None:
    """Have a node be scanned once more."""
    node.implicit = None


def found_by_scan(node: Node) -> Nodes:
    return list(node.implicit or ())


def wait_in(node: Node, kind: type[set[Node]]) -> None:
    """Keep the nodes that wait for a node in a set of this kind."""
    if not isinstance(node.waiting_parents, kind):
        node.waiting_parents = kind(node.waiting_parents)


def node_list(nodes: Iterable[Node] = ()) -> Nodes:
    """What builders return: a list whose attributes are those of its nodes."""
    made: Nodes = SCons.Util.NodeList(nodes)
    return made
