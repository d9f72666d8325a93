"""Digests of files. A file is read again only if its stamp has changed. For several threads."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable
from typing import NamedTuple

from rebel_tools.memory.stamp import Stamp, is_settled, last_change, stamp
from rebel_tools.remote.messages import Digest
from rebel_tools.remote.tree import Input

_PIECE = 1 << 20


class _Known(NamedTuple):
    """stamp: None for a file that may have been written just before it was read."""

    stamp: Stamp
    input: Input


class FileDigests:
    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def input(self, path: str) -> Input | None:
        """The digest of a regular file; None if there is none. Errors: OSError."""
        now = stamp(path)
        if now is None:
            return None
        known = self._known.get(path)
        if known and known.stamp == now:
            return known.input
        try:
            found = _read(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if found is not None:
            settled = is_settled(now[0], time.time_ns()) and stamp(path) == now
            self._known[path] = _Known(now if settled else None, found)
        return found

    def are_as_read(self, inputs: Iterable[tuple[str, Input]]) -> bool:
        """Whether files still have these contents. Errors: OSError."""
        return all(self.input(path) == known for path, known in inputs)

    def state(self, path: str) -> str:
        """A path's digest, or a word for anything but a file, for comparison with another machine."""
        try:
            file = self.input(path)
            return file.digest.hash if file else "folder" if os.path.isdir(path) else "nothing"
        except OSError:
            return "unreadable"


def _read(path: str) -> Input | None:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        digest, size = hashlib.sha256(), 0
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
        return Input(Digest(digest.hexdigest(), size), bool(status.st_mode & 0o100))


def changed_since(path: str, moment: int) -> bool:
    """Whether a file was changed after a time (in nanoseconds since 1970), or shortly before it."""
    try:
        return not is_settled(last_change(os.stat(path)), moment)
    except OSError:
        return False
