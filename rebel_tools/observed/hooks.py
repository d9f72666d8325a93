"""Recording what Python code asks of the system: functions of `os`, `open`, processes, the environment and clocks
are replaced.

Audit hooks would see more at once, but they are called for each event of every kind and cannot be removed: they
double the time that scons takes to look at its files. Replaced functions cost what they watch. What leaves Python by
another door (C extensions, memory maps, the network) is refused when an SConscript imports its module.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import random
import stat
import subprocess
import sys
import time
from typing import Any, Callable

from rebel_tools.observed.commands import Captured, bound, cannot_be_captured
from rebel_tools.observed.recorder import UNSTABLE, Recorder, belongs_to_python, find_caller

# Functions that ask whether something is there, and nothing else of its status.
_EXISTENCE = frozenset(
    ("exists", "lexists", "isfile", "isdir", "islink", "is_file", "is_dir", "is_symlink", "which", "_access_check")
)

# Modules whose answers no look at files can foretell.
_REFUSED_MODULES = frozenset(
    ("_ctypes", "_socket", "_sqlite3", "asyncio", "ctypes", "curses", "dbm", "getpass", "http", "mmap")
    + ("multiprocessing", "requests", "secrets", "socket", "sqlite3", "ssl", "urllib3", "uuid")
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def install(recorder: Recorder) -> None:
    """Replace what can be observed. It stays so until the process ends, or `uninstall` is called."""
    for hooks in (_status_hooks, _folder_hooks, _file_hooks, _process_hooks, _clock_hooks, _other_hooks):
        for owner, name, replacement in hooks(recorder):
            _replace(owner, name, replacement)
    for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        supported.add(os.stat)
    os.environ.__class__ = _environment_class(recorder)
    os.environb.__class__ = _environment_class(recorder)


def _replace(owner: Any, name: str, replacement: Any) -> None:
    """Put a replacement where the original stands, also where another module has taken it under a name of its own."""
    original = getattr(owner, name)
    places = [(owner, name)]
    if not isinstance(owner, type):
        for module in list(sys.modules.values()):
            if module is not owner and getattr(module, "__name__", "posix") not in _UNTOUCHED:
                places += [(module, key) for key, value in list(vars(module).items()) if value is original]
    for place, key in places:
        _replaced.append((place, key, original))
        setattr(place, key, replacement)


def uninstall() -> None:
    """Give everything back."""
    for owner, name, original in reversed(_replaced):
        setattr(owner, name, original)
    _replaced.clear()
    os.environ.__class__ = os._Environ
    os.environb.__class__ = os._Environ


def _original_stat() -> Callable[..., os.stat_result]:
    """os.stat as it was: a look of ours is none of the user's."""
    return next((real for owner, name, real in _replaced if owner is os and name == "stat"), os.stat)


# The interpreter's own, and this module.
_UNTOUCHED = frozenset(
    ("posix", "_io", "_thread", "time", "_datetime", "_frozen_importlib", "_frozen_importlib_external", __name__)
)

Hook = tuple[Any, str, Callable[..., Any]]
_replaced: list[tuple[Any, str, Any]] = []


