"""Changes of files, from the operating system (inotify), through the library watchfiles."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Generator, Iterable
from typing import Any

from rebel_tools.errors import MissingTool, RebelError
from rebel_tools.watch.folders import Folders

# Milliseconds. A batch of changes is complete when a step brings no more changes, at the latest after the limit.
STEP = 10
LIMIT = 500

# The kind and the path of each change.
Batches = Generator[set[tuple[Any, str]], None, None]


class Changes:
    """The paths that change in the `watched` folders; no change is missed after `follow` has returned."""

    def __init__(self) -> None:
        self.watched: frozenset[str] = frozenset()
        self._batches: Batches | None = None
        self._pending: set[str] = set()

    def follow(self, folders: Folders) -> set[str]:
        """Watch all folders of interest; return those that were not watched before.

        Errors: MissingTool without watchfiles; RebelError if the system does not allow watching so many folders.
        """
        before = self.watched
        wanted = folders.to_watch()
        while wanted != self.watched:
            self._replace(wanted)
            wanted = folders.to_watch()  # including folders that were created before watching began
        return wanted - before

    def renew(self, folders: Folders) -> None:
        """Watch all folders again after some were added or removed: one of the same name may be a new folder."""
        self.watched = frozenset()
        self.follow(folders)

    def add(self, paths: Iterable[str]) -> None:
        """Add changes that were found in another way."""
        self._pending.update(paths)

    def wait(self) -> set[str]:
        """What changed since the last call; waits until there is something."""
        changed = self.since_last_call()
        while not changed:
            changed = self._batch()
        return changed

    def since_last_call(self) -> set[str]:
        """What changed since the last call, without waiting for more."""
        changed, self._pending = self._pending | self._batch(), set()
        return changed

    def close(self) -> None:
        if self._batches is not None:
            self._batches.close()

    def _batch(self) -> set[str]:
        assert self._batches is not None, "call follow() first"
        return {path for _, path in next(self._batches)}

    def _replace(self, folders: Collection[str]) -> None:
        """Start to watch `folders` before the old watches end, so that no change is missed."""
        before, self._batches = self._batches, _batches(folders)
        try:
            self._pending |= self._batch()  # watching begins with the first call
            self.watched = frozenset(folders)
        except FileNotFoundError:
            self.watched = frozenset()  # one of them was removed again; the caller looks at the tree again
        except (OSError, RuntimeError) as error:
            raise _refused(error, len(folders)) from error
        if before is not None:
            self._pending.update(path for _, path in next(before, ()))
            before.close()


def _batches(folders: Iterable[str]) -> Batches:
    try:
        import watchfiles
    except ImportError:
        raise MissingTool(
            "rebel watch needs the Python package watchfiles", hint=f"{sys.executable} -m pip install watchfiles"
        ) from None
    batches: Batches = watchfiles.watch(
        *sorted(folders),
        watch_filter=None,
        recursive=False,
        step=STEP,
        debounce=LIMIT,
        rust_timeout=STEP,
        yield_on_timeout=True,
        ignore_permission_denied=False,  # if set, watchfiles 1.3 ignores the other errors, too
    )
    return batches


def _refused(error: Exception, count: int) -> RebelError:
    """The error for people, with the setting that helps (inotify(7), /proc/sys/fs/inotify)."""
    text = str(error)
    if "watch limit" in text or "os error 28" in text:
        hint = "sudo sysctl fs.inotify.max_user_watches=524288"
        return RebelError(f"this system does not allow watching {count} folders", hint=hint)
    if "os error 24" in text:
        hint = "end other programs that watch files, or: sudo sysctl fs.inotify.max_user_instances=1024"
        return RebelError("this system does not allow another program to watch files", hint=hint)
    return RebelError(f"{os.getcwd()} cannot be watched: {text}")
