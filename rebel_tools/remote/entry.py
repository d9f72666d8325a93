"""Entries of the shared cache: a result, with a note of the system files that its command consulted.

A key covers what a command declared. Nobody declares the system files that it reads, such as headers of the C library;
but a trace lists them, including files that it looked for and did not find. Another machine compares them with its own
before it uses the result. The note also has a digest of the key and the whole result, so that entries that are damaged
or belong to another key are rejected.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from rebel_tools.memory.json_file import json_value
from rebel_tools.remote.messages import Digest, Result, result_from

_LARGEST = 1 << 24  # bytes of a note
_DIGITS = 16  # of the digest of each consulted file

State = Callable[[str], str]


class Entry(NamedTuple):
    """consulted: path of a system file -> the first digits of its digest, or a word such as `nothing`."""

    result: Result
    consulted: Mapping[str, str]


def sealed(key: Digest, result: Result, consulted: Iterable[str], state: State) -> bytes:
    """The bytes of an entry. consulted: absolute paths outside the project; state: path -> digest, or a word."""
    about = [_seal(key, result), {path: state(path)[:_DIGITS] for path in consulted}]
    return result._replace(note=packed(about)).encode()


def opened(key: Digest, data: bytes) -> Entry | None:
    """The entry; None if it is damaged, belongs to another key, or was not written by `sealed`."""
    try:
        result = result_from(data)
        seal, consulted = unpacked(result.note)
        is_right = all(isinstance(each, str) for pair in consulted.items() for each in pair)
        return Entry(result, consulted) if is_right and seal == _seal(key, result) else None
    except (ValueError, TypeError, AttributeError):
        return None


def of_a_worker(data: bytes) -> Result | None:
    """A result without a note, as stored by the worker of an engine; None for anything else."""
    try:
        result = result_from(data)
        return None if result.note else result
    except ValueError:
        return None


def different(consulted: Mapping[str, str], state: State) -> str:
    """The first path at which this machine differs from the one that made a result; '' if there is none."""
    return next((path for path, known in consulted.items() if state(path)[:_DIGITS] != known), "")


def packed(about: Any) -> bytes:
    return zlib.compress(json.dumps(about).encode(), 6)


def unpacked(data: bytes) -> Any:
    """Errors: ValueError for data that is damaged or far too large."""
    try:
        return json_value(zlib.decompressobj().decompress(data, _LARGEST))
    except zlib.error as error:
        raise ValueError(str(error)) from None


def _seal(key: Digest, result: Result) -> str:
    return hashlib.sha256(f"{key.hash} {key.size} ".encode() + result._replace(note=b"").encode()).hexdigest()
