"""Bounded random access to the bytes of one binary: a file on disk or a member of an archive.

Regions are read when they are needed. They are not mapped, because a process is killed if a mapped file shrinks. A
region outside the file is an error, so the memory that a reader uses is limited by the size of its file.
"""

from __future__ import annotations

import io
import os
import stat
from typing import BinaryIO

from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.errors import Place


class Source:
    """The bytes of one file. `name` is used in errors, `size` is in bytes, `stream` is a seekable binary file."""

    def __init__(self, name: str, stream: BinaryIO, size: int) -> None:
        self.name = name
        self.stream = stream
        self.size = size

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> Source:
        return cls(name, io.BytesIO(data), len(data))

    @classmethod
    def from_path(cls, path: str, name: str | None = None) -> Source:
        """Open a regular file. Errors: UnreadableBinary, also for a pipe or a device, which might block."""
        name = name or os.fspath(path)
        try:
            mode = os.stat(path).st_mode
            if not stat.S_ISREG(mode):
                kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
                raise UnreadableBinary(f"this is {kind}", place=Place(name), expected="a shared library")
            stream = open(path, "rb")  # noqa: SIM115 - closed by close()
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            reason = getattr(error, "strerror", None) or error
            raise UnreadableBinary(f"cannot be read: {reason}", place=Place(name)) from error
        return cls(name, stream, os.fstat(stream.fileno()).st_size)

    def close(self) -> None:
        self.stream.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, offset: int, size: int, what: str) -> bytes:
        """`size` bytes at `offset`. Errors: UnreadableBinary about `what` if the file does not contain them all."""
        data = b""
        if offset >= 0 and size >= 0 and offset + size <= self.size:
            self.stream.seek(offset)
            data = self.stream.read(size)
        if len(data) != size or size < 0:
            raise self.error(
                f"{what} reaches outside of the file",
                offset,
                expected=f"{size} bytes at {offset:#x} in a file of {self.size} bytes",
            )
        return data

    def read_part(self, part: tuple[int, int], size: int, what: str, whole: str) -> bytes:
        """The first `size` bytes of a part of the file, (offset, length), which is in a `whole` such as a section."""
        offset, available = part
        if size > available:
            raise self.error(
                f"{what} reaches outside of its {whole}",
                offset,
                expected=f"{size} bytes, the {whole} holds {max(available, 0)}",
            )
        return self.read(offset, size, what)

    def head(self, size: int) -> bytes:
        """The first `size` bytes, or all of a shorter file."""
        self.stream.seek(0)
        return self.stream.read(size)

    def error(
        self, message: str, offset: int | None = None, *, expected: str | None = None, hint: str | None = None
    ) -> UnreadableBinary:
        """An UnreadableBinary about this file, to be raised by the caller."""
        return UnreadableBinary(message, place=Place(self.name, offset=offset), expected=expected, hint=hint)
