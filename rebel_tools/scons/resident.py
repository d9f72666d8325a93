"""A process that has loaded SCons, and has a child run one build each time it is asked to.

    python -m rebel_tools.scons.resident FD [ARGUMENT ...]

Each byte on standard input asks for a build; the answer is a line of JSON on the file descriptor FD (see
`rebel_tools.watch.resident.Built`). The child is a run of scons as any other, with every rule about what is up to date:
what it does not have to do when it is asked is to start Python, to import SCons, and to parse the state of the last
build. For that it is forked when the build before has ended, while nobody waits, and reads ahead. What this process
keeps is looked at before each build: when a file of a loaded module is no longer the same it only answers that it is
outdated, and what a child has read counts for the very file that it came from.
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
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

import SCons.Script

import rebel_tools.scons.packages  # noqa: F401 (what every build loads)
from rebel_tools.memory.manifest import MANIFESTS
from rebel_tools.memory.records import STATES
from rebel_tools.memory.stamp import stamp
from rebel_tools.process import collect_seldom, exit_status
from rebel_tools.scons import places, projects, saving
from rebel_tools.sconstruct import scons_arguments

_KEPT = ("SCons.", "rebel_tools.")

# What a build asks for, by kind -> what makes it ready.
_READERS = {"roots": projects.prepare, "states": STATES.prepare, "manifests": MANIFESTS.prepare}
Wanted = Mapping[str, Iterable[str]]
_NOTHING: Wanted = dict.fromkeys(_READERS, ())


def main(arguments: Sequence[str]) -> None:
    """Answer until standard input ends. It is a process group of its own, which can be interrupted as a whole."""
    os.setpgid(0, 0)
    collect_seldom()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # may write to the terminal (`stty tostop`), here and in compilers
    descriptor, *arguments = arguments
    os.set_inheritable(int(descriptor), False)
    with os.fdopen(int(descriptor), "w", encoding="utf-8", errors="surrogateescape") as answers:
        modules, wanted = _module_stamps({}), _NOTHING
        child = Child(arguments, wanted)
        while os.read(0, 1):
            if any(stamp(path) != known for path, known in modules.items()):
                _tell(answers, {"status": 0, "outdated": True})
                continue
            if child.has_ended():  # killed while nobody asked for anything
                child.end()
                child = Child(arguments, _NOTHING)
            report = child.build()
            if report:
                answer, loaded, asked = report
                _tell(answers, answer)
                child.end()
                for name in loaded:
                    importlib.import_module(name)
                modules = _module_stamps(modules)
                wanted = {kind: {*paths, *asked[kind]} for kind, paths in wanted.items()}
            else:
                _tell(answers, {"status": child.end()})
                wanted = _NOTHING  # that may have been to blame
            child = Child(arguments, wanted)
        child.end()


def _module_stamps(known: dict) -> dict:
    """The status of the files of SCons and of this package that are loaded; known ones as they are known."""
    names = [name for name in sys.modules if name.startswith(_KEPT)]
    files = (getattr(sys.modules[name], "__file__", None) for name in names)
    return {path: known[path] if path in known else stamp(path) for path in files if path}


def _tell(answers: TextIO, answer: dict) -> None:
    print(json.dumps(answer), file=answers, flush=True)


class Child:
    """A process that makes ready what is `wanted`, and builds with `arguments` when it is asked to."""

    def __init__(self, arguments: Sequence[str], wanted: Wanted):
        waiting, self._request = os.pipe()
        self._report, reporting = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._request)
            os.close(self._report)
            _be_scons(arguments, wanted, waiting, reporting)
        os.close(waiting)
        os.close(reporting)

    def has_ended(self) -> bool:
        """Whether it has ended before it was asked to build."""
        return bool(select.select([self._report], [], [], 0)[0])

    def build(self) -> tuple[dict, list[str], Wanted] | None:
        """The answer, the modules that it had to load, and what it asked for; None when it ended without a report."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._request, b"b")
        with open(self._report, encoding="utf-8", errors="surrogateescape", closefd=False) as report:
            text = report.read()
        return json.loads(text) if text else None

    def end(self) -> int:
        """Its exit status, when it has saved what it knows, or at once if it has not been asked to build."""
        os.close(self._request)
        os.close(self._report)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


# In the child


def _be_scons(arguments: Sequence[str], wanted: Wanted, request: int, report: int) -> None:
    """Wait; run scons with all that belongs to its end, report, save what the next build can use, and exit."""
    status, known = 2, set(sys.modules)
    saving.defer()
    try:
        for kind, paths in wanted.items():
            for path in paths:
                _READERS[kind](path)
        gc.freeze()  # a collection would copy all pages of the parent
        if not os.read(request, 1):
            return
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the requests are not for what is run here
        sys.argv = ["scons", *scons_arguments(arguments)]
        SCons.Script.start_time = time.time()
        status = exit_status(SCons.Script.main)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is known is going to be saved
        atexit._run_exitfuncs()
        sys.stdout.flush()
        with os.fdopen(report, "w", encoding="utf-8", errors="surrogateescape") as stream:
            json.dump([{"status": status, **_answer()}, _loaded(known), _asked()], stream)
        saving.save_now()
    except BaseException:  # nothing may return into the loop of the parent
        if _folder_exists():  # else the parent says that it is gone
            traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _folder_exists() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _loaded(known: set[str]) -> list[str]:
    return sorted(name for name in set(sys.modules) - known if name.startswith(_KEPT))


def _asked() -> Wanted:
    return {"roots": projects.ASKED, "states": STATES.asked, "manifests": MANIFESTS.asked}


def _answer() -> dict:
    return {
        "top": places.top(),
        "places": sorted(places.looked_at()),
        "inputs": sorted(places.inputs()),
        "made": {path: stamp(path) for path in sorted(places.written())},
    }


if __name__ == "__main__":
    main(sys.argv[1:])
