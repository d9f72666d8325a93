"""A process that has loaded SCons, and runs one build in a child of its own each time it is asked to.

    python -m rebel_tools.scons.resident FD [ARGUMENT ...]

Each byte on standard input asks for a build; the answer is a line of JSON on the file descriptor FD (see
`rebel_tools.watch.resident.Built`). The child is a run of scons as any other, with every rule about what is up to date:
what it does not have to do again is to start Python, to import SCons, and to parse the state of the last build. What
this process keeps is looked at before each build: when a file of a loaded module is no longer the same it only answers
that it is outdated, and a parsed state counts for the very file that it came from.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from typing import TextIO

import SCons.Script

import rebel_tools.scons.packages  # noqa: F401 (what every build loads)
from rebel_tools.plan.files import stamp
from rebel_tools.plan.manifest import MANIFESTS
from rebel_tools.plan.state import STATES
from rebel_tools.process import collect_seldom, exit_status
from rebel_tools.scons import places, projects, saving
from rebel_tools.sconstruct import scons_arguments

_KEPT = ("SCons.", "rebel_tools.")


def main(arguments: Sequence[str]) -> None:
    """Answer until standard input ends. It is a process group of its own, which can be interrupted as a whole."""
    os.setpgid(0, 0)
    collect_seldom()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # may write to the terminal (`stty tostop`), here and in compilers
    descriptor, *arguments = arguments
    os.set_inheritable(int(descriptor), False)
    with os.fdopen(int(descriptor), "w", encoding="utf-8", errors="surrogateescape") as answers:
        modules = _module_stamps({})
        while os.read(0, 1):
            if any(stamp(path) != known for path, known in modules.items()):
                _tell(answers, {"status": 0, "outdated": True})
            else:
                gc.freeze()  # a collection in the child would copy all pages
                _in_child(arguments, answers)
            modules = _module_stamps(modules)


def _module_stamps(known: dict) -> dict:
    """The status of the files of SCons and of this package that are loaded; known ones as they are known."""
    names = [name for name in sys.modules if name.startswith(_KEPT)]
    files = (getattr(sys.modules[name], "__file__", None) for name in names)
    return {path: known[path] if path in known else stamp(path) for path in files if path}


def _tell(answers: TextIO, answer: dict) -> None:
    print(json.dumps(answer), file=answers, flush=True)


def _in_child(arguments: Sequence[str], answers: TextIO) -> None:
    """Answer one request; then, while nobody waits, load what the child had to load."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_scons(arguments, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8", errors="surrogateescape") as report:
        text = report.read()
    if text:
        answer, loaded = json.loads(text)
        _tell(answers, answer)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if text:
        _load(**loaded)
    else:
        _tell(answers, {"status": status})


def _load(modules: Sequence[str], roots: Sequence[str], states: Sequence[str], manifests: Sequence[str]) -> None:
    for name in modules:
        importlib.import_module(name)
    for path in roots:
        projects.prepare(path)
    for path in states:
        STATES.prepare(path)
    for path in manifests:
        MANIFESTS.prepare(path)


# In the child


def _be_scons(arguments: Sequence[str], report: int) -> None:
    """Run scons with all that belongs to its end, report, save what the next build can use, and exit."""
    status = 2
    saving.defer()
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the requests are not for what is run here
        known = set(sys.modules)
        sys.argv = ["scons", *scons_arguments(arguments)]
        SCons.Script.start_time = time.time()
        status = exit_status(SCons.Script.main)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is known is going to be saved
        atexit._run_exitfuncs()
        sys.stdout.flush()
        with os.fdopen(report, "w", encoding="utf-8", errors="surrogateescape") as stream:
            json.dump([{"status": status, **_answer()}, _loaded(known)], stream)
        saving.save_now()
    except BaseException:  # nothing may return into the loop of the parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _loaded(known: set) -> dict:
    """What the next child finds ready."""
    modules = sorted(name for name in set(sys.modules) - known if name.startswith(_KEPT))
    return {"modules": modules, "roots": projects.ASKED, "states": STATES.asked, "manifests": MANIFESTS.asked}


def _answer() -> dict:
    return {
        "top": places.top(),
        "places": sorted(places.looked_at()),
        "made": {path: stamp(path) for path in sorted(places.written())},
    }


if __name__ == "__main__":
    main(sys.argv[1:])
