"""Records accesses to files and folders: `os.stat` and similar functions, listings, `open`, and changes."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import stat
import sys
from typing import Any, Callable

from rebel_tools.observed.recorder import UNSTABLE, Hook, Recorder, belongs_to_python, find_caller

# Functions that only check whether something exists.
_EXISTENCE = frozenset(
    ("exists", "lexists", "isfile", "isdir", "islink", "is_file", "is_dir", "is_symlink", "which", "_access_check")
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def status_hooks(recorder: Recorder) -> list[Hook]:
    """Replacements of the functions that return the status of a file."""
    real_lstat, real_access, real_readlink = os.lstat, os.access, os.readlink

    def status(path: Any) -> os.stat_result | None:
        try:
            return recorder.status(path)
        except (OSError, ValueError):
            return None

    def saw_link(path: str) -> None:
        if path not in recorder.links:
            with contextlib.suppress(OSError):
                recorder.links[path] = os.fsdecode(real_readlink(path))

    def new_stat(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        if isinstance(path, int) or dir_fd is not None:
            recorder.refuse_if_direct("an SConscript accesses files by descriptors")
            return recorder.status(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        if not follow_symlinks:
            return new_lstat(path)
        full = recorder.absolute(path)
        try:
            found = recorder.status(path)
        except (OSError, ValueError):
            recorder.saw(full, None)
            if not recorder.scripts_are_read and not _is_check_of_a_kind():
                recorder.looks_into(full)
            raise
        if full not in recorder.files:
            recorder.saw(full, found)
        if recorder.reading:
            note_use(full)
        return found

    def note_use(full: str) -> None:
        if _is_about_more_than_existence():
            recorder.looks_into(full)
            if _is_called_by_an_sconscript():
                recorder.exact.add(full)

    def new_lstat(path: Any, *, dir_fd: int | None = None) -> os.stat_result:
        if dir_fd is not None:
            return real_lstat(path, dir_fd=dir_fd)
        full = recorder.absolute(path)
        try:
            found = real_lstat(path)
        except (OSError, ValueError):
            recorder.saw(full, None)
            recorder.looks_into(full)
            raise
        if stat.S_ISLNK(found.st_mode):
            saw_link(full)
        recorder.saw(full, status(path))
        return found

    def new_access(path: Any, mode: int, **keywords: Any) -> bool:
        if not isinstance(path, int):
            full = recorder.absolute(path)
            recorder.saw(full, status(path))
            recorder.looks_into(full)
        return real_access(path, mode, **keywords)

    def new_readlink(path: Any, *, dir_fd: int | None = None) -> Any:
        if dir_fd is None:
            full = recorder.absolute(path)
            recorder.saw(full, status(path))
            saw_link(full)
        return real_readlink(path, dir_fd=dir_fd)

    looks: dict[str, Callable[..., Any]] = {"stat": new_stat, "lstat": new_lstat}
    looks |= {"access": new_access, "readlink": new_readlink}
    return [(os, name, replacement) for name, replacement in looks.items()]


def _is_about_more_than_existence() -> bool:
    """Whether the caller needs a time, a size or the like. What is read from SCons' nodes is recorded in `observe`."""
    frame = sys._getframe(2)
    while frame is not None and belongs_to_python(frame.f_code.co_filename):
        if frame.f_code.co_name in _EXISTENCE:
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return frame is None or not frame.f_code.co_filename.endswith("/SCons/Node/FS.py")


def _is_check_of_a_kind() -> bool:
    """Whether SCons only checks that a new file node is not a folder; to be called by the replacement of os.stat."""
    frame = sys._getframe(2)
    while frame is not None and "/SCons/Node/FS.py" in frame.f_code.co_filename:
        if frame.f_code.co_name == "do_diskcheck_match":
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _is_called_by_an_sconscript() -> bool:
    caller = find_caller()
    return caller is not None and caller.direct


