"""Hooks into SCons for the recorder: SCons' own lookups of files, and its graph at the end of the run."""

from __future__ import annotations

import fnmatch
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Callable

import SCons.Environment
import SCons.Node
import SCons.Node.FS
import SCons.Script

from rebel_tools.observed.recorder import Recorder, find_caller
from rebel_tools.observed.summary import Graph
from rebel_tools.scons.compat import (
    Configuration,
    before_option,
    database,
    given_options,
    roots,
    sconscripts,
)

# Runs with these options do not tell whether there is something to build.
_OTHER_RUNS = ["no_exec", "question", "clean", "ignore_errors", "touch", "interactive", "help"]
_OTHER_RUNS += ["taskmastertrace_file", "profile_file"]
_BY_CONTENT = ("MD5", "content", "MD5-timestamp", "content-timestamp")


def install(recorder: Recorder) -> None:
    """Make SCons tell the recorder what it looks up in folders, and what it builds."""
    fs = SCons.Node.FS
    _wrap(fs.Dir, "entry_exists_on_disk", _looked_up(recorder))
    _wrap(fs.Dir, "_glob1", _globbed(recorder))
    _wrap(fs.File, "do_duplicate", _duplicated(recorder))
    _wrap(fs.File, "retrieve_from_cache", _retrieved(recorder))
    _wrap(fs.File, "push_to_cache", _kept(recorder))
    _wrap(Configuration, "__init__", _configured(recorder))
    _wrap(SCons.Environment.Base, "Execute", _executed(recorder))
    _wrap(SCons.Environment.Base, "Decider", _decided(recorder))
    _wrap(SCons.Node.Node, "Decider", _decided(recorder))
    _wrap(SCons.Node.Node, "add_dependency", _dependency_added(recorder))
    before_option(_option_asked(recorder))


def _wrap(owner: Any, name: str, around: Any) -> None:
    real = getattr(owner, name)
    setattr(owner, name, lambda self, *arguments, **keywords: around(real, self, *arguments, **keywords))


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
        _wrap(owner, name, asked)
    return scripts_are_read


def _asked_when_judging(recorder: Recorder, real: Any) -> Any:
    """A replacement of a method of a node, which records calls by functions of the user, as in a command line."""

    files_of_scons: set[str] = set()  # SCons asks tens of times for each file
    frame_of = sys._getframe

    def asked(self: Any) -> Any:
        path = frame_of(1).f_code.co_filename
        if path not in files_of_scons:
            if "/SCons/" in path:
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


def note_kind_of_run(recorder: Recorder, status: int) -> None:
    """Refuse runs that do not tell whether everything is up to date."""
    if status:
        recorder.refuse(f"scons ended with status {status}")
    options = given_options()
    if options is None:
        recorder.refuse("scons ended before it had read its options")
        return
    for name in _OTHER_RUNS:
        if getattr(options, name, None):
            recorder.refuse(f"the option {name.replace('_', '-')} was given")
    if set(getattr(options, "debug", None) or ()) - {"explain"} or getattr(options, "tree_printers", None):
        recorder.refuse("an option prints the graph or statistics")
    if getattr(options, "config", "auto") not in ("auto", "cache"):
        recorder.refuse("--config=force was given")
    if "ninja" in sys.modules.get("SCons.Tool", SCons).__dict__ or "SCons.Tool.ninja_tool" in sys.modules:
        recorder.refuse("SCons' ninja tool builds")


def graph_of(recorder: Recorder, made: Iterable[Any], skipped: frozenset[str]) -> Graph:
    """What scons knows about files at its end. made: nodes that this run has built. skipped: targets that were left out
    of the evaluation.
    """
    digests: dict[str, str] = {}
    derived: set[str] = set()
    used: set[str] = set()
    visited: set[str] = set()
    for node in file_nodes():
        path = node.get_abspath()
        if node.get_state() != SCons.Node.no_state and path not in skipped:
            visited.add(path)
        if node.has_builder():
            if type(node) is SCons.Node.FS.File:  # other classes of nodes, such as ours, may look at their outputs
                derived.add(path)
            used.update(str(each.get_abspath()) for each in _children(node))
        digest = getattr(node.ninfo, "csig", None) if hasattr(node, "ninfo") else None
        if digest:
            digests[path] = digest
    full = os.path.join(recorder.top, str(database()))
    own = {full, *(full + suffix for suffix in (".dblite", ".tmp"))}
    built = frozenset(node.get_abspath() for node in made)
    # The dependencies of a node that was built, or skipped, are not all known: then all results count by their stamps.
    results = frozenset() if built or skipped else frozenset(derived - used)
    scripts = frozenset(_scripts() - used)
    return Graph(digests, results, built, frozenset(visited), scripts, frozenset(own), not recorder.deciders)


def _scripts() -> set[str]:
    """The SConscripts, at their real paths and at the paths by which they were requested."""
    found: set[str] = set()
    for node in sconscripts():
        found.update(each.get_abspath() for each in (node, node.rfile(), node.srcnode()))
    return found


def _children(node: Any) -> Iterator[Any]:
    """The files that a node depends on. In a run with nothing to do SCons has evaluated all of them, and has discarded
    empty lists.
    """
    for listed in (node.sources, node.depends, node.implicit):
        yield from (each for each in listed or () if hasattr(each, "get_abspath"))


def file_nodes() -> Iterator[Any]:
    """All file nodes of the graph, and nodes that SCons has not determined to be a file or a folder."""
    work = roots()
    seen = set()
    while work:
        folder = work.pop()
        if id(folder) in seen:
            continue
        seen.add(id(folder))
        for name, node in folder.entries.items():
            if name in (".", ".."):
                continue
            if isinstance(node, SCons.Node.FS.Dir):
                work.append(node)
            elif isinstance(node, (SCons.Node.FS.File, SCons.Node.FS.Entry)):
                yield node