def _status_hooks(recorder: Recorder) -> list[Hook]:
    real_stat, real_lstat, real_access, real_readlink = os.stat, os.lstat, os.access, os.readlink

    def status(path: Any) -> os.stat_result | None:
        try:
            return real_stat(path)
        except (OSError, ValueError):
            return None

    def saw_link(path: str) -> None:
        if path not in recorder.links:
            with contextlib.suppress(OSError):
                recorder.links[path] = os.fsdecode(real_readlink(path))

    def new_stat(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        if isinstance(path, int) or dir_fd is not None:
            recorder.refuse_if_direct("an SConscript looks at files by descriptors")
            return real_stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        if not follow_symlinks:
            return new_lstat(path)
        full = recorder.absolute(path)
        try:
            found = real_stat(path)
        except (OSError, ValueError):
            recorder.saw(full, None)
            raise
        if full not in recorder.files:
            recorder.saw(full, found)
        if recorder.reading and _is_about_more_than_existence():
            recorder.exact.add(full)
        return found

    def new_lstat(path: Any, *, dir_fd: int | None = None) -> os.stat_result:
        if dir_fd is not None:
            return real_lstat(path, dir_fd=dir_fd)
        full = recorder.absolute(path)
        try:
            found = real_lstat(path)
        except (OSError, ValueError):
            recorder.saw(full, None)
            raise
        if stat.S_ISLNK(found.st_mode):
            saw_link(full)
        recorder.saw(full, status(path))
        return found

    def new_access(path: Any, mode: int, **keywords: Any) -> bool:
        if not isinstance(path, int):
            recorder.saw(recorder.absolute(path), status(path))
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
    """Whether an SConscript asked for a time, a size or the like: to be called by the replacement of os.stat."""
    frame = sys._getframe(2)
    while frame is not None and belongs_to_python(frame.f_code.co_filename):
        if frame.f_code.co_name in _EXISTENCE:
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and "/SCons/" not in frame.f_code.co_filename


def _folder_hooks(recorder: Recorder) -> list[Hook]:
    real_listdir, real_scandir, real_chdir, real_stat = os.listdir, os.scandir, os.chdir, _original_stat()

    def listed(path: Any) -> str | None:
        """Note all names of a folder. Its path, or None where that does not count."""
        if isinstance(path, int):
            recorder.refuse_if_direct("an SConscript looks at files by descriptors")
        if recorder.muted or isinstance(path, int):
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
        # An entry of scandir tells the status of its file without asking os.stat.
        for name in recorder.listings.get(full or "") or ():
            each = f"{full}/{name}"
            try:
                recorder.saw(each, real_stat(each))
            except OSError:
                recorder.saw(each, None)
            recorder.exact.add(each)
        return real_scandir(path)

    def new_chdir(path: Any) -> None:
        real_chdir(path)
        recorder.folder = os.getcwd()

    return [(os, "listdir", new_listdir), (os, "scandir", new_scandir), (os, "chdir", new_chdir)]


def _file_hooks(recorder: Recorder) -> list[Hook]:
    real_open, real_os_open, real_stat = io.open, os.open, _original_stat()

    def opened(path: Any, writes: bool) -> None:
        full = recorder.absolute(path)
        caller = find_caller() if recorder.reading else None
        if writes and recorder.reading:
            if full not in recorder.written:
                recorder.written[full] = contents(full)
            if caller is not None and caller.direct:
                recorder.written_directly.setdefault(full, str(caller))
            return
        if caller is not None and caller.direct and full.startswith(UNSTABLE):
            recorder.refuse("an SConscript reads what the machine does", f"{caller} {full}")
        try:
            recorder.saw(full, real_stat(full))
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


def _changing(recorder: Recorder, real: Callable[..., Any], name: str) -> Callable[..., Any]:
    def changing(*arguments: Any, **keywords: Any) -> Any:
        done = real(*arguments, **keywords)  # what failed changed nothing
        if recorder.reading:
            recorder.refuse_if_direct(f"an SConscript changes files (os.{name})")
        return done

    return changing


def _process_hooks(recorder: Recorder) -> list[Hook]:
    real_init, real_communicate = subprocess.Popen.__init__, subprocess.Popen.communicate
    by_process: dict[int, Captured] = {}

    def new_init(self: Any, *arguments: Any, **keywords: Any) -> None:
        recorder.muted += 1
        try:
            real_init(self, *arguments, **keywords)
        finally:
            recorder.muted -= 1
        named = bound(arguments, keywords)
        caller = find_caller()
        if not recorder.reading or _asks_for_a_version(named["args"]):
            return
        reason = cannot_be_captured(named)
        if reason:
            recorder.refuse(reason, f"{caller}: {named['args']}")
            return
        folder = recorder.absolute(named["cwd"]) if named["cwd"] is not None else recorder.folder
        captured = Captured(self, named, folder, str(caller))
        recorder.commands.append(captured)
        by_process[id(self)] = captured

    def new_communicate(self: Any, *arguments: Any, **keywords: Any) -> Any:
        out, err = real_communicate(self, *arguments, **keywords)
        captured = by_process.get(id(self))
        if captured is not None:
            captured.out.answer, captured.err.answer = out, err
        return out, err

    hooks: list[Hook] = [(subprocess.Popen, "__init__", new_init), (subprocess.Popen, "communicate", new_communicate)]
    others = [name for name in ("system", "posix_spawn", "posix_spawnp", "fork", "forkpty") if hasattr(os, name)]
    return hooks + [(os, name, _refused(recorder, getattr(os, name), f"reading runs os.{name}")) for name in others]


def _asks_for_a_version(args: Any) -> bool:
    """SCons' tools ask compilers for their versions, which are a function of the compiler's file."""
    return (
        not isinstance(args, (str, bytes))
        and str(list(args)[-1]) in ("--version", "-dumpversion")
        and any("/SCons/Tool/" in path for path in _paths_above())
    )


def _paths_above() -> list[str]:
    paths, frame = [], sys._getframe(2)
    while frame is not None:
        paths.append(frame.f_code.co_filename)
        frame = frame.f_back  # type: ignore[assignment]
    return paths


def _refused(recorder: Recorder, real: Callable[..., Any], reason: str) -> Callable[..., Any]:
    def refused(*arguments: Any, **keywords: Any) -> Any:
        if recorder.reading and not recorder.muted:
            recorder.refuse(reason, find_caller())
        return real(*arguments, **keywords)

    return refused


def _clock_hooks(recorder: Recorder) -> list[Hook]:
    import datetime

    def asked(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def clock(*arguments: Any, **keywords: Any) -> Any:
            recorder.refuse_if_direct(f"an SConscript looks at a clock ({name})")
            return real(*arguments, **keywords)

        return clock

    names = ["time", "time_ns", "localtime", "gmtime", "strftime", "ctime", "asctime"]
    names += ["monotonic", "perf_counter", "process_time"]
    hooks: list[Hook] = [(time, name, asked(f"time.{name}", getattr(time, name))) for name in names]

    class DateTime(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            recorder.refuse_if_direct("an SConscript looks at a clock (datetime.now)")
            return super().now(tz)

        @classmethod
        def utcnow(cls) -> Any:
            recorder.refuse_if_direct("an SConscript looks at a clock (datetime.utcnow)")
            return super().utcnow()

        @classmethod
        def today(cls) -> Any:
            recorder.refuse_if_direct("an SConscript looks at a clock (datetime.today)")
            return super().today()

    class Date(datetime.date):
        @classmethod
        def today(cls) -> Any:
            recorder.refuse_if_direct("an SConscript looks at a clock (date.today)")
            return super().today()

    chances = ("random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "getrandbits")
    hooks += [(random, name, _chance(recorder, getattr(random, name), name)) for name in chances]
    hooks += [(os, "urandom", _chance(recorder, os.urandom, "urandom"))]
    return [*hooks, (datetime, "datetime", DateTime), (datetime, "date", Date)]


def _chance(recorder: Recorder, real: Callable[..., Any], name: str) -> Callable[..., Any]:
    def chance(*arguments: Any, **keywords: Any) -> Any:
        recorder.refuse_if_direct(f"an SConscript throws dice ({name})")
        return real(*arguments, **keywords)

    return chance


def _other_hooks(recorder: Recorder) -> list[Hook]:
    real_import = builtins.__import__

    def new_import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if not level and name.partition(".")[0] in _REFUSED_MODULES:
            recorder.refuse_if_direct(f"an SConscript imports {name}")
        recorder.imported.add(name.partition(".")[0])
        recorder.imported.update(str(each) for each in fromlist or ())
        return real_import(name, globals, locals, fromlist, level)

    return [(builtins, "__import__", new_import)]


def _environment_class(recorder: Recorder) -> type:
    class Environment(os._Environ):  # type: ignore[type-arg]
        """os.environ, which notes what was asked for. What the process itself has set is nobody's observation."""

        def __getitem__(self, name: Any) -> Any:
            text = os.fsdecode(name)
            if text in recorder.own_variables:
                return super().__getitem__(name)
            try:
                value = super().__getitem__(name)
            except KeyError:
                recorder.environ.setdefault(text, None)
                raise
            recorder.environ.setdefault(text, os.fsdecode(value))
            return value

        def __setitem__(self, name: Any, value: Any) -> None:
            recorder.own_variables.add(os.fsdecode(name))
            super().__setitem__(name, value)

        def __delitem__(self, name: Any) -> None:
            recorder.own_variables.add(os.fsdecode(name))
            super().__delitem__(name)

        def __iter__(self) -> Any:
            recorder.reads_all_variables = True
            return super().__iter__()

        def __len__(self) -> int:
            recorder.reads_all_variables = True
            return super().__len__()

        def copy(self) -> dict[str, str]:
            recorder.reads_all_variables = True
            return dict(super().copy())

    return Environment
