"""Files that a resident process reads in its idle time, for the next build."""

from __future__ import annotations

from typing import Callable, Generic, TypeVar

from rebel_tools.memory.stamp import Stamp, stamp

Contents = TypeVar("Contents")


class Preloaded(Generic[Contents]):
    """Reads files, or returns what it has read ahead if the file is still the same one.

    asked: the paths that `get` was called with in this process.
    """

    def __init__(self, read: Callable[[str], Contents]):
        self.asked: list[str] = []
        self._read = read
        self._ready: dict[str, tuple[Stamp, Contents]] = {}

    def get(self, path: str) -> Contents:
        """The contents of a file; contents read ahead are returned once."""
        self.asked.append(path)
        ready = self._ready.pop(path, None)
        return ready[1] if ready and ready[0] and ready[0] == stamp(path) else self._read(path)

    def prepare(self, path: str) -> None:
        """Read a file ahead."""
        known = stamp(path)
        if known != self._ready.get(path, (None,))[0]:
            self._ready[path] = known, self._read(path)
