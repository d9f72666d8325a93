"""Records accesses to anything but files: commands, clocks, random numbers, imports and the environment."""

from __future__ import annotations

import builtins
import os
import random
import subprocess
import sys
import time
from typing import Any

from rebel_tools.observed.commands import Captured, bound, cannot_be_captured
from rebel_tools.observed.recorder import Hook, Recorder, find_caller, folder_of_scons

# Modules whose results do not depend on files alone.
_REFUSED_MODULES = frozenset(
    ("_ctypes", "_socket", "_sqlite3", "asyncio", "ctypes", "curses", "dbm", "getpass", "http", "mmap")
    + ("multiprocessing", "requests", "secrets", "socket", "sqlite3", "ssl", "urllib3", "uuid")
)


def process_hooks(recorder: Recorder) -> list[Hook]:
    """Replacements of the functions that start processes."""
    real_init, real_communicate = subprocess.Popen.__init__, subprocess.Popen.communicate
    by_process: dict[int, Captured] = {}

    def new_init(self: Any, *arguments: Any, **keywords: Any) -> None:
        recorder.here.muted += 1
        try:
            real_init(self, *arguments, **keywords)
        finally:
            recorder.here.muted -= 1
        named = bound(arguments, keywords)
        caller = find_caller()
        if not recorder.reading or _asks_for_a_version(named["args"]):
            return
        reason = cannot_be_captured(named)
        if reason:
            recorder.refuse(reason, f"{caller}: {named['args']}")
            return
        folder = recorder.absolute(named["cwd"]) if named["cwd"] is not None else recorder.folder
        if named["env"] is None and recorder.own_variables:
            # The command got variables that this process has set, which a later check lacks. Then all variables count.
            named = {**named, "env": dict(os.environ)}
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
    return hooks + [_refused(recorder, name) for name in others]


def _asks_for_a_version(args: Any) -> bool:
    """Whether a tool of SCons asks a compiler for its version, which depends on the compiler's file only."""
    return (
        not isinstance(args, (str, bytes))
        and str(list(args)[-1]) in ("--version", "-dumpversion")
        and any(path.startswith(f"{folder_of_scons()}Tool/") for path in _paths_above())
    )


def _paths_above() -> list[str]:
    paths, frame = [], sys._getframe(2)
    while frame is not None:
        paths.append(frame.f_code.co_filename)
        frame = frame.f_back  # type: ignore[assignment]
    return paths


def _refused(recorder: Recorder, name: str) -> Hook:
    """A replacement of a function of `os` that starts a process that cannot be watched."""
    real = getattr(os, name)

    def refused(*arguments: Any, **keywords: Any) -> Any:
        if recorder.reading and not recorder.here.muted:
            recorder.refuse(f"reading runs os.{name}", find_caller())
        return real(*arguments, **keywords)

    return os, name, refused


def clock_hooks(recorder: Recorder) -> list[Hook]:
    """Replacements of the functions that return the time."""
    import datetime

    names = ["time", "time_ns", "localtime", "gmtime", "strftime", "ctime", "asctime"]
    names += ["monotonic", "perf_counter", "process_time"]
    hooks = [_direct(recorder, time, name, f"an SConscript reads a clock (time.{name})") for name in names]

    class DateTime(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            recorder.refuse_if_direct("an SConscript reads a clock (datetime.now)")
            return super().now(tz)

        @classmethod
        def utcnow(cls) -> Any:
            recorder.refuse_if_direct("an SConscript reads a clock (datetime.utcnow)")
            return super().utcnow()

        @classmethod
        def today(cls) -> Any:
            recorder.refuse_if_direct("an SConscript reads a clock (datetime.today)")
            return super().today()

    class Date(datetime.date):
        @classmethod
        def today(cls) -> Any:
            recorder.refuse_if_direct("an SConscript reads a clock (date.today)")
            return super().today()

    return [*hooks, (datetime, "datetime", DateTime), (datetime, "date", Date)]


def chance_hooks(recorder: Recorder) -> list[Hook]:
    """Replacements of the functions with random results."""
    names = ["random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "getrandbits"]
    places = [*((random, name) for name in names), (os, "urandom")]
    return [_direct(recorder, owner, name, f"an SConscript uses random numbers ({name})") for owner, name in places]


def _direct(recorder: Recorder, owner: Any, name: str, reason: str) -> Hook:
    """A replacement that refuses calls by an SConscript itself and allows those by SCons."""
    real = getattr(owner, name)

    def asked(*arguments: Any, **keywords: Any) -> Any:
        recorder.refuse_if_direct(reason)
        return real(*arguments, **keywords)

    return owner, name, asked


def import_hooks(recorder: Recorder) -> list[Hook]:
    """A replacement of the import statement."""
    real_import = builtins.__import__

    def new_import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if not level and name.partition(".")[0] in _REFUSED_MODULES:
            recorder.refuse_if_direct(f"an SConscript imports {name}")
        recorder.imported.add(name.partition(".")[0])
        recorder.imported.update(str(each) for each in fromlist or ())
        return real_import(name, globals, locals, fromlist, level)

    return [(builtins, "__import__", new_import)]


def environment_class(recorder: Recorder) -> type:
    """A class for os.environ."""

    class Environment(os._Environ):  # type: ignore[type-arg]
        """os.environ, recording the variables that are read, except those that the process itself has set."""

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
