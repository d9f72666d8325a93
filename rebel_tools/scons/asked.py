"""Checks the targets on the command line before anything is built."""

from __future__ import annotations

import os
from typing import Any

import SCons.Script

from rebel_tools.errors import RebelError
from rebel_tools.nearest import nearest
from rebel_tools.scons import places
from rebel_tools.scons.compat import is_alias
from rebel_tools.text import quote


def check_targets(env: Any, names: list[str]) -> None:
    """Check the targets on the command line.

    Errors: RebelError for a word that is neither a target, nor a built file, nor an existing file or folder.

    names: the targets of package.json, the default ones first.
    """
    for word in map(str, SCons.Script.COMMAND_LINE_TARGETS):
        if not is_alias(word) and not _is_known(env.fs.Entry(word)):
            raise _unknown(word, names)


def _is_known(node: Any) -> bool:
    return bool(node.disambiguate().has_builder() or node.exists())


def _unknown(word: str, names: list[str]) -> RebelError:
    built = [node.get_internal_path() for node in places.file_nodes() if node.has_builder()]
    files = {os.path.basename(path): path for path in built}
    near = nearest(word, [*names, *built]) or [files[name] for name in nearest(os.path.basename(word), files)]
    return RebelError(
        f"there is no target {quote(word)}",
        expected=", ".join(names) + (f", or a file that is built, such as {min(built, key=len)}" if built else ""),
        hint=f"did you mean {' or '.join(near)}?" if near else None,
    )
