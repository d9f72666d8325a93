"""Files that a process reads ahead, while nobody waits, for the build that it will run."""

from __future__ import annotations

from typing import Callable, Generic, TypeVar

from rebel_tools.memory.stamp import Stamp, stamp

Contents = TypeVar("Contents")


class Preloaded(Generic[Contents]):
    """A reader of files that may have read them already; what it has counts for the very file that it came from.

    asked: the files that this process wanted to have.
    """

    def __init__(self, read: Callable[[str], Contents]):
        self.asked: list[str] = []
        self._read = read
        self._ready: dict[str, tuple[Stamp, Contents]] = {}

    def get(self, path: str) -> Contents:
        """The contents of a file, which are given away once."""
        self.asked.append(path)
        ready = self._ready.pop(path, None)
        return ready[1] if ready and ready[0] and ready[0] == stamp(path) else self._read(path)

    def prepare(self, path: str) -> None:
        """Have a file ready."""
        known = stamp(path)
        if known != self._ready.get(path, (None,))[0]:
            self._ready[path] = known, self._read(path)
