"""Several pieces of data in one, with one digest over all of them.

The first line has the name of the format, the SHA-256 of what follows it in hexadecimal digits, and how many bytes that
is; the second line is JSON: `about`, what is said about the pieces, and `sizes`, how long they are; then the pieces
follow. A digest over everything tells damage of any kind from what was put here, and one file is read in place of five.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Union

FORMAT = b"rebel-tools pack 1"

Piece = Union[bytes, memoryview]


class Pack(NamedTuple):
    about: Any
    pieces: Sequence[Piece]


def packed(pack: Pack) -> bytes:
    """The bytes of a pack. `about` is what JSON can have."""
    about = {"about": pack.about, "sizes": [len(piece) for piece in pack.pieces]}
    text = json.dumps(about, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape")
    body = b"".join([text, b"\n", *pack.pieces])
    return b"%s %s %d\n%s" % (FORMAT, hashlib.sha256(body).hexdigest().encode(), len(body), body)


def unpacked(data: bytes) -> Pack | None:
    """What was packed; None for anything else, and for a pack of which one bit is another one."""
    end = data.find(b"\n") + 1
    body = memoryview(data)[end:]
    if data[:end] != b"%s %s %d\n" % (FORMAT, hashlib.sha256(body).hexdigest().encode(), len(body)):
        return None
    start = data.index(b"\n", end) + 1
    about = json.loads(data[end:start].decode("utf-8", "surrogateescape"))
    pieces = []
    for size in about["sizes"]:
        pieces.append(memoryview(data)[start : start + size])
        start += size
    return Pack(about["about"], pieces)
