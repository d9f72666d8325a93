"""The files that a build looks at, as an object: a real folder, or one in the memory of a test.

The code that decides what to build asks a `Disk`, never the system, so a test of a graph and an edit takes
milliseconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Protocol

# A buffer of this size is reused; the system would have to map new pages for a much larger one each time.
_CHUNK = 65536
_DIGITS = 24  # of a digest


class Disk(Protocol):
    """A folder and everything below it. Paths are relative to it, or absolute."""

    @property
    def root(self) -> str:
        """Where the folder is, for programs that run in it."""

    def now(self) -> int:
        """The time in nanoseconds, by the clock of file time stamps."""

    def status(self, path: str) -> os.stat_result | None:
        """The status of a file, following links; None when it does not exist."""

    def content_digest(self, path: str) -> str:
        """A digest over the contents of a file. Errors: OSError."""

    def starts_with(self, path: str, data: bytes) -> bool:
        """Whether the contents of a regular file begin so. Errors: OSError."""

    def names(self, folder: str) -> list[str]:
        """The names in a folder; none if it cannot be listed."""

    def remove(self, path: str) -> None:
        """Remove a file. Errors: OSError."""

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder. Errors: OSError."""


class RealDisk:
    """The folder `root` of this machine."""

    def __init__(self, root: str) -> None:
        self.root = root

    def now(self) -> int:
        return time.time_ns()

    def status(self, path: str) -> os.stat_result | None:
        try:
            return os.stat(os.path.join(self.root, path))
        except OSError:
            return None

    def content_digest(self, path: str) -> str:
        return content_digest(os.path.join(self.root, path))

    def starts_with(self, path: str, data: bytes) -> bool:
        with open(os.path.join(self.root, path), "rb") as file:
            return file.read(len(data)) == data

    def names(self, folder: str) -> list[str]:
        try:
            return os.listdir(os.path.join(self.root, folder))
        except OSError:
            return []

    def remove(self, path: str) -> None:
        os.unlink(os.path.join(self.root, path))

    def remove_folder(self, path: str) -> None:
        os.rmdir(os.path.join(self.root, path))


def folders_above(paths: Iterable[str]) -> set[str]:
    """All folders above these paths: SCons may remember that one exists and not create it again."""
    found: set[str] = set()
    for path in paths:
        folder = os.path.dirname(path)
        while folder and folder not in found:
            found.add(folder)
            folder = os.path.dirname(folder)
    return found


def content_digest(path: str) -> str:
    """The first 24 hexadecimal digits of the SHA-256 of a file. Errors: OSError.

    Processors have instructions for SHA-256, which makes it three times as fast as BLAKE2.
    """
    import hashlib  # imported late: it loads OpenSSL, and a null build needs no digest

    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as f:
        while chunk := f.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:_DIGITS]


def data_digest(data: bytes) -> str:
    """The `content_digest` of a file with these contents."""
    import hashlib

    return hashlib.sha256(data).hexdigest()[:_DIGITS]
