"""Hooks into SCons for the recorder: SCons' own lookups of files, and calls of functions that count."""

from __future__ import annotations

import fnmatch
import os
from typing import Any, Callable

import SCons.Environment
import SCons.Node
import SCons.Node.FS
import SCons.Script

from rebel_tools.observed.recorder import Recorder, find_caller
from rebel_tools.scons.compat import Configuration, before_option

_BY_CONTENT = ("MD5", "content", "MD5-timestamp", "content-timestamp")


def install(recorder: Recorder) -> None:
    """Make SCons tell the recorder what it looks up in folders, and what it builds."""
    fs = SCons.Node.FS
    wrap(fs.Dir, "entry_exists_on_disk", _looked_up(recorder))
    wrap(fs.Dir, "_glob1", _globbed(recorder))
    wrap(fs.File, "do_duplicate", _duplicated(recorder))
    wrap(fs.File, "retrieve_from_cache", _retrieved(recorder))
    wrap(fs.File, "push_to_cache", _kept(recorder))
    wrap(Configuration, "__init__", _configured(recorder))
    wrap(SCons.Environment.Base, "Execute", _executed(recorder))
    wrap(SCons.Environment.Base, "Decider", _decided(recorder))
    wrap(SCons.Node.Node, "Decider", _decided(recorder))
    wrap(SCons.Node.Node, "add_dependency", _dependency_added(recorder))
    before_option(_option_asked(recorder))


def wrap(owner: Any, name: str, around: Any) -> None:
    real = getattr(owner, name)
    setattr(owner, name, lambda self, *arguments, **keywords: around(real, self, *arguments, **keywords))


def _looked_up(recorder: Recorder) -> Any:
    def around(real: Any, self: Any, name: str) -> bool:
        recorder.here.muted += 1
        try:
            found = bool(real(self, name))
        finally:
            recorder.here.muted -= 1
        recorder.names.setdefault(self.get_abspath(), {}).setdefault(name, found)
        return found

    return around


def _globbed(recorder: Recorder) -> Any:
    def around(real: Any, self: Any, pattern: str, ondisk: bool = True, *rest: Any, **keywords: Any) -> Any:
        recorder.here.muted += 1
        try:
            for folder in _searched(self) if ondisk else ():
                path = folder.get_abspath()
                try:
                    matched = sorted(fnmatch.filter(os.listdir(path), pattern))
                except OSError:
                    matched = None
                recorder.patterns.setdefault(path, {}).setdefault(pattern, matched)
            return real(self, pattern, ondisk, *rest, **keywords)
        finally:
            recorder.here.muted -= 1

    return around


def _searched(folder: Any) -> list[Any]:
    """The folders that Glob searches, including those of repositories and of the sources of a variant folder."""
    found = list(folder.get_all_rdirs())
    for source in folder.srcdir_list():
        found.extend(source.get_all_rdirs())
    return found


def _duplicated(recorder: Recorder) -> Any:
    def around(real: Any, self: Any, source: Any) -> Any:
        recorder.copies[self.get_abspath()] = source.get_abspath()
        return real(self, source)

    return around


def _retrieved(recorder: Recorder) -> Any:
    def around(real: Any, self: Any) -> Any:
        found = acting(recorder, real, self)
        if found:
            recorder.built(str(self))
        return found

    return around


def acting(recorder: Recorder, real: Any, *arguments: Any, **keywords: Any) -> Any:
    """Call a function that builds a target, or stores it in a cache: SCons does not depend on what it looks at."""
    recorder.here.acting += 1
    try:
        return real(*arguments, **keywords)
    finally:
        recorder.here.acting -= 1


def _kept(recorder: Recorder) -> Any:
    return lambda real, self: acting(recorder, real, self)


def _configured(recorder: Recorder) -> Any:
    def around(real: Any, self: Any, *arguments: Any, **keywords: Any) -> None:
        real(self, *arguments, **keywords)
        if self.logfile is not None:
            recorder.logs.add(self.logfile.get_abspath())

    return around


def _executed(recorder: Recorder) -> Any:
    def around(real: Any, self: Any, *arguments: Any, **keywords: Any) -> Any:
        recorder.refuse("env.Execute runs something while reading", find_caller())
        return real(self, *arguments, **keywords)

    return around


def _dependency_added(recorder: Recorder) -> Any:
    def around(real: Any, self: Any, depend: Any) -> Any:
        if recorder.here.acting:  # a run that does not execute the action lacks the dependency
            recorder.refuse("an action adds a dependency", self)
        return real(self, depend)

    return around


def _option_asked(recorder: Recorder) -> Callable[[str], None]:
    def look(name: str) -> None:
        if name == "num_jobs" and recorder.reading:
            recorder.asks_for_jobs = True

    return look


def _decided(recorder: Recorder) -> Any:
    def around(real: Any, self: Any, function: Any) -> Any:
        if not isinstance(function, str) or function not in _BY_CONTENT:
            recorder.deciders.append(str(find_caller()))
        return real(self, function)

    return around
