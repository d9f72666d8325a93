"""What the user declared about the nodes of a step: Depends(), Ignore(), AddPreAction() and AddPostAction()."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import SCons.Node.FS

from rebel_tools.memory.hashes import text_digest
from rebel_tools.plan.step import Declared


def declared_about(nodes: Sequence[Any]) -> Declared:
    """Files count by their contents, other nodes by their signatures."""
    ignored = frozenset(str(ignored) for node in nodes for ignored in node.ignore or ())
    others = added_actions(nodes)
    depends = [node for each in nodes for node in each.depends or ()]
    files = dict.fromkeys(str(node.rfile()) for node in depends if isinstance(node, SCons.Node.FS.File))
    others += [node.get_csig() for node in depends if not isinstance(node, SCons.Node.FS.File)]
    return Declared(tuple(files), text_digest(*others) if others else "", ignored)


def added_actions(nodes: Sequence[Any]) -> list[str]:
    """The signatures of the actions that the user added to what makes these nodes."""
    executor = nodes[0].get_executor()
    actions = (*executor.pre_actions, *executor.post_actions)
    return [str(a.get_contents(nodes, executor.get_all_sources(), executor.get_build_env())) for a in actions]
