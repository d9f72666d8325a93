"""Why a command was not found in the shared cache: how it differs from the last command for the same target.

To find that out, a server also stores, for each target and program, the ingredients of the last key: as a result
without outputs, whose standard output is the list.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rebel_tools.remote import entry
from rebel_tools.remote.command import Asked
from rebel_tools.remote.messages import Digest, Result, digest_of
from rebel_tools.remote.server import Server

_SHOWN = 3  # differences in a sentence


def remember(server: Server, asked: Asked) -> None:
    """Store the ingredients of the key of a command that has made its targets."""
    key = _key(asked)
    result = Result([], stdout=entry.packed(_ingredients(asked)))
    server.keep_result(key, entry.sealed(key, result, (), str))


def reason(server: Server, asked: Asked) -> str:
    """The differences, for people."""
    key = _key(asked)
    data = server.result(key)
    last = entry.opened(key, data) if data else None
    if last is None or not isinstance(last.result.stdout, bytes):
        return "it has not been built yet, or the result was not shared"
    try:
        found = list(_differences(entry.unpacked(last.result.stdout), _ingredients(asked)))
    except (ValueError, TypeError, AttributeError, KeyError):
        return "it is not known what it was made from last"
    if not found:
        return "it was made from the same inputs in a different folder, or the server has deleted it"
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f" and {more} more differences" if more > 0 else "")


def _key(asked: Asked) -> Digest:
    """The name of the stored ingredients: of target and program, because a target can need two (`ar` and `ranlib`)."""
    program = os.path.basename(asked.words[0])
    return digest_of(f"rebel-tools last {asked.target} {program}".encode("utf-8", "surrogateescape"))


def _ingredients(asked: Asked) -> dict[str, Any]:
    """What the key of a command is made from, by kind. Variables may be secret, so only their digests are stored."""
    files = {path: f"{found.digest.hash[:16]} {found.is_executable:d}" for path, found in asked.inside.items()}
    files.update({path: found.digest.hash[:16] for path, found in asked.outside.items()})
    return {
        "words": asked.named_words(),
        "variables": {name: digest_of(value.encode()).hash[:16] for name, value in asked.variables.items()},
        "platform": dict(asked.platform),
        "program": asked.program[:16],
        "folder": asked.folder,
        "files": files,
    }


def _differences(last: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if last["program"] != now["program"]:
        yield "its program has changed"
    if last["words"] != now["words"]:
        yield f"its command line has changed ({_words_changed(last['words'], now['words'])})"
    for kind, what in (("variables", "the environment variable"), ("platform", "the platform property")):
        yield from (f"{what} {name} has changed" for name in _changed(last[kind], now[kind]))
    if last["folder"] != now["folder"]:
        yield "its working directory has changed"
    for path in _changed(last["files"], now["files"]):
        known, new = last["files"].get(path), now["files"].get(path)
        yield f"{path} {'is new' if known is None else 'was removed' if new is None else 'has changed'}"


def _words_changed(last: Sequence[str], now: Sequence[str]) -> str:
    removed = " ".join(word for word in last if word not in now)
    added = " ".join(word for word in now if word not in last)
    if added and removed:
        return f"`{added}' instead of `{removed}'"
    return f"with `{added}'" if added else f"without `{removed}'" if removed else "the order of its words"


def _changed(last: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*last, *now} if last.get(name) != now.get(name))
