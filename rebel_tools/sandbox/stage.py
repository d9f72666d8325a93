"""A stage: a folder with the files of the project that a command may see, updated incrementally for the next command.

Its files are copies. Hard links would be faster, but a new link changes the status of the original (st_ctime), which
some tools take for an edit, and a command that writes in place would change the file of the project.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable
from typing import NamedTuple


class Stamp(NamedTuple):
    """What identifies an unchanged file: device and inode, time of the last write, and size."""

    inode: int
    modified: int
    size: int


class Stage:
    """The copies in `folder` of files below `root`, the folder of the project, under the same relative paths."""

    def __init__(self, folder: str, root: str) -> None:
        self.folder = folder
        self.root = root
        self._placed: dict[str, tuple[Stamp, Stamp]] = {}  # path -> the stamps of the file and of its copy
        os.makedirs(folder, exist_ok=True)

    def path(self, path: str) -> str:
        """The path in the stage of the copy of a project file."""
        return self.folder + path[len(self.root) :]

    def fill(self, files: Iterable[str], folders: Iterable[str]) -> None:
        """Make the stage hold these files and folders, as far as they exist, and no other file."""
        wanted = dict.fromkeys(files)
        for path in self.files():
            if path not in wanted:
                self._remove(path)
        for folder in folders:
            os.makedirs(self.path(folder), exist_ok=True)
        for path in wanted:
            self._place(path)

    def _place(self, path: str) -> None:
        try:
            now = os.lstat(path)
            if stat.S_ISDIR(now.st_mode):
                return
            known = self._placed.get(path)
            if known and known[0] == _stamp(now) and known[1] == self.stamp(path):
                return
            self._remove(path)
            os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
            self._copy(path, stat.S_ISLNK(now.st_mode))
            stamp = self.stamp(path)
            if stamp:
                self._placed[path] = _stamp(now), stamp
        except FileNotFoundError:  # another command has removed it in the meantime
            self._remove(path)

    def _copy(self, path: str, is_link: bool) -> None:
        if is_link:
            os.symlink(os.readlink(path), self.path(path))
            return
        shutil.copy2(path, self.path(path))

    def _remove(self, path: str) -> None:
        self._placed.pop(path, None)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(path))

    def stamp(self, path: str) -> Stamp | None:
        """The stamp of the copy of a file; None without a copy."""
        try:
            return _stamp(os.lstat(self.path(path)))
        except OSError:
            return None

    def files(self) -> list[str]:
        """The paths of the project that have a copy now."""
        found: list[str] = []
        work = [self.folder]
        start = len(self.folder)
        while work:
            with os.scandir(work.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        work.append(entry.path)
                    else:
                        found.append(self.root + entry.path[start:])
        return found

    def take(self, path: str) -> None:
        """Move an output, a file or a folder, from the stage into the project."""
        made = self.path(path)
        if not os.path.lexists(made):
            if path in self._placed and os.path.lexists(path):
                os.unlink(path)  # the command removed it
            return
        if os.path.isdir(made) and not os.path.islink(made):
            shutil.copytree(made, path, symlinks=True, dirs_exist_ok=True)
            return
        if path in self._placed and self._placed[path][1] == self.stamp(path):
            return  # unchanged
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._placed.pop(path, None)
        shutil.move(made, path)


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_ino, status.st_mtime_ns, status.st_size)
