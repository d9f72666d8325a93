"""Small edits: SCons reads the SConscripts and evaluates only what depends on the changed files.

This is sound if the last run left nothing to do, all observations except the contents of some files are unchanged, and
none of these files was read for SConscripts or Configure: then everything that does not depend on them is still up to
date. In doubt SCons evaluates everything.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator
from typing import Any, NamedTuple

import SCons.Node
import SCons.Node.FS

from rebel_tools.observed.edges import Edges, affected, are_known
from rebel_tools.observed.model import Manifest
from rebel_tools.observed.partial import reads_the_same
from rebel_tools.observed.recorder import Recorder, folder_of_scons
from rebel_tools.scons.compat import before_judging, given_options, shows_progress, top
from rebel_tools.scons.observed_graph import file_nodes, note_kind_of_run


class Edits(NamedTuple):
    """What is known before a run after an edit of some files: the manifest and the graph of the last run.

    is_announced: whether to print on standard error that only a part is evaluated.
    """

    manifest: Manifest
    edges: Edges
    changed: frozenset[str]
    is_announced: bool


class Judging:
    """Makes SCons skip what does not depend on the edits. skipped: paths of the skipped targets."""

    def __init__(self, recorder: Recorder, edits: Edits | None) -> None:
        self.skipped: frozenset[str] = frozenset()
        self.edits = edits
        self._recorder = recorder
        self._begun = False
        self._together: dict[str, list[Any]] = {}
        self._scanners: dict[int, tuple[Any, bool]] = {}  # by id: environment, whether all are SCons' own

    def install(self) -> None:
        """Inspect the graph when SCons begins to evaluate it."""
        before_judging(self._begin)

    def _begin(self, targets: list[Any]) -> None:
        if self._begun or not self._recorder.scripts_are_read:  # evaluations before that belong to Configure
            return
        self._begun = True
        self._together = dict(_made_together())
        if self.edits is not None:
            self._skip(self.edits, targets)

    def _skip(self, edits: Edits, targets: Container[Any]) -> None:
        note_kind_of_run(self._recorder, 0)
        if not are_known(edits.edges, edits.changed) or not _is_plain(self._recorder):
            return
        if not reads_the_same(self._recorder, edits.manifest, edits.changed):
            return
        stale = affected(edits.edges, edits.changed)
        known = edits.edges.children
        nodes = {node.get_abspath(): node for node in file_nodes() if node.has_builder()}
        nodes = {path: node for path, node in nodes.items() if path in known}
        passed_over = {path for path, node in nodes.items() if path not in stale and node not in targets}
        found = {path: nodes[path].disambiguate() for path in passed_over}
        fresh = {path: node for path, node in found.items() if _is_unseen(node)}
        for node in fresh.values():
            node.set_state(SCons.Node.up_to_date)
        for path in stale:
            for child in known.get(path, ()):
                if child in fresh:  # their signatures are compared and stored
                    fresh[child].get_ninfo().update(fresh[child])
        self.skipped = frozenset(fresh)
        if edits.is_announced:
            count = f"{len(nodes) - len(fresh)} of {len(nodes)} targets"
            print(f"rebel: nothing else changed, so {count} are checked", file=sys.__stderr__, flush=True)

    def edges(self) -> Edges | None:
        """The graph of the evaluated nodes; None if it was not inspected, or has nodes other than SCons' own files."""
        if not self._begun:
            return None
        children: dict[str, list[str]] = {}
        doubtful = []
        for node in list(file_nodes()):  # a source in a variant folder may get another node below
            path = node.get_abspath()
            if node.get_state() == SCons.Node.no_state or path in self.skipped:
                continue
            is_derived = node.has_builder()
            if is_derived and type(node) is not SCons.Node.FS.File:
                return None
            # A source has dependencies, too: the file that it is linked to in a variant folder, and those by Depends().
            listed = [*(node.sources or ()), *(node.depends or ()), *(node.implicit or ())]
            listed += self._together.get(path, ())
            if not is_derived and node.srcnode() is not node:
                listed.append(node.srcnode())
            if not is_derived and not listed:
                continue
            children[path] = [each.get_abspath() for each in listed if isinstance(each, SCons.Node.FS.File)]
            is_scanned = not is_derived or (node.implicit is not None and self._is_scanned_by_scons(node))
            if not is_scanned or len(children[path]) < len(listed):
                doubtful.append(path)
        for path, others in self._together.items():
            if path not in children and path not in self.skipped:  # side effects that were not requested
                children[path] = [each.get_abspath() for each in others]
        return Edges(children, doubtful, sorted(self._recorder.read_when_judging))

    def _is_scanned_by_scons(self, node: Any) -> bool:
        """Whether the dependencies of a node are scanned by SCons only, not by a function of the user."""
        env = node.get_build_env()
        if id(env) not in self._scanners:
            self._scanners[id(env)] = env, all(map(_is_of_scons, env.get("SCANNERS") or ()))
        own = node.builder.source_scanner, node.builder.target_scanner
        return self._scanners[id(env)][1] and all(_is_of_scons(scanner) for scanner in own if scanner)


def _made_together() -> Iterator[tuple[str, list[Any]]]:
    """Connections of nodes other than dependencies: prerequisites, targets of one action, side effects. SCons discards
    some of them when a node is built.
    """
    makers: dict[str, list[Any]] = {}
    for node in file_nodes():
        for effect in node.side_effects or ():
            makers.setdefault(effect.get_abspath(), []).append(node)
        if node.has_builder():
            executor = node.get_executor(create=0)
            targets = executor.get_all_targets() if executor else []
            others = [*(node.prerequisites or ()), *(each for each in targets if each is not node)]
            if others:
                makers.setdefault(node.get_abspath(), []).extend(others)
    yield from makers.items()


def _is_of_scons(scanner: Any) -> bool:
    """Whether a scanner, or each one that it selects from, is a function of SCons."""
    if not type(scanner).__module__.startswith("SCons."):
        return False
    function = getattr(scanner, "function", None)
    if isinstance(function, dict):
        return all(map(_is_of_scons, function.values()))
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code is not None and code.co_filename.startswith(folder_of_scons())


def _is_unseen(node: Any) -> bool:
    return type(node) is SCons.Node.FS.File and node.get_state() == SCons.Node.no_state and not node.always_build


def _is_plain(recorder: Recorder) -> bool:
    """Whether SCons evaluates the graph in its default way."""
    options = given_options()
    uses_old_scans = options.implicit_cache or options.implicit_deps_changed or options.cache_force
    if recorder.deciders or uses_old_scans or shows_progress():
        return False
    return not any(folder.repositories for folder in _folders(top()))


def _folders(folder: Any) -> Iterator[Any]:
    yield folder
    for name, node in folder.entries.items():
        if name not in (".", "..") and isinstance(node, SCons.Node.FS.Dir):
            yield from _folders(node)
