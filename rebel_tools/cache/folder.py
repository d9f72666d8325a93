"""A store in a folder of this machine, for the processes of one user.

A file is complete or absent: it is written under a temporary name and then renamed. Files are never modified in place
and never linked into a project, so a process that changes a file of its project cannot change the cache. Readers check
digests, so no locks are needed; there is no index and no counter that could become wrong.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import time

from rebel_tools.memory.atomic import new_file, write_all
from rebel_tools.sconstruct import is_of_this_user

# How often the time stamp of a file that is read is renewed: trimming removes the least recently read files first.
_DATED_S = 24 * 3600

_counter = itertools.count()

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class FolderStore:
    """The store (see `cache.store.Store`) in `folder`, which is created by the first `put`, for its owner only.

    is_readable, is_writable: whether `get` and `put` do anything: another user must not have been able to write there.
    written: how many bytes this process has stored.
    """

    def __init__(self, folder: str, read_only: bool = False) -> None:
        self.folder = folder
        self.is_readable = _is_ours(folder)
        self.is_writable = self.is_readable and not read_only
        self.written = 0
        self._listed: dict[str, list[str]] = {}

    def get(self, kind: str, name: str) -> bytes | None:
        if not self.is_readable:
            return None
        try:
            descriptor = os.open(self._path(kind, name), _READ)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return None
            if self.is_writable and time.time() - status.st_mtime > _DATED_S:
                os.utime(descriptor)
            return _read_all(descriptor, status.st_size)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def put(self, kind: str, name: str, data: bytes) -> bool:
        if not self.is_writable:
            return False
        path = self._path(kind, name)
        temporary = f"{path}.{os.getpid()}.{next(_counter)}~"
        try:
            try:
                descriptor = new_file(temporary, 0o600)
            except FileNotFoundError:
                self._make(os.path.dirname(path))
                descriptor = new_file(temporary, 0o600)
            try:
                write_all(descriptor, data)
            finally:
                os.close(descriptor)
            os.replace(temporary, path)
        except OSError:  # the disk is full, or the folder cannot be written: a build needs no cache
            self.is_writable = False
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            return False
        self.written += len(data)
        return True

    def discard(self, kind: str, name: str) -> None:
        if self.is_writable:
            with contextlib.suppress(OSError):
                os.unlink(self._path(kind, name))

    def names(self, kind: str, beginning: str) -> list[str]:
        """The names with this beginning. Each folder is listed once, so names that are added later are missing."""
        if not self.is_readable:
            return []
        folder = os.path.dirname(self._path(kind, beginning))
        if folder not in self._listed:
            self._listed[folder] = _newest_first(folder)
        return [name for name in self._listed[folder] if name.startswith(beginning)]

    def make_room(self, kind: str, beginning: str, most: int) -> None:
        for name in self.names(kind, beginning)[most:]:
            self.discard(kind, name)

    def _path(self, kind: str, name: str) -> str:
        return f"{self.folder}/{kind}/{name[:2]}/{name}"

    def _make(self, folder: str) -> None:
        os.makedirs(os.path.dirname(self.folder), exist_ok=True)
        for each in (self.folder, os.path.dirname(folder), folder):
            with contextlib.suppress(FileExistsError):
                os.mkdir(each, 0o700)


def _is_ours(folder: str) -> bool:
    """Whether no other user can have written into a folder; true also if it does not exist."""
    try:
        status = os.stat(folder)
        return stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o022 and is_of_this_user(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _newest_first(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not entry.name.endswith("~")]
    except OSError:
        return []
    return sorted(names, key=lambda name: _moment(os.path.join(folder, name)), reverse=True)


def _moment(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _read_all(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size + 1)
    while len(data) < size:
        more = os.read(descriptor, size - len(data))
        if not more:
            break
        data += more
    return data
