"""The loop of `rebel watch`: build, wait for a change that matters, build again."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.stamp import Stamp, is_settled, stamp
from rebel_tools.sconstruct import build_folder
from rebel_tools.watch.changes import Changes
from rebel_tools.watch.folders import Folders
from rebel_tools.watch.resident import Built, Resident

# A file that changes during this many builds in a row is written by the build itself; if that is not certain, wait this
# many seconds before the next build.
REPEATS = 8
PAUSE = 1.0


class Watch:
    """Builds of the project in the current folder with `arguments` for scons; `say` prints a line."""

    def __init__(self, arguments: Sequence[str], say: Callable[[str], None]):
        self.say = say
        self.made = os.path.realpath(build_folder(arguments, os.environ))
        self.folders = Folders(os.getcwd(), made=self.made)
        self.resident = Resident(arguments)
        self.changes = Changes()
        self._made: dict[str, Stamp] = {}
        self._read: set[str] = set()  # from the last build that got far enough to know it
        self._before: dict[str, tuple[int, ...]] = {}  # the stamps before the current build
        self._repeats: Counter[str] = Counter()

    def run(self) -> None:
        """Build now and after every change; ends when rebel-tools itself has changed. Errors: RebelError."""
        self.changes.follow(self.folders)
        while not self._build().outdated:
            changed = self._changed_meanwhile() or self._wait()
            self.say(f"{self._names(changed)} changed; building")

    def close(self) -> None:
        self.resident.stop()
        self.changes.close()

    def _build(self) -> Built:
        self._before = {path: _written(path) for path in self._read}
        moment, clock = time.time_ns(), time.perf_counter()
        built = self.resident.build()
        seconds = time.perf_counter() - clock
        if not built.outdated:
            self._made = built.made
            if built.top:
                self._read = {path for path in (*built.inputs, *built.places) if not os.path.isdir(path)}
            self.say(f"built in {seconds:.2f} s; waiting for changes" if built.status == 0 else _FAILED)
            self._watch_places(built, moment)
        return built

    def _watch_places(self, built: Built, moment: int) -> None:
        """Watch all places that the build has read. In a new place, changes since `moment`, when the build began, count
        as well.
        """
        # A failed build may not have reached the place with the error.
        places = built.places if built.status == 0 else {*built.places, *self.folders.places}
        folders = Folders(built.top or self.folders.top, places, self.made)
        if folders != self.folders:
            self.folders = folders
            new = self.changes.follow(folders)
            self.changes.add(path for folder in new for path in _changed_since(folder, moment))

    # Changes

    def _wait(self) -> set[str]:
        self._repeats.clear()
        changed: set[str] = set()
        while not changed:
            changed = self._mattering(self.changes.wait())
        return changed

    def _changed_meanwhile(self) -> set[str]:
        """The edits during the build, which need another build; files that the build itself wrote are left out.

        Inputs are compared with their stamps from before the build, whether or not the system reported a change. They
        are never taken for outputs: a user may keep saving one, and its last state has to be built.
        """
        inputs = {path for path, before in self._before.items() if _written(path) != before}
        changed = self._mattering(self.changes.since_last_call()) | set(filter(self._matters, inputs))
        self._repeats = Counter({path: self._repeats[path] + 1 for path in changed})
        often = {path for path, times in self._repeats.items() if times >= REPEATS}
        by_itself = {path for path in often if path not in self._read and not self.folders.leads_to(path)}
        if by_itself:
            self.say(f"{self._names(by_itself)} changes in every build; declare it as a target, or with SideEffect()")
        elif often:
            time.sleep(PAUSE)  # a command of the build may write it
        return changed - by_itself

    def _mattering(self, paths: set[str]) -> set[str]:
        """The changes that affect a build, and everything in folders that are newly watched because of them."""
        if not os.path.isdir(self.folders.top):
            raise RebelError("the folder of the project was removed", place=Place(self.folders.top))
        if any(path in self.changes.watched or self.folders.leads_on(path) for path in paths):
            self.changes.renew(self.folders)
        return {path for path in paths if self._matters(path)}

    def _matters(self, path: str) -> bool:
        return self.folders.matters(path) and not self._is_as_made(path) and not _is_own_output(path)

    def _is_as_made(self, path: str) -> bool:
        return path in self._made and stamp(path) == self._made[path]

    def _names(self, paths: set[str]) -> str:
        first = min(os.path.relpath(path, self.folders.top) for path in paths)
        return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"


_FAILED = "failed; waiting for changes"


def _written(path: str) -> tuple[int, ...]:
    """The time of the last write, size and inode of a file; () without a file. A new hard link to a source, which
    SCons makes for a variant folder, does not count as a change.
    """
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _is_own_output(path: str) -> bool:
    """Whether our own output goes to this file: `rebel watch > log` in the folder of the project."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return any(os.path.samestat(status, os.fstat(stream)) for stream in (1, 2))


def _changed_since(folder: str, moment: int) -> Iterable[str]:
    try:
        entries = [(entry.path, entry.stat(follow_symlinks=False)) for entry in os.scandir(folder)]
    except OSError:  # it was removed again, which is a change of its parent folder
        return []
    return [path for path, status in entries if not is_settled(status.st_ctime_ns, moment)]
