"""Several pieces of data in one, with one digest over all of them.

The first line has the name of the format, and the SHA-256 in hexadecimal digits and the length in bytes of the rest.
The second line is JSON: `about`, a description of the pieces, and `sizes`, their lengths in bytes; then the pieces
follow. The digest detects any damage, and reading one file is faster than reading five.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Union

FORMAT = b"rebel-tools pack 1"

Piece = Union[bytes, memoryview]


class Pack(NamedTuple):
    """about: a description of the pieces, any JSON value."""

    about: Any
    pieces: Sequence[Piece]


def packed(pack: Pack) -> bytes:
    """The bytes of a pack."""
    about = {"about": pack.about, "sizes": [len(piece) for piece in pack.pieces]}
    text = json.dumps(about, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape")
    body = b"".join([text, b"\n", *pack.pieces])
    return b"%s %s %d\n%s" % (FORMAT, hashlib.sha256(body).hexdigest().encode(), len(body), body)


def unpacked(data: bytes) -> Pack | None:
    """The pack in these bytes; None if they are not a pack, or if a single bit is wrong."""
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
