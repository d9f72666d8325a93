"""Tells the recorder what SConscripts, and functions of the user, ask nodes about their files."""

from __future__ import annotations

import sys
from typing import Any, Callable

import SCons.Node.FS

from rebel_tools.observed.recorder import Recorder, find_caller, folder_of_scons
from rebel_tools.scons.observe import wrap

# What an SConscript can ask a node about its file apart from its existence.
_QUESTIONS = ("getmtime", "getsize", "get_timestamp", "get_size", "get_contents", "get_csig", "get_content_hash")
_TIMES = ("getmtime", "get_timestamp")
_READS = ("get_contents",)  # opens the file each time, which is recorded


def observe_questions(recorder: Recorder) -> Callable[[], None]:
    """Record what SConscripts ask nodes about their files. Returns a function to call when SCons has read them: then
    SCons itself asks the nodes all the time, and only direct questions of the user's code count.
    """
    owners = (SCons.Node.FS.Base, SCons.Node.FS.File)
    real = [(owner, name, vars(owner)[name]) for owner in owners for name in _QUESTIONS if name in vars(owner)]

    def asked(real: Any, self: Any, *arguments: Any) -> Any:
        path = self.get_abspath()
        recorder.looks_into(path)
        caller = find_caller()
        if real.__name__ in _TIMES and caller is not None and caller.direct:
            recorder.exact.add(path)
        return real(self, *arguments)

    def scripts_are_read() -> None:
        for owner, name, function in real:
            setattr(owner, name, function if name in _READS else _asked_when_judging(recorder, function))

    for owner, name, _ in real:
        wrap(owner, name, asked)
    return scripts_are_read


def _asked_when_judging(recorder: Recorder, real: Any) -> Any:
    """A replacement of a method of a node, which records calls by functions of the user, as in a command line."""

    files_of_scons: set[str] = set()  # SCons asks tens of times for each file
    frame_of = sys._getframe

    def asked(self: Any) -> Any:
        path = frame_of(1).f_code.co_filename
        if path not in files_of_scons:
            if path.startswith(folder_of_scons()):
                files_of_scons.add(path)
            elif recorder.reading:
                note(self.get_abspath())
        return real(self)

    def note(path: str) -> None:
        caller = find_caller()
        if caller is not None and caller.direct:
            recorder.read_when_judging.add(path)
            if real.__name__ in _TIMES:
                recorder.exact.add(path)

    return asked
