"""What one run of scons looked at, as plain data that `marshal` can keep.

The idea: a run of scons is a function of what it observes. A run that executed nothing, and would observe the same
again, would execute nothing again. So a `Manifest` holds every observation of such a run, by folder, and `check.py`
compares it with the disk.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple, Union

# A folder counts by being one, and a file that is only looked for, or built, by being a regular file.
FOLDER = "folder"
REGULAR = "file"

# time of the last write, time of the last change, bytes, inode, mode
Stamp = tuple[int, int, int, int, int]
Known = Union[Stamp, str]


def stamp_of(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode


def folder_stamp_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """What changes when a name in a folder comes or goes."""
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode


def known_of(status: os.stat_result) -> Known:
    return FOLDER if stat.S_ISDIR(status.st_mode) else stamp_of(status)


class Folder(NamedTuple):
    """What was observed in one folder.

    stamp: of the folder; while it is the same, names that were absent still are.
    files: name -> its stamp, FOLDER or REGULAR.
    absent: names that were looked for in vain -> the paths below such a name, where it was a folder that was
    missing; without them, the
        name itself.
    patterns: pattern -> the names that it matched, sorted.
    listing: all names, sorted, where somebody listed them; else None.
    modules: the names among those of imported modules that are there, where Python looked for modules; else None.
    links: name -> where the link leads.
    """

    stamp: tuple[int, int, int, int]
    files: dict[str, Known]
    absent: dict[str, list[str]]
    patterns: dict[str, list[str]]
    listing: list[str] | None
    modules: list[str] | None
    links: dict[str, str]


class Replay(NamedTuple):
    """A command whose output scons or an SConscript read: it is run again, and has to say the same.

    words: the arguments, or the line for a shell. folder: where it ran. environ: None for that of scons. said: exit
    status, and the bytes of standard output and standard error, None for a stream that nobody read. place: who ran
    it.
    """

    words: list[str] | str
    folder: str
    environ: dict[str, str] | None
    said: tuple[int, bytes | None, bytes | None]
    joined: bool
    place: str


class Manifest(NamedTuple):
    """Everything that a run which had nothing to do observed.

    environ: variable -> value, or None where it was not set. every: the whole environment, where somebody read all
    of it.
    digests: path -> digest of the contents, as scons has it; a file whose stamp differs alone is compared by it.
    None stand here where a Decider goes by time. scripts: path -> the contents of an SConscript, or of a module in
    Python, that was run and that nobody looked at otherwise. imported: names of modules that were imported or looked
    for.
    output, errors: what the run printed, shown again.
    """

    environ: dict[str, str | None]
    every: dict[str, str] | None
    folders: dict[str, Folder]
    digests: dict[str, str]
    scripts: dict[str, bytes]
    imported: list[str]
    commands: list[Replay]
    output: str
    errors: str


class Refusal(NamedTuple):
    """Why a run left no manifest. reason: one clause; places: where it comes from, at most a handful."""

    reason: str
    places: tuple[str, ...] = ()


# Variables that a shell sets for itself.
PRIVATE_VARIABLES = frozenset(("_", "OLDPWD", "PWD", "SHLVL"))
