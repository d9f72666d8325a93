"""A process that has SCons loaded, and forks a child for each requested build.

    python -m rebel_tools.scons.resident FD [ARGUMENT ...]

Each byte on standard input requests a build; the answer is a line of JSON on the file descriptor FD (see
`rebel_tools.watch.resident.Built`). The child is an ordinary run of scons with the same up-to-date checks, but when the
request comes, it has already started Python, imported SCons and parsed the state of the last build: it was forked in
the idle time after the previous build, and has read ahead. Before each build this process checks the files of the
modules that it has loaded: if one has changed, it only answers that it is outdated. What a child has read ahead is used
only if the file is still the same one.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, TextIO

import SCons.Script

import rebel_tools.scons.packages  # noqa: F401 (what every build loads)
from rebel_tools.memory.identity import own_code, own_files
from rebel_tools.memory.manifest import MANIFESTS
from rebel_tools.memory.stamp import stamp
from rebel_tools.memory.state_file import STATES
from rebel_tools.presentation import presentation
from rebel_tools.process import collect_seldom, exit_status
from rebel_tools.scons import front, places, projects, saving
from rebel_tools.scons.compat import begin_clock
from rebel_tools.sconstruct import has_own_script, scons_arguments, shipped_sconstruct

_KEPT = ("SCons.", "rebel_tools.")

# Kind of data that a build needs -> the function that reads it ahead.
_READERS = {"roots": projects.prepare, "states": STATES.prepare, "manifests": MANIFESTS.prepare}
Wanted = Mapping[str, Iterable[str]]
NOTHING: Wanted = dict.fromkeys(_READERS, ())

# The answer, the modules that a build had to import, and the data that it needed.
Report = tuple[dict[str, Any], list[str], Wanted]


def main(arguments: Sequence[str]) -> None:
    """Answer requests until standard input ends. The process has its own group, which can be interrupted as a whole."""
    os.setpgid(0, 0)
    collect_seldom()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # also compilers may write (`stty tostop`)
    descriptor, *arguments = arguments
    os.set_inheritable(int(descriptor), False)
    with os.fdopen(int(descriptor), "w", encoding="utf-8", errors="surrogateescape") as answers:
        loaded, wanted = Loaded(), NOTHING
        child = Child(_waiting_build(arguments, wanted))
        while os.read(0, 1):
            if loaded.is_outdated():
                _tell(answers, {"status": 0, "outdated": True})
                continue
            if child.has_ended():  # killed while it was idle
                child.end()
                child = Child(_waiting_build(arguments, NOTHING))
            report = child.build()
            if report:
                _tell(answers, report[0])
                child.end()
                wanted = loaded.import_reported(wanted, report)
            else:
                _tell(answers, {"status": child.end()})
                wanted = NOTHING  # data read ahead may have caused the failure
            child = Child(_waiting_build(arguments, wanted))
        child.end()


class Loaded:
    """The status that files of SCons and of this package had when this process began, or loaded them."""

    def __init__(self) -> None:
        self._files = {path: stamp(path) for path in (shipped_sconstruct(), *own_files())}
        self.record_modules()
        own_code()  # computed here once, for all children

    def record_modules(self) -> None:
        """Record new modules; the status of known ones is kept."""
        for name in [name for name in sys.modules if name.startswith(_KEPT)]:
            path = getattr(sys.modules[name], "__file__", None)
            if path and path not in self._files:
                self._files[path] = stamp(path)

    def is_outdated(self) -> bool:
        return any(stamp(path) != known for path, known in self._files.items())

    def import_reported(self, wanted: Wanted, report: Report) -> Wanted:
        """Import the modules that a build had to import; return the data that the next one will need."""
        _, loaded, asked = report
        for name in loaded:
            importlib.import_module(name)
        if loaded:
            self.record_modules()
        return {kind: {*paths, *asked[kind]} for kind, paths in wanted.items()}


def _tell(answers: TextIO, answer: dict[str, Any]) -> None:
    print(json.dumps(answer), file=answers, flush=True)


class Child:
    """A forked process that calls `work` with the pipes to its parent: one for a request, one for its report.

    If `work` returns, the child continues after the fork.
    """

    def __init__(self, work: Callable[[int, int], None]):
        waiting, self._request = os.pipe()
        self._report, reporting = os.pipe()
        self._pid = os.fork()
        self.is_here = self._pid == 0  # whether this process is the child
        if self.is_here:
            os.close(self._request)
            os.close(self._report)
            work(waiting, reporting)
        else:
            os.close(waiting)
            os.close(reporting)

    def has_ended(self) -> bool:
        """Whether it has ended before it was asked to build."""
        return bool(select.select([self._report], [], [], 0)[0])

    def build(self) -> Report | None:
        """Request a build; return its report, None if the child ended without one."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._request, b"b")
        return self.report()

    def report(self) -> Report | None:
        """The report of a child that builds for another process; None if it ended without one."""
        with open(self._report, encoding="utf-8", errors="surrogateescape", closefd=False) as report:
            text = report.read()
        return json.loads(text) if text else None

    def end(self) -> int:
        """Wait until the child has saved its state (or end it if it was not asked to build); return its exit status."""
        os.close(self._request)
        os.close(self._report)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


