"""Digests of files, remembered by their status, so that an unchanged file is not read twice."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

try:
    from _blake2 import blake2b  # where hashlib has it from, which would load OpenSSL besides
except ImportError:
    from hashlib import blake2b

from rebel_tools.memory.stamp import RACY_NS, Stamp, is_settled, last_change

if TYPE_CHECKING:
    from rebel_tools.memory.disk import Disk

# By path, as JSON has it: the numbers of a stamp, and then the digest.
Remembered = dict[str, list[Any]]


class Files:
    """Digests of the files of a disk, by path.

    remembered: of this and earlier builds; `changed` when it is to be saved.
    """

    def __init__(self, disk: Disk, remembered: Remembered):
        self.disk = disk
        self.remembered = remembered
        self.changed = False
        self._now: dict[str, str | None] = {}
        self._read: dict[str, Stamp] = {}  # of files that were read in this run
        self._trusted: Mapping[str, Stamp] = {}
        self._doubted: set[str] = set()

    def digest(self, path: str) -> str | None:
        """The digest of the file's contents, None when there is no such file."""
        try:
            return self._now[path]
        except KeyError:
            digest = self._now[path] = self._trusted_digest(path) or self._digest(path, 0)
            return digest

    def digest_of_all(self, paths: Iterable[str]) -> str:
        """A digest over the contents of several files, be they there or not."""
        return text_digest(*(self.digest(path) or "" for path in paths))

    def written(self, path: str) -> str | None:
        """The digest of a file that a program, which has ended, has just written."""
        digest = self._now[path] = self._digest(path, RACY_NS)
        return digest

    def note(self, path: str, known: Stamp, digest: str) -> None:
        """A file that this process has just written has this status and this digest."""
        self._now[path] = digest
        self._read[path] = known
        self.remembered[path] = [*(known or ()), digest]
        self.changed = True

    def trust(self, stamps: Mapping[str, Stamp], changed: Iterable[str]) -> None:
        """Files, apart from those that changed, are known to have these stamps: they need not be looked at again."""
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
        """The file may have changed since it was last asked for in this run."""
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
        """Whether nobody has written the file since its digest was made; to be asked when a program has read it."""
        status, known = self.disk.status(path), self.remembered.get(path, [0, 0, 0, ""])
        if status is None:
            return True
        now = [last_change(status), status.st_size, status.st_ino]
        # Where the stamp proves nothing, for the file was just written, its contents have to.
        return now == self._read.get(path, known[:3]) and (known[0] != 0 or known[3] == self.disk.content_digest(path))

    def has_contents_as_read(self, path: str) -> bool:
        """The same of a file that only this build writes: a hard link to it changes its status and nothing else."""
        return path in self.remembered and self.remembered[path][3] == self.disk.content_digest(path)


def bytes_digest(data: bytes) -> str:
    return blake2b(data, digest_size=12).hexdigest()


def text_digest(*parts: str) -> str:
    """A digest over texts and their boundaries."""
    digest = blake2b(digest_size=12)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()
