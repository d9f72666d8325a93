"""Makes a manifest from the observations of a run, or finds the reasons why there can be none."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rebel_tools.memory.stamp import RACY_NS, is_settled
from rebel_tools.observed.check import (
    DIGEST_SIZES,
    Difference,
    check_names,
    digest_like,
    matching,
    modules_among,
    public_variables,
)
from rebel_tools.observed.model import (
    FOLDER,
    REGULAR,
    Folder,
    Known,
    Manifest,
    Refusal,
    Replay,
    Stamp,
    folder_stamp_of,
    known_of,
)
from rebel_tools.observed.recorder import LIBRARY, Recorder, belongs_to_python

# A file larger than this is compared by its stamp only, unless scons has a digest of it.
MOST_BYTES = 1 << 20


class Graph(NamedTuple):
    """The files of scons' graph at the end of the run.

    digests: path -> digest of the contents that scons compares. results: targets that nothing else
    depends on, so only their existence counts. made: targets that this run has made and that are as scons recorded
    them. visited: all nodes that were checked. scripts: SConscripts that are not in the graph otherwise.
    bookkeeping: scons' own files, which it writes at the end. by_content: whether every Decider uses contents.
    """

    digests: Mapping[str, str]
    results: frozenset[str]
    made: frozenset[str]
    visited: frozenset[str]
    scripts: frozenset[str]
    bookkeeping: frozenset[str]
    by_content: bool


class Summary:
    """Compares the observations with the disk at the end of the run."""

    def __init__(self, recorder: Recorder, graph: Graph) -> None:
        self.recorder = recorder
        self.graph = graph
        self.folders: dict[str, Folder] = {}
        self.now = time.time_ns()
        self._absent_itself: set[tuple[str, str]] = set()  # folder and name themselves, not only a path below the name
        self.linked = recorder.copies.keys() | set(recorder.copies.values())

    def manifest(self, output: str, errors: str, jobs: str) -> Manifest | list[Refusal]:
        """The manifest of a run after which there is nothing to do, or the reasons why there is none. jobs: the number
        of jobs that was given.
        """
        recorder = self.recorder
        self._note_modules()
        self._note_visited()
        for path, known in list(recorder.files.items()):  # a thread of an SConstruct may still be running
            if path not in recorder.logs:
                self._note_file(path, known)
        self._note_names()
        self._note_written()
        commands = self._commands()
        if not recorder.refusals:
            self._settle()
        if recorder.refusals:
            return refusals(recorder)
        every = public_variables(recorder.start_environ) if recorder.reads_all_variables else None
        imported = sorted(recorder.imported)
        digests, scripts = self._digests(), self._scripts()
        seen = recorder.environ, every, self.folders, digests, scripts, imported, commands
        return Manifest(*seen, output, errors, jobs if recorder.asks_for_jobs else None)

    def _digests(self) -> dict[str, str]:
        """Digests of files that may get another stamp with the same contents: sources, files that SConscripts read, and
        scons' own files, which it rewrites in each run, mostly unchanged.
        """
        own = set(self.graph.bookkeeping)
        if self.graph.by_content:
            own.update(path for path in self.recorder.data if _is_of_the_user(path))
        digests = dict(self.graph.digests) if self.graph.by_content else {}
        copies = self.recorder.copies.items()
        digests.update({source: digests[copy] for copy, source in copies if copy in digests})
        for path in own - digests.keys():
            data = _small_contents(path)
            if data is not None:
                digests[path] = hashlib.sha256(data).hexdigest()
        compared = {path for path, _ in self._stamps()} - self.recorder.exact
        return {path: each for path, each in digests.items() if len(each) in DIGEST_SIZES and path in compared}

    def _scripts(self) -> dict[str, bytes]:
        """The programs among the files: SConscripts, and modules of the user."""
        recorder = self.recorder
        modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        own = {path for path in modules if isinstance(path, str) and path.endswith(".py") and _is_of_the_user(path)}
        copied = {source for copy, source in recorder.copies.items() if copy in self.graph.scripts}
        seen = recorder.data.union(recorder.exact, self.graph.digests)
        read = ((path, _small_contents(path)) for path in own.union(self.graph.scripts, copied) - seen)
        return {path: text for path, text in read if text is not None}

    # Files

    def _note_file(self, path: str, first: Known | None) -> None:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            if first is not None and path not in self.graph.bookkeeping:
                self.recorder.refuse("a file was removed while scons ran", path)
            self._note_absent(path)
            return
        known = known_of(status)
        if not self._is_unchanged(path, first, known):
            self.recorder.refuse("a file changed while scons ran", path)
        if known == FOLDER and path not in self.recorder.exact:
            self._put(path, FOLDER)
        elif self._only_exists(path):
            self._put(path, REGULAR)
        else:
            self._put(path, known)

    def _is_unchanged(self, path: str, first: Known | None, now: Known) -> bool:
        if path in self.graph.bookkeeping or first == now:
            return True
        recorder = self.recorder
        if path in self.graph.made and path not in recorder.looked_into and path not in recorder.exact:
            return not isinstance(now, str)  # scons looks at a target again after building it
        if first is None or isinstance(first, str) or isinstance(now, str):
            return False
        written = path in recorder.written and recorder.written[path] == _contents(path)
        # SCons links or copies the sources of a variant folder in each run.
        linked = path in self.linked and first[0] == now[0] and first[2] == now[2]
        return written or linked or self._is_new_copy(path)

    def _is_new_copy(self, path: str) -> bool:
        """Whether scons has copied another source into a variant folder, after only the name had been observed."""
        digest = self.graph.digests.get(path, "")
        if path not in self.recorder.copies or path in self.recorder.looked_into or path in self.recorder.exact:
            return False
        return len(digest) in DIGEST_SIZES and digest_like(path, digest) == digest

    def _only_exists(self, path: str) -> bool:
        """Whether only the existence of a file counts for scons: a target whose contents are not compared with
        anything.
        """
        return path in self.graph.results and path not in self.recorder.exact

    def _note_absent(self, path: str) -> None:
        folder, name = os.path.split(path.rstrip("/"))
        while not os.path.isdir(folder) and folder != "/":
            folder, name = os.path.split(folder)
        direct = os.path.join(folder, name) == path
        deep = self._folder(folder).absent.setdefault(name, [])
        if direct:
            deep.clear()
            self._absent_itself.add((folder, name))
        elif (folder, name) not in self._absent_itself and path not in deep:
            deep.append(path)

    def _put(self, path: str, known: Known) -> None:
        folder, name = os.path.split(path.rstrip("/"))
        if name:
            self._folder(folder or "/").files[name] = known

    def _folder(self, path: str) -> Folder:
        folder = self.folders.get(path)
        if folder is None:
            stamp = folder_stamp_of(os.stat(path))
            folder = self.folders[path] = Folder(stamp, {}, {}, {}, None, None, {})
        return folder

    def _note_visited(self) -> None:
        """SCons caches the status of a file, also while it is built, so all visited nodes count as observed."""
        for path in self.graph.visited - self.recorder.files.keys():
            try:
                status = os.stat(path)
            except (OSError, ValueError):
                status = None
            self.recorder.saw(path, status)

    # Names

    def _note_names(self) -> None:
        recorder = self.recorder
        for path, names in recorder.names.items():
            present = set(_names(path) or ())
            for name, found in names.items():
                full = os.path.join(path, name)
                if found != (name in present) and full not in self.graph.bookkeeping:
                    recorder.refuse("a file was added or removed while scons ran", full)
                if found:
                    self._note_looked_up(full)
                else:
                    self._note_absent(full)
        for path, patterns in recorder.patterns.items():
            for pattern, matched in patterns.items():
                self._note_pattern(path, pattern, matched)
        for path, listing in recorder.listings.items():
            self._note_listing(path, listing)
        for path, target in recorder.links.items():
            folder, name = os.path.split(path)
            self._folder(folder).links[name] = target

    def _note_looked_up(self, path: str) -> None:
        """If a name was found in a folder, but the file itself was not observed, the type of the file counts."""
        if path not in self.recorder.files:
            try:
                known = known_of(os.stat(path))
            except OSError:
                return
            self._put(path, known if known == FOLDER else REGULAR)

    def _note_no_folder(self, path: str) -> None:
        """A path that was listed in vain: scanners of folders list every source of an archive, also files."""
        if os.path.isfile(path):
            self._note_looked_up(path)
        else:
            self._note_absent(path)

    def _note_pattern(self, path: str, pattern: str, matched: list[str] | None) -> None:
        names = _names(path)
        if names is None:
            self._note_no_folder(path)
            return
        if matching(names, pattern) != matched:
            self.recorder.refuse("Glob would find other files now", f"{path}/{pattern}")
        self._folder(path).patterns[pattern] = matched or []

    def _note_listing(self, path: str, listing: list[str] | None) -> None:
        if path.startswith(LIBRARY):
            return
        names = _names(path)
        if names is None:
            self._note_no_folder(path)
        elif sorted(names) != listing:
            self.recorder.refuse("a folder that was listed has other entries now", path)
        else:
            self.folders[path] = self._folder(path)._replace(listing=listing)

    def _note_modules(self) -> None:
        """The files of Python modules, and the folders in which a new module could be found first."""
        recorder = self.recorder
        recorder.imported.update(name.rpartition(".")[2] for name in sys.modules)
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and os.path.isabs(path) and os.path.exists(path):
                recorder.saw(path, os.stat(path))
        for path in list(sys.path_importer_cache):
            if path.startswith("/") and not path.startswith(LIBRARY) and not os.path.isfile(path):
                names = _names(path)
                if names is None:
                    self._note_absent(path)
                else:
                    found = modules_among(names, recorder.imported)
                    self.folders[path] = self._folder(path)._replace(modules=found)

    # What was written and run

    def _note_written(self) -> None:
        for path, before in self.recorder.written.items():
            if path in self.recorder.written_directly and before != _contents(path):
                self.recorder.refuse("an SConscript writes a file", f"{self.recorder.written_directly[path]} {path}")

    def _commands(self) -> list[Replay]:
        if self.recorder.refusals:
            return []  # there will be no manifest, so the commands need not run again
        replays = []
        for captured in self.recorder.commands:
            found = captured.as_replay(os.environ)
            if isinstance(found, str):
                self.recorder.refuse(found, f"{captured.place}: {captured.words}")
            else:
                replays.append(found)
        return replays

    # Clocks

    def _settle(self) -> None:
        """Refuse if a file was edited while scons ran, or could have been without getting another time stamp."""
        own = self.graph.bookkeeping.union(self.linked, self.recorder.written, self.graph.made)
        for path, known in self._stamps():
            if path not in own and not is_settled(known[1], self.recorder.started):
                self.recorder.refuse("a file changed while scons ran, or its clock is too coarse to tell", path)
        young = [path for path, folder in self.folders.items() if not is_settled(max(folder.stamp[:2]), self.now)]
        fresh = [(path, known) for path, known in self._stamps() if path in self.graph.made]
        fresh = [(path, known) for path, known in fresh if not is_settled(known[1], self.now)]
        if young or fresh:
            time.sleep(RACY_NS / 1e9)
        for path, known in fresh:  # with fine time stamps, later writes can be detected
            if known_of(os.stat(path)) != known or not is_settled(known[1], time.time_ns()):
                self.recorder.refuse("a file changed while scons ran, or its clock is too coarse to tell", path)
        for path in young:  # a name added right after the observation may not have changed the stamp
            try:
                check_names(path, self.folders[path], sorted(self.recorder.imported))
            except Difference as difference:
                self.recorder.refuse("a folder changed while scons ran", difference)

    def _stamps(self) -> Iterator[tuple[str, Stamp]]:
        for path, folder in self.folders.items():
            for name, known in folder.files.items():
                if not isinstance(known, str):
                    yield os.path.join(path, name), known


def refusals(recorder: Recorder) -> list[Refusal]:
    return [Refusal(reason, tuple(places)) for reason, places in sorted(recorder.refusals.items())]


def _is_of_the_user(path: str) -> bool:
    """Whether a file does not belong to an installed Python package."""
    return not belongs_to_python(path) and "/site-packages/" not in path and "/dist-packages/" not in path


def _small_contents(path: str) -> bytes | None:
    """The contents of a file, if it is small."""
    try:
        small = os.path.getsize(path) <= MOST_BYTES
    except OSError:
        return None
    return _contents(path) if small else None


def _names(path: str) -> list[str] | None:
    try:
        return os.listdir(path)
    except OSError:
        return None


def _contents(path: str) -> bytes | None:
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return None
