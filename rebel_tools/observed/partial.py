"""A run of scons that checked only what depends on the changed files: its observations, together with those of the
previous run, cover the whole tree.

Apart from the changed files and what was built, the two must agree. Otherwise there is no manifest, and the next run
checks everything.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from typing import Any

from rebel_tools.observed.check import Difference, check_names
from rebel_tools.observed.model import FOLDER, REGULAR, Folder, Known, Manifest
from rebel_tools.observed.recorder import Recorder


def reads_the_same(recorder: Recorder, manifest: Manifest, changed: Set[str]) -> bool:
    """Whether the SConscripts were read with the same results of all file accesses as in the earlier run.

    changed: the files that have changed since that run.
    """
    if not changed.isdisjoint(recorder.looked_into) or recorder.refusals or recorder.work:
        return False
    files = ((path, known) for path, known in recorder.files.items() if path not in recorder.logs)
    return (
        all(_is_compatible(_known(manifest, path), known) or path in changed for path, known in files)
        and all(_lists(manifest, path, "patterns", found) for path, found in recorder.patterns.items())
        and all(_folder(manifest, path).listing == listing for path, listing in recorder.listings.items())
        and all(
            (_known(manifest, f"{path}/{name}") is not None) is found
            for path, names in recorder.names.items()
            for name, found in names.items()
        )
    )


_NOTHING = Folder((0, 0, 0, 0), {}, {}, {}, None, None, {})


def _folder(manifest: Manifest, path: str) -> Folder:
    return manifest.folders.get(path, _NOTHING)


def _known(manifest: Manifest, path: str) -> Known | None:
    folder, name = os.path.split(path.rstrip("/"))
    return _folder(manifest, folder or "/").files.get(name) if name else FOLDER


def _has_stamp(manifest: Manifest, path: str) -> bool:
    """Whether a file was compared by its stamp. If by nothing else, a target that is skipped now needs its time, or all
    of its text.
    """
    known = _known(manifest, path)
    return known is not None and not isinstance(known, str)


def _lists(manifest: Manifest, path: str, kind: str, found: Mapping[str, Any]) -> bool:
    before = getattr(_folder(manifest, path), kind)
    return all(before.get(pattern) == (names or []) for pattern, names in found.items())


def _is_compatible(old: Known | None, new: Known | None) -> bool:
    """Whether two observations of a file agree; one may be of its existence only."""
    if old == new:
        return True
    return old is not None and new is not None and FOLDER not in (old, new) and REGULAR in (old, new)


class Disagreement(Exception):
    """Something differs from the earlier run; the text says what."""


def merged(old: Manifest, new: Manifest, others: Set[str], linked: Set[str]) -> Manifest:
    """The observations of both runs. others: files that differ from the earlier run: those that were edited or built.
    linked: files of variant folders and their sources, which are linked again in each run. Raises Disagreement.
    """
    if [each[:4] for each in old.commands] != [each[:4] for each in new.commands]:
        raise Disagreement("the output of a command changed")
    imported = sorted({*old.imported, *new.imported})
    folders = dict(old.folders)
    for path, folder in new.folders.items():
        folders[path] = _folders(path, folders[path], folder, others, linked, imported) if path in folders else folder
    kept = {path: digest for path, digest in old.digests.items() if path not in others}
    scripts = {path: text for path, text in old.scripts.items() if path not in others}
    digests = {path: each for path, each in new.digests.items() if path in old.digests or not _has_stamp(old, path)}
    # A file can have a digest by SCons in one run, and ours in the other.
    digests = {path: each for path, each in digests.items() if len(kept.get(path, each)) == len(each)}
    programs = {path: text for path, text in new.scripts.items() if path in old.scripts or not _has_stamp(old, path)}
    return new._replace(
        environ=_agreeing("the environment", old.environ, new.environ),
        every=old.every if new.every is None else new.every,
        folders=folders,
        digests=_agreeing("contents", kept, digests),
        scripts=_agreeing("SConscripts", scripts, programs),
        imported=imported,
        jobs=old.jobs if new.jobs is None else new.jobs,
    )


def _agreeing(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    for name in old.keys() & new.keys():
        if old[name] != new[name]:
            raise Disagreement(f"{what}: {name}")
    return {**old, **new}


def _folders(path: str, old: Folder, new: Folder, others: Set[str], linked: Set[str], imported: list[str]) -> Folder:
    files = dict(old.files)
    for name, known in new.files.items():
        before, full = files.get(name), f"{path}/{name}"
        if before is None or full in others or (full in linked and _is_link_of_the_same(before, known)):
            files[name] = known
        elif not _is_compatible(before, known):
            raise Disagreement(f"{path}/{name}")
        elif known != REGULAR:
            files[name] = known
    absent = {**old.absent, **new.absent}
    for name in old.absent.keys() & new.absent.keys():
        each = old.absent[name], new.absent[name]
        absent[name] = [] if [] in each else sorted({*each[0], *each[1]})
    folder = Folder(
        new.stamp,
        files,
        {name: deep for name, deep in absent.items() if name not in files or files[name] == FOLDER},
        _agreeing(path, old.patterns, new.patterns),
        _one_of(path, old.listing, new.listing),
        _one_of(path, old.modules, new.modules),
        _agreeing(path, old.links, new.links),
    )
    if not files.keys().isdisjoint(name for name, deep in absent.items() if not deep):
        raise Disagreement(f"{path}: a new name")
    try:
        check_names(path, folder, imported)  # the stamp is newer than what the earlier run saw
    except Difference as difference:
        raise Disagreement(str(difference)) from None
    return folder


def _is_link_of_the_same(old: Known, new: Known) -> bool:
    return not isinstance(old, str) and not isinstance(new, str) and (old[0], old[2]) == (new[0], new[2])


def _one_of(path: str, old: list[str] | None, new: list[str] | None) -> list[str] | None:
    if old is not None and new is not None and old != new:
        raise Disagreement(path)
    return old if new is None else new
