"""Digests of files, remembered by their status, so that an unchanged file is not read twice."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rebel_tools.memory.hashes import text_digest
from rebel_tools.memory.stamp import RACY_NS, Stamp, is_settled, last_change

if TYPE_CHECKING:
    from rebel_tools.memory.disk import Disk

# By path, in the form of JSON: the numbers of a stamp, then the digest.
Remembered = dict[str, list[Any]]


class Files:
    """Digests of the files of a disk, by path.

    remembered: digests from this and earlier builds; changed: whether they have to be saved.
    """

    def __init__(self, disk: Disk, remembered: Remembered):
        self.disk = disk
        self.remembered = remembered
        self.changed = False
        self._now: dict[str, str | None] = {}
        self._read: dict[str, Stamp] = {}  # digests of files that were read in this run
        self._trusted: Mapping[str, Stamp] = {}
        self._doubted: set[str] = set()

    def digest(self, path: str) -> str | None:
        """The digest of the file's contents; None without such a file."""
        try:
            return self._now[path]
        except KeyError:
            digest = self._now[path] = self._trusted_digest(path) or self._digest(path, 0)
            return digest

    def digest_of_all(self, paths: Iterable[str]) -> str:
        """A digest over the contents of several files, which need not exist."""
        return text_digest(*(self.digest(path) or "" for path in paths))

    def written(self, path: str) -> str | None:
        """The digest of a file that a program has just written; the program has ended."""
        digest = self._now[path] = self._digest(path, RACY_NS)
        return digest

    def note(self, path: str, known: Stamp, digest: str) -> None:
        """Store the stamp and the digest of a file that this process has just written."""
        self._now[path] = digest
        self._read[path] = known
        self.remembered[path] = [*(known or ()), digest]
        self.changed = True

    def trust(self, stamps: Mapping[str, Stamp], changed: Iterable[str]) -> None:
        """From now on take these stamps as current without checking the files again, except the `changed` ones."""
        self._trusted, self._doubted = stamps, set(changed)

    def _trusted_digest(self, path: str) -> str | None:
        if path in self._doubted:
            return None
        known = self._trusted.get(path)
        remembered = self.remembered.get(path)
        if known is None or remembered is None or remembered[:3] != known:
            return None
        return str(remembered[3])

    def forget(self, path: str) -> None:
        """Drop what was read of a file in this run, because it may have changed since."""
        self._doubted.add(path)
        self._now.pop(path, None)

    def _digest(self, path: str, age: int) -> str | None:
        status = self.disk.status(path)
        if status is None:
            self.changed |= self.remembered.pop(path, None) is not None
            return None
        moment = last_change(status)
        known = self.remembered.get(path)
        if known and known[0] == moment and known[1] == status.st_size and known[2] == status.st_ino:
            return str(known[3])
        if not stat.S_ISREG(status.st_mode):
            return None
        digest = self.disk.content_digest(path)
        self._read[path] = [moment, status.st_size, status.st_ino]
        settled = is_settled(moment, self.disk.now() + age)
        self.remembered[path] = [moment if settled else 0, status.st_size, status.st_ino, digest]
        self.changed = True
        return digest

    def is_as_read(self, path: str) -> bool:
        """Whether the file is unchanged since its digest was taken; to be asked after a program has read it."""
        status, known = self.disk.status(path), self.remembered.get(path, [0, 0, 0, ""])
        if status is None:
            return True
        now = [last_change(status), status.st_size, status.st_ino]
        # If the file was written so recently that its stamp proves nothing, compare the contents.
        return now == self._read.get(path, known[:3]) and (known[0] != 0 or known[3] == self.disk.content_digest(path))

    def has_contents_as_read(self, path: str) -> bool:
        """Like `is_as_read`, for a file that only this build writes: a new hard link may change its status."""
        return path in self.remembered and self.remembered[path][3] == self.disk.content_digest(path)
