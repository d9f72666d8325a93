"""Entries of the shared cache: a result, with a note of what its command looked at on the machine that made it.

A key holds what a command declared. What it reads of the machine besides, such as the headers of the C library, nobody
declares; but a trace has told it, absences included, so that another machine can compare before it takes the result.
The note also has a digest over the key and the whole result: an entry that is damaged, or that of another key, is none.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence

from rebel_tools.remote.messages import Digest, Result, result_from

_LARGEST = 1 << 24  # bytes of a note


def sealed(key: Digest, result: Result, consulted: Sequence[str], state: Callable[[str], str]) -> bytes:
    """The bytes of an entry. consulted: absolute paths outside of the project. state: says what lies at one."""
    about = [_seal(key, result), _states(consulted, state), list(consulted)]
    return result._replace(note=zlib.compress(json.dumps(about).encode(), 6)).encode()


def opened(key: Digest, data: bytes) -> tuple[Result, str, list[str]] | None:
    """The result, the digest over what its command consulted, and the paths of that.

    None for what is damaged, belongs to another key, or was put there by somebody else.
    """
    try:
        result = result_from(data)
        unpacker = zlib.decompressobj()
        seal, states, consulted = json.loads(unpacker.decompress(result.note, _LARGEST))
        is_right = isinstance(states, str) and all(isinstance(path, str) for path in consulted)
        return (result, states, consulted) if is_right and seal == _seal(key, result) else None
    except (ValueError, TypeError, zlib.error):
        return None


def of_a_worker(data: bytes) -> Result | None:
    """A result that somebody else has put there, who noted nothing; None for what is none."""
    try:
        result = result_from(data)
        return None if result.note else result
    except ValueError:
        return None


def fits(states: str, consulted: Sequence[str], state: Callable[[str], str]) -> bool:
    """Whether this machine is, where a command looks at it, as the one that made a result."""
    return _states(consulted, state) == states


def _seal(key: Digest, result: Result) -> str:
    return hashlib.sha256(f"{key.hash} {key.size} ".encode() + result._replace(note=b"").encode()).hexdigest()


def _states(consulted: Sequence[str], state: Callable[[str], str]) -> str:
    digest = hashlib.sha256()
    for path in consulted:
        digest.update(f"{path}\0{state(path)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
