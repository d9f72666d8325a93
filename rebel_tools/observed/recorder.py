"""What is observed while scons runs, in the order in which it happens: the first look at a thing is the one that
counts.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any, Callable, NamedTuple

from rebel_tools.observed.commands import Captured
from rebel_tools.observed.model import Known, known_of

LIBRARY = os.path.dirname(os.__file__)
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/"

# What a person waits for is said once for each reason, with so many places.
MOST_PLACES = 5

# Files and folders that answer differently each time, or by the state of the machine.
UNSTABLE = ("/proc/", "/sys/", "/dev/")


# A module or class, the name of one of its functions, and what takes its place.
Hook = tuple[Any, str, Callable[..., Any]]


class Caller(NamedTuple):
    """Whose code is at work.

    direct: whether code of an SConscript (or of something that it imports) calls, and not SCons for it.
    """

    path: str
    line: int
    direct: bool

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class _Here(threading.local):
    """What one thread is doing.

    muted: how deep it is in something that is recorded in another way. acting: how deep in the making of a target:
    what an action looks at is nothing that scons goes by.
    """

    muted = 0
    acting = 0


class Recorder:
    """All observations of one process. Paths are absolute.

    started: nanoseconds since the epoch, before anything was looked at.
    files: path -> what it was at the first look, None where there was nothing. names: folder -> name -> whether it
    was there.
    patterns: folder -> pattern -> matches, None where the folder could not be listed. listings: the same without a
    pattern.
    environ: variable -> value, None where it is not set. recording: whether scons runs. scripts_are_read: whether it
    has read the SConscripts and goes on to judge and build targets.
    work: what was built; work_while_reading: whether some of it was, as by Configure, before all SConscripts were
    read.
    exact: paths whose time or size an SConscript asked for. data: paths that were read as something else than an
    SConscript. looked_into: paths of which more was asked before all SConscripts were read than whether they exist,
    or, of absent ones, than whether they are folders.
    read_when_judging: paths that a scanner, or other code of the user, read when targets were judged.
    copies: file of a variant folder -> its source. links: path -> target. written: path -> contents before
    an SConscript, or SCons for it, wrote it. refusals: reason -> places.
    """

    def __init__(self) -> None:
        self.started = time.time_ns()
        self.launcher = _outermost()
        self.status = os.stat  # as it is now: a look of ours is none of the user's
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
        self.written_directly: dict[str, str] = {}  # path -> which line of an SConscript did it
        self.environ: dict[str, str | None] = {}
        self.reads_all_variables = False
        self.start_environ = dict(os.environ)
        self.own_variables: set[str] = set()  # set or removed by the process itself
        self.commands: list[Captured] = []
        self.imported: set[str] = set()
        self.copies: dict[str, str] = {}
        self.logs: set[str] = set()  # of Configure, which are only written
        self.deciders: list[str] = []  # where a Decider was chosen that does not go by contents
        self.work: list[str] = []
        self.work_while_reading = False
        self.refusals: dict[str, list[str]] = {}
        self.recording = False
        self.scripts_are_read = False
        self.here = _Here()

    @property
    def reading(self) -> bool:
        """Whether what happens now counts: scons reads or judges, and does not make a target."""
        return self.recording and not self.here.acting

    def absolute(self, path: object) -> str:
        text = os.fsdecode(path)  # type: ignore[arg-type]
        if text.startswith("/"):
            return text
        return f"{self.folder}/{text}" if text else self.folder

    def saw(self, path: str, status: os.stat_result | None) -> None:
        """A look at the status of a file: None where there was nothing."""
        if path not in self.files and not self.here.acting:
            self.files[path] = None if status is None else known_of(status)

    def looks_into(self, path: str) -> None:
        """A look whose answer changes when the file is made, or made again."""
        if not self.scripts_are_read and not self.here.acting:
            self.looked_into.add(path)

    def refuse(self, reason: str, place: object = "") -> None:
        """There will be no manifest of this run."""
        places = self.refusals.setdefault(reason, [])
        if place and str(place) not in places and len(places) < MOST_PLACES:
            places.append(str(place))

    def built(self, name: str) -> None:
        """Something was made, so this run does not tell by itself that there is nothing to do."""
        self.work.append(name)
        if not self.scripts_are_read:
            self.work_while_reading = True

    def refuse_if_direct(self, reason: str) -> None:
        """The same, when code of an SConscript does it, and not SCons itself."""
        if self.here.acting:
            return
        caller = find_caller()
        if caller is not None and caller.direct:
            self.refuse(reason, caller)


def _outermost() -> str:
    """The file of the program that runs, which is no code of the user."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_filename


def find_caller() -> Caller | None:
    """The innermost code that belongs to the user; None when Python, SCons and this package are among themselves."""
    frame = sys._getframe(1)
    direct = True
    while frame is not None:
        path = frame.f_code.co_filename
        if "/SCons/" in path:
            direct = False
        elif not belongs_to_python(path):
            return Caller(path, frame.f_lineno, direct)
        frame = frame.f_back  # type: ignore[assignment]
    return None


def belongs_to_python(path: str) -> bool:
    """Whether a source file is one of Python's own library, or of this package; not of something that was
    installed.
    """
    if path.startswith((_OURS, "<frozen")):
        return True
    return path.startswith(LIBRARY) and "/site-packages/" not in path and "/dist-packages/" not in path
