"""A stream that is read once, from the beginning to the end, and the numbers in the headers of tar files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.errors import Place

BLOCK = 512

_PIECE = 1 << 16
_OCTAL = re.compile(rb"[ \0]*([0-7]*)([ \0].*)?", re.DOTALL)
_DECIMAL = re.compile(rb"\d{1,19}")


class Stream(Protocol):
    """Something with `read`, which may return fewer bytes than `size`; it returns none only at the end."""

    def read(self, size: int, /) -> bytes: ...


class Run(NamedTuple):
    """`length` bytes of a file, which are in the stream if they are `stored`, and otherwise are zeros."""

    length: int
    stored: bool


class Tape:
    """The stream of the tar file `name`; `at` is the number of bytes that were read."""

    def __init__(self, stream: Stream, name: str) -> None:
        self.at = 0
        self._stream = stream
        self._name = name

    def take(self, size: int) -> bytes:
        """The next `size` bytes. Errors: UnreadableBinary if there are fewer."""
        pieces = []
        left = size
        while left:
            piece = self._stream.read(min(left, _PIECE))
            if not piece:
                raise self.error("it is cut off")
            pieces.append(piece)
            left -= len(piece)
            self.at += len(piece)
        return b"".join(pieces)

    def skip_to(self, at: int) -> None:
        while self.at < at:
            self.take(min(at - self.at, _PIECE))

    def block(self) -> bytes:
        """The next 512 bytes, or none at the end of the stream."""
        first = self._stream.read(BLOCK)
        self.at += len(first)
        return first + self.take(BLOCK - len(first)) if first else b""

    def number(self, field: bytes) -> int:
        """A number in a header: octal digits, or if the first byte is 0x80, the big-endian bytes of a large number."""
        if field[0] == 0x80:
            return int.from_bytes(field[1:], "big")
        octal = _OCTAL.fullmatch(field)
        if not octal:
            raise self.error(f"a header has the number {field!r}")
        return int(octal[1] or b"0", 8)

    def decimal(self, text: bytes) -> int:
        """A number in an extended header."""
        if not _DECIMAL.fullmatch(text):
            raise self.error(f"an extended header has the number {text[:20]!r}")
        return int(text)

    def error(self, message: str, expected: str | None = None) -> UnreadableBinary:
        """An UnreadableBinary about the current position, to be raised by the caller."""
        place = f"at byte {self.at} of the unpacked tar"
        return UnreadableBinary(
            f"the archive is damaged: {message} ({place})", place=Place(self._name), expected=expected
        )


class Contents:
    """A file in the tar as a stream; it begins at the current position and consists of `runs`."""

    def __init__(self, tape: Tape, runs: Iterator[Run]) -> None:
        self._tape = tape
        self._runs = runs
        self._run = Run(0, True)

    def read(self, size: int, /) -> bytes:
        """The next `size` bytes, fewer at the end of the file. The tape must not have been moved otherwise."""
        pieces = []
        while size > 0:
            if not self._run.length:
                following = next(self._runs, None)
                if following is None:
                    break
                self._run = following
            count = min(size, self._run.length)
            pieces.append(self._tape.take(count) if self._run.stored else bytes(count))
            self._run = self._run._replace(length=self._run.length - count)
            size -= count
        return b"".join(pieces)


def padded(size: int) -> int:
    """`size`, rounded up to whole blocks."""
    return -(-size // BLOCK) * BLOCK