def folder_hooks(recorder: Recorder) -> list[Hook]:
    """Replacements of the functions that list folders, and that change the current one."""
    real_listdir, real_scandir, real_chdir = os.listdir, os.scandir, os.chdir

    def listed(path: Any) -> str | None:
        """Record all names of a folder; return its path, or None if it does not count."""
        if isinstance(path, int):
            recorder.refuse_if_direct("an SConscript accesses files by descriptors")
        if recorder.here.muted or recorder.here.acting or isinstance(path, int):
            return None
        full = recorder.absolute(path)
        if full not in recorder.listings:
            try:
                recorder.listings[full] = sorted(map(os.fsdecode, real_listdir(path)))
            except OSError:
                recorder.listings[full] = None
        return full

    def new_listdir(path: Any = ".") -> Any:
        listed(path)
        return real_listdir(path)

    def new_scandir(path: Any = ".") -> Any:
        full = listed(path)
        # An entry of scandir returns the status of its file without calling os.stat.
        for name in recorder.listings.get(full or "") or ():
            each = f"{full}/{name}"
            try:
                recorder.saw(each, recorder.status(each))
            except OSError:
                recorder.saw(each, None)
            recorder.exact.add(each)
        return real_scandir(path)

    def new_chdir(path: Any) -> None:
        real_chdir(path)
        recorder.folder = os.getcwd()

    return [(os, "listdir", new_listdir), (os, "scandir", new_scandir), (os, "chdir", new_chdir)]


def file_hooks(recorder: Recorder) -> list[Hook]:
    """Replacements of the functions that open and change files."""
    real_open, real_os_open = io.open, os.open

    def opened(path: Any, writes: bool) -> None:
        if recorder.here.acting:
            return
        full = recorder.absolute(path)
        recorder.looks_into(full)
        if not _is_run():
            recorder.data.add(full)
        caller = find_caller() if recorder.reading else None
        if caller is not None and caller.path != recorder.launcher and recorder.scripts_are_read:
            recorder.read_when_judging.add(full)
        if writes and recorder.reading:
            if full not in recorder.written:
                recorder.written[full] = contents(full)
            if caller is not None and caller.direct:
                recorder.written_directly.setdefault(full, str(caller))
            return
        if caller is not None and caller.direct and full.startswith(UNSTABLE):
            recorder.refuse("an SConscript reads the state of the machine", f"{caller} {full}")
        try:
            recorder.saw(full, recorder.status(full))
        except (OSError, ValueError):
            recorder.saw(full, None)

    def contents(path: str) -> bytes | None:
        try:
            with real_open(path, "rb") as f:
                return bytes(f.read())
        except OSError:
            return None

    def new_open(file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
        if not isinstance(file, int) and isinstance(mode, str):
            opened(file, any(letter in mode for letter in "wax+"))
        return real_open(file, mode, *arguments, **keywords)

    def new_os_open(path: Any, flags: int, *arguments: Any, **keywords: Any) -> int:
        if keywords.get("dir_fd") is None:
            opened(path, bool(flags & _WRITING))
        return real_os_open(path, flags, *arguments, **keywords)

    hooks: list[Hook] = [(builtins, "open", new_open), (io, "open", new_open), (os, "open", new_os_open)]
    changes = ["remove", "unlink", "rename", "replace", "mkdir", "rmdir", "link", "symlink", "utime", "truncate"]
    changes += ["chmod", "mkfifo"]
    return hooks + [(os, name, _changing(recorder, getattr(os, name), name)) for name in changes]


def _is_run() -> bool:
    """Whether a file is opened to run it, as an SConscript or as a module; to be called two frames below the
    replacement of `open`.
    """
    frame = sys._getframe(3)
    path, name = frame.f_code.co_filename, frame.f_code.co_name
    if path.startswith("<frozen importlib"):
        return name == "get_data" and frame.f_back is not None and frame.f_back.f_code.co_name == "get_code"
    return name == "_SConscript" and path.endswith("/SCons/Script/SConscript.py")


def _changing(recorder: Recorder, real: Callable[..., Any], name: str) -> Callable[..., Any]:
    def changing(*arguments: Any, **keywords: Any) -> Any:
        done = real(*arguments, **keywords)  # a call that fails changes nothing
        if recorder.reading:
            recorder.refuse_if_direct(f"an SConscript changes files (os.{name})")
        return done

    return changing
