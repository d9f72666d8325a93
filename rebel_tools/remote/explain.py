"""Why a command was not found in the shared cache: how it differs from the one that made the same target last.

For that a server also keeps, for each target and program, what its last key was made from: a result without outputs,
whose message is a list of all that counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from rebel_tools.remote import entry
from rebel_tools.remote.command import Asked
from rebel_tools.remote.messages import Digest, Result, digest_of
from rebel_tools.remote.server import Server

_SHOWN = 3  # differences in a sentence


def remember(server: Server, asked: Asked) -> None:
    """A command has made its targets."""
    key = _key(asked)
    result = Result([], stdout=entry.packed(_ingredients(asked)))
    server.keep_result(key, entry.sealed(key, result, (), str))


def reason(server: Server, asked: Asked) -> str:
    """What is different, for a person."""
    key = _key(asked)
    data = server.result(key)
    last = entry.opened(key, data) if data else None
    if last is None or not isinstance(last.result.stdout, bytes):
        return "nobody has made it yet, or what was made is not shared"
    try:
        found = list(_differences(entry.unpacked(last.result.stdout), _ingredients(asked)))
    except (ValueError, TypeError, AttributeError, KeyError):
        return "nobody can tell what it was made from last"
    if not found:
        return "of the same it was made last, but in another folder, or the server has lost it"
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f" and {more} more differences" if more > 0 else "")


def _key(asked: Asked) -> Digest:
    """Of a target and a program, for some are made by one after the other: `ar` and `ranlib`."""
    program = os.path.basename(asked.words[0])
    return digest_of(f"rebel-tools last {asked.target} {program}".encode("utf-8", "surrogateescape"))


def _ingredients(asked: Asked) -> dict[str, Any]:
    """What the key of a command is made from, by kind. Of variables, which may be secret, there are digests only."""
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
        yield "its program is another one"
    if last["words"] != now["words"]:
        removed = [word for word in last["words"] if word not in now["words"]]
        added = [word for word in now["words"] if word not in last["words"]]
        yield f"its command line is another one (`{' '.join(added)}' for `{' '.join(removed)}')"
    for kind, what in (("variables", "the variable {} of its environment"), ("platform", "the property {}")):
        yield from (f"{what.format(name)} is another one" for name in _changed(last[kind], now[kind]))
    if last["folder"] != now["folder"]:
        yield "it runs in another folder"
    for path in _changed(last["files"], now["files"]):
        known, new = last["files"].get(path), now["files"].get(path)
        yield f"{path} {'is new' if known is None else 'is gone' if new is None else 'has changed'}"


def _changed(last: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*last, *now} if last.get(name) != now.get(name))
