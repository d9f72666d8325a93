"""What a run of scons knows about files at its end, for the manifest of the recorder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import SCons
import SCons.Node
import SCons.Node.FS

from rebel_tools.observed.recorder import Recorder
from rebel_tools.observed.summary import Graph
from rebel_tools.scons.compat import database, given_options, roots, sconscripts

# Runs with these options do not tell whether there is something to build.
_OTHER_RUNS = ["no_exec", "question", "clean", "ignore_errors", "touch", "interactive", "help"]
_OTHER_RUNS += ["taskmastertrace_file", "profile_file"]


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
