"""The files that a build looks at, as an object: a folder of the machine, or one that exists in a test's memory only.

What decides about a build asks a disk and never the system, so that a graph and an edit can be tried in a millisecond.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Protocol

# So much memory is used again and again; for much more the system would have to find new pages each time.
_CHUNK = 65536


class Disk(Protocol):
    """A folder with all that lies below it. Paths are relative to it, or absolute."""

    @property
    def root(self) -> str:
        """Where the folder is, for programs that run in it."""

    def now(self) -> int:
        """The time in nanoseconds, by the clock that dates files."""

    def status(self, path: str) -> os.stat_result | None:
        """What is known of a file without reading it, through links; None when there is none."""

    def content_digest(self, path: str) -> str:
        """A digest over the contents of a file. Errors: OSError."""

    def names(self, folder: str) -> list[str]:
        """What lies in a folder; nothing in one that cannot be listed."""

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
    """All folders in which these paths lie, whatever their depth: SCons may have seen one, and not make it again."""
    found: set[str] = set()
    for path in paths:
        folder = os.path.dirname(path)
        while folder and folder not in found:
            found.add(folder)
            folder = os.path.dirname(folder)
    return found


def content_digest(path: str) -> str:
    """The first 12 bytes of SHA-256, for which processors have instructions: three times as fast as BLAKE2."""
    import hashlib  # not in order to see that nothing has changed: it loads OpenSSL

    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as f:
        while chunk := f.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:24]
