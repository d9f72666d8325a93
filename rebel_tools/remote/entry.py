"""Entries of the shared cache: a result, with a note of what its command looked at on the machine that made it.

A key holds what a command declared. What it reads of the machine besides, such as the headers of the C library, nobody
declares; but a trace has told it, absences included, so that another machine can compare before it takes the result.
The note also has a digest over the key and the whole result: an entry that is damaged, or that of another key, is none.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from rebel_tools.remote.messages import Digest, Result, result_from

_LARGEST = 1 << 24  # bytes of a note
_DIGITS = 16  # of a digest of what lies at a path

State = Callable[[str], str]


class Entry(NamedTuple):
    """consulted: paths of the machine, and of each a part of the digest of what was there."""

    result: Result
    consulted: Mapping[str, str]


def sealed(key: Digest, result: Result, consulted: Iterable[str], state: State) -> bytes:
    """The bytes of an entry. consulted: absolute paths outside of the project. state: says what lies at one."""
    about = [_seal(key, result), {path: state(path)[:_DIGITS] for path in consulted}]
    return result._replace(note=packed(about)).encode()


def opened(key: Digest, data: bytes) -> Entry | None:
    """None for what is damaged, belongs to another key, or was put there by somebody else."""
    try:
        result = result_from(data)
        seal, consulted = unpacked(result.note)
        is_right = all(isinstance(each, str) for pair in consulted.items() for each in pair)
        return Entry(result, consulted) if is_right and seal == _seal(key, result) else None
    except (ValueError, TypeError, AttributeError):
        return None


def of_a_worker(data: bytes) -> Result | None:
    """A result that somebody else has put there, who noted nothing; None for what is none."""
    try:
        result = result_from(data)
        return None if result.note else result
    except ValueError:
        return None


def different(consulted: Mapping[str, str], state: State) -> str:
    """The first path at which this machine is not as the one that made a result; '' where it is the same for it."""
    return next((path for path, known in consulted.items() if state(path)[:_DIGITS] != known), "")


def packed(about: Any) -> bytes:
    return zlib.compress(json.dumps(about).encode(), 6)


def unpacked(data: bytes) -> Any:
    """Errors: ValueError for what is damaged, or much too large."""
    try:
        return json.loads(zlib.decompressobj().decompress(data, _LARGEST))
    except zlib.error as error:
        raise ValueError(str(error)) from None


def _seal(key: Digest, result: Result) -> str:
    return hashlib.sha256(f"{key.hash} {key.size} ".encode() + result._replace(note=b"").encode()).hexdigest()
