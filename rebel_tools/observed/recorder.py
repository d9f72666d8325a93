"""Records observations while scons runs; the first observation of a path is the one that counts."""

from __future__ import annotations

import os
import sys
import threading
import time
from functools import cache
from importlib.util import find_spec
from typing import Any, Callable, NamedTuple

from rebel_tools.observed.commands import Captured
from rebel_tools.observed.model import Known, known_of

LIBRARY = os.path.dirname(os.__file__)
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/"

# The number of places that are reported for each reason.
MOST_PLACES = 5

# Folders of files whose contents differ each time, or depend on the state of the machine.
UNSTABLE = ("/proc/", "/sys/", "/dev/")


# A module or class, the name of one of its functions, and the replacement.
Hook = tuple[Any, str, Callable[..., Any]]


class Caller(NamedTuple):
    """The code that is running.

    direct: whether an SConscript (or a module that it imports) makes the call itself, not SCons on its behalf.
    """

    path: str
    line: int
    direct: bool

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class _Here(threading.local):
    """What one thread is doing.

    muted: how many calls deep it is in something that is recorded in another way. acting: how many calls deep in the
    execution of an action: scons does not depend on what an action looks at.
    """

    muted = 0
    acting = 0


class Recorder:
    """All observations of one process. Paths are absolute.

    started: nanoseconds since the epoch, before anything was looked at.
    files: path -> what it was when first observed, None if it did not exist. names: folder -> name -> whether it
    existed.
    patterns: folder -> pattern -> matches, None if the folder could not be listed. listings: folder -> all names.
    environ: variable -> value, None if it is not set. recording: whether scons runs. scripts_are_read: whether it has
    read the SConscripts and is checking and building targets.
    asks_for_jobs: whether an SConscript asked for the number of jobs.
    work: what was built; work_while_reading: whether something was built before all SConscripts were read, as by
    Configure.
    exact: paths whose time or size an SConscript asked for. data: paths that were read other than as an SConscript.
    looked_into: paths of which, before all SConscripts were read, more was asked than whether they exist (or, if
    absent, than whether they are folders).
    read_when_judging: paths that a scanner, or other code of the user, read while targets were checked.
    copies: file of a variant folder -> its source. links: path -> target. written: path -> its contents before an
    SConscript, or SCons on its behalf, wrote it. refusals: reason -> places.
    """

    def __init__(self) -> None:
        self.started = time.time_ns()
        self.launcher = _outermost()
        self.status = os.stat  # the original function: our own calls are not to be recorded
        self.top = os.getcwd()
        self.folder = self.top
        self.files: dict[str, Known | None] = {}
        self.names: dict[str, dict[str, bool]] = {}
        self.patterns: dict[str, dict[str, list[str] | None]] = {}
        self.listings: dict[str, list[str] | None] = {}
        self.links: dict[str, str] = {}
        self.exact: set[str] = set()
        self.data: set[str] = set()
        self.read_when_judging: set[str] = set()
        self.looked_into: set[str] = set()
        self.written: dict[str, bytes | None] = {}
        self.written_directly: dict[str, str] = {}  # path -> the line of the SConscript that did it
        self.environ: dict[str, str | None] = {}
        self.reads_all_variables = False
        self.asks_for_jobs = False
        self.start_environ = dict(os.environ)
        self.own_variables: set[str] = set()  # set or removed by the process itself
        self.commands: list[Captured] = []
        self.imported: set[str] = set()
        self.copies: dict[str, str] = {}
        self.logs: set[str] = set()  # files of Configure that are only written
        self.deciders: list[str] = []  # where a Decider was chosen that does not use contents
        self.work: list[str] = []
        self.work_while_reading = False
        self.refusals: dict[str, list[str]] = {}
        self.recording = False
        self.scripts_are_read = False
        self.here = _Here()

    @property
    def reading(self) -> bool:
        """Whether observations count now: scons reads SConscripts or checks targets, and does not execute an action."""
        return self.recording and not self.here.acting

    def absolute(self, path: object) -> str:
        text = os.fsdecode(path)  # type: ignore[arg-type]
        if text.startswith("/"):
            return text
        return f"{self.folder}/{text}" if text else self.folder

    def saw(self, path: str, status: os.stat_result | None) -> None:
        """Record the status of a file; None: it does not exist."""
        if path not in self.files and not self.here.acting:
            self.files[path] = None if status is None else known_of(status)

    def looks_into(self, path: str) -> None:
        """Record that more was observed of a file than its existence: it changes when the file is built."""
        if not self.scripts_are_read and not self.here.acting:
            self.looked_into.add(path)

    def refuse(self, reason: str, place: object = "") -> None:
        """Make no manifest of this run, for this reason."""
        places = self.refusals.setdefault(reason, [])
        if place and str(place) not in places and len(places) < MOST_PLACES:
            places.append(str(place))

    def built(self, name: str) -> None:
        """Record that something was built, so this run alone does not prove that there is nothing to do."""
        self.work.append(name)
        if not self.scripts_are_read:
            self.work_while_reading = True

    def refuse_if_direct(self, reason: str) -> None:
        """Refuse if code of an SConscript is the caller, not SCons itself."""
        if self.here.acting:
            return
        caller = find_caller()
        if caller is not None and caller.direct:
            self.refuse(reason, caller)


def _outermost() -> str:
    """The file of the main program, which does not belong to the user."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_filename


def find_caller() -> Caller | None:
    """The innermost code of the user on the stack; None if there is only Python, SCons and this package."""
    frame = sys._getframe(1)
    direct = True
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(folder_of_scons()):
            direct = False
        elif not belongs_to_python(path):
            return Caller(path, frame.f_lineno, direct)
        frame = frame.f_back  # type: ignore[assignment]
    return None


@cache
def folder_of_scons() -> str:
    """The folder of SCons' sources, with a slash at its end. A tree may well lie below another folder called SCons."""
    found = find_spec("SCons")
    assert found is not None and found.origin is not None, "only runs of SCons are recorded"
    return os.path.dirname(found.origin) + "/"


def belongs_to_python(path: str) -> bool:
    """Whether a source file belongs to Python's standard library or this package, not to another package."""
    if path.startswith((_OURS, "<frozen")):
        return True
    return path.startswith(LIBRARY) and "/site-packages/" not in path and "/dist-packages/" not in path
