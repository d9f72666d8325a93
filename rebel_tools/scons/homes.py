"""Which targets use a folder of compiled files, and the removal of files of targets that no longer exist or have moved.

A target's own files are in `_build/<target>`, shared files in the folder of its home, with a list of the other targets
that have been built from it. The folders of all targets have a mark, for the case that lists and records are lost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress

from rebel_tools.memory.atomic import write_atomically
from rebel_tools.memory.json_file import read_json
from rebel_tools.memory.manifest import NAME as MANIFEST
from rebel_tools.memory.state_file import NAME as STATE
from rebel_tools.ocaml.editors import FILE as EDITORS_FILE
from rebel_tools.ocaml.names import SUFFIXES
from rebel_tools.scons.package_rules import FOLDER

_SERVED = ".rebel-tools.targets"
_MARK = ".rebel-tools.target"

_MADE = (
    ".cmi",
    ".cmj",
    ".cmo",
    ".cmt",
    ".cmti",
    ".cmx",
    ".cma",
    ".cmxa",
    ".a",
    ".so",
    ".cmxs",
    ".o",
    ".ast",
    ".out",
    ".bc",
    ".js",
)

_RECORDS = (STATE, MANIFEST, EDITORS_FILE, _SERVED, _MARK)


def note_served(build: str, name: str, targets: Collection[str]) -> None:
    """Record which of the targets, besides the home itself, were made from the folder of the home `name`."""
    home, others = os.path.join(build, name), sorted(target for target in targets if target != name)
    path = os.path.join(home, _SERVED)
    if others == sorted(served(home)):
        return
    with suppress(OSError):  # then nothing can be built either, and the build reports that
        if others:
            os.makedirs(home, exist_ok=True)
            write_atomically(path, json.dumps(others).encode())
        else:
            os.unlink(path)


def mark(build: str, targets: Iterable[str]) -> None:
    """Mark the folders of targets, those that exist, as made by a build. However a file came into a folder (compiled,
    put back from a cache), this is done at the end of the build, so that every order of builds leaves the same.
    """
    for target in targets:
        folder = os.path.join(build, target)
        path = os.path.join(folder, _MARK)
        if os.path.isdir(folder) and not os.path.lexists(path):
            with suppress(OSError):  # then the list of the home has to suffice
                write_atomically(path, b"")


def records(build: str, targets: Iterable[str]) -> list[str]:
    """The files with which the folders of targets are recognised, as far as they exist."""
    found = (os.path.join(build, target, name) for target in targets for name in (_SERVED, _MARK))
    return list(filter(os.path.isfile, found))


def served(home: str) -> list[str]:
    """The recorded targets; none if the record is damaged."""
    try:
        names = read_json(os.path.join(home, _SERVED))
        return [name for name in names if all(part.strip(".") for part in name.split("/"))]
    except (ValueError, TypeError, AttributeError):
        return []


def remove_left_over(build: str, homes: Mapping[str, str]) -> None:
    """Remove compiled files below `build` of targets that no longer exist or whose home has changed.

    homes: target -> the target whose folder holds its shared files.
    Files that may not be from compilers are kept, and so are files that cannot be removed; links are not followed.
    """
    with suppress(OSError):
        for home in list(_with(STATE, build, "")):
            folder = os.path.join(build, home)
            targets = served(folder)
            stay = [name for name in targets if homes.get(name) == home]
            for name in {*targets} - {*stay}:
                _remove(os.path.join(build, name))
            if homes.get(home) != home:
                _remove(folder)
                if "/" in home:
                    os.rmdir(os.path.dirname(folder))
            else:
                note_served(build, home, stay)
        for name in list(_with(_MARK, build, "")):
            if name not in homes:
                _remove(os.path.join(build, name))


def remove_links(build: str, profile: str, targets: Iterable[str]) -> None:
    """Remove the symbolic links in the folders of targets through which a build would write elsewhere. Links to files
    that have no name of an output stay: another builder of the SConstruct may have made them.

    profile: the folder of the profile in `build`, '' or with a slash at its end. Errors: OSError.
    """
    for target in targets:
        path = build
        for part in f"{profile}{target}".split("/"):
            path = os.path.join(path, part)
            if os.path.islink(path):
                os.unlink(path)
        for link in _links(path):
            os.unlink(link)


def _links(folder: str) -> Iterator[str]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                if entry.name.endswith((*_MADE, *SUFFIXES)) or not os.path.isfile(entry.path):
                    yield entry.path
            elif entry.is_dir():
                yield from _links(entry.path)


def _with(file: str, build: str, name: str) -> Iterator[str]:
    """The names of the folders with this file: those of targets, also of members of a workspace."""
    for entry in os.scandir(os.path.join(build, name)):
        inner = f"{name}/{entry.name}" if name else entry.name
        if entry.is_dir(follow_symlinks=False) and not inner.startswith("_"):  # the folder of a profile
            if os.path.lexists(os.path.join(entry.path, file)):
                yield inner
            elif inner.count("/") < 2:
                yield from _with(file, build, inner)


def _remove(folder: str) -> None:
    if os.path.islink(folder):
        return
    for path, _, names in os.walk(folder, topdown=False):
        for name in names:
            by_rule = f"/{FOLDER}/" in f"{path}/"  # not a folder, or unreadable
            if by_rule or name.endswith((*_MADE, *SUFFIXES)) or name in _RECORDS:
                with suppress(OSError):
                    os.unlink(os.path.join(path, name))
        with suppress(OSError):  # it contains other files
            os.rmdir(path)