# In the child


class Ending(NamedTuple):
    """What a build does at its end.

    report: the descriptor for the report; known: the modules that were loaded when it began.
    answer: makes the answer from the exit status; ended: is called with the exit status when the state is saved.
    """

    report: int
    known: set[str]
    answer: Callable[[int], dict[str, Any]]
    ended: Callable[[int], None]


def _waiting_build(arguments: Sequence[str], wanted: Wanted) -> Callable[[int, int], None]:
    """The work of a child that reads `wanted` ahead, and builds with `arguments` when a byte arrives."""

    def wait(request: int) -> Sequence[str] | None:
        if not os.read(request, 1):
            return None
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # commands must not read the requests
        return arguments

    def work(request: int, report: int) -> None:
        known = set(sys.modules)
        run_scons(lambda: wait(request), wanted, Ending(report, known, _answer, lambda status: None))

    return work


def run_scons(wait: Callable[[], Sequence[str] | None], wanted: Wanted, ending: Ending) -> NoReturn:
    """Read `wanted` ahead, wait for the arguments, run scons including its exit handlers, and end this process."""

    def run() -> int:
        saving.defer()
        read_ahead(wanted)
        arguments = wait()
        if arguments is None:
            return 2
        begin(arguments)
        begin_clock()
        status = exit_status(SCons.Script.main)
        end(status, ending)
        return status

    leave(run)


def leave(run: Callable[[], int]) -> NoReturn:
    """End this process with the exit status of `run`; it never returns into the loop of its parent."""
    status = 2
    try:
        status = run()
    except BaseException:
        if _folder_exists():  # otherwise the parent reports that the folder was removed
            traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def read_ahead(wanted: Wanted) -> None:
    for kind, paths in wanted.items():
        for path in paths:
            _READERS[kind](path)
    gc.freeze()  # a collection would copy all pages of the parent


def end(status: int, ending: Ending) -> None:
    """End a run of SCons with this exit status: report, and save the state for the next build."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the state is about to be saved
    atexit._run_exitfuncs()
    status = _flushed(status)
    with os.fdopen(ending.report, "w", encoding="utf-8", errors="surrogateescape") as stream:
        json.dump([ending.answer(status), loaded_since(ending.known), _asked()], stream)
    saving.save_now()
    ending.ended(status)


def _flushed(status: int) -> int:
    """The exit status of a run, which is a failure if its output cannot be written."""
    try:
        sys.stdout.flush()
        return status
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # the reader has closed the pipe on purpose
            print(f"rebel: error: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would try it again at exit
        return status or 1


def begin(arguments: Sequence[str]) -> None:
    """Set this process up like `rebel build` with these arguments."""
    is_own = has_own_script()
    how, words = presentation(arguments, is_own)
    sys.argv = ["scons", *scons_arguments(words, how.verbose)]
    if not is_own:
        front.install(how, arguments)


def _folder_exists() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def loaded_since(known: set[str]) -> list[str]:
    """The modules of SCons and of this package that are loaded now and are not in `known`."""
    return sorted(name for name in set(sys.modules) - known if name.startswith(_KEPT))


def _asked() -> Wanted:
    return {"roots": projects.ASKED, "states": STATES.asked, "manifests": MANIFESTS.asked}


def _answer(status: int) -> dict[str, Any]:
    return {
        "status": status,
        "top": places.top(),
        "places": sorted(places.looked_at()),
        "inputs": sorted(places.inputs()),
        "made": {path: stamp(path) for path in sorted(places.written())},
    }


if __name__ == "__main__":
    main(sys.argv[1:])
