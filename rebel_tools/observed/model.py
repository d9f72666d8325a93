"""The observations of one run of scons, as plain data that `marshal` can store.

The principle: a run of scons is a function of what it observes. If a run executed nothing and the next one would
observe the same, that one would execute nothing either. So a `Manifest` holds every observation of such a run, by
folder, and `check.py` compares it with the disk.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple, Union

# Of some paths only the type counts: of folders, and of files that are only looked up or built.
FOLDER = "folder"
REGULAR = "file"

# time of the last write, time of the last change, bytes, inode, mode
Stamp = tuple[int, int, int, int, int]
Known = Union[Stamp, str]


def stamp_of(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode


def folder_stamp_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """The part of the status that changes when a name in a folder is added or removed."""
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode


def known_of(status: os.stat_result) -> Known:
    return FOLDER if stat.S_ISDIR(status.st_mode) else stamp_of(status)


class Folder(NamedTuple):
    """What was observed in one folder.

    stamp: of the folder; while it is the same, absent names are still absent.
    files: name -> its stamp, FOLDER or REGULAR.
    absent: names that did not exist -> the paths below them that were looked up; none for the name itself.
    patterns: pattern -> the names that it matched, sorted.
    listing: all names, sorted, if the folder was listed; else None.
    modules: the names of imported modules in it, if Python looked for modules there; else None.
    links: name -> target of the link.
    """

    stamp: tuple[int, int, int, int]
    files: dict[str, Known]
    absent: dict[str, list[str]]
    patterns: dict[str, list[str]]
    listing: list[str] | None
    modules: list[str] | None
    links: dict[str, str]


class Replay(NamedTuple):
    """A command whose output scons or an SConscript read: it is run again, and must print the same.

    words: the arguments, or the line for a shell. folder: where it ran. environ: None for that of scons. said: the exit
    status, and the bytes of standard output and standard error, None for a stream that was not read. place: the code
    that ran it.
    """

    words: list[str] | str
    folder: str
    environ: dict[str, str] | None
    said: tuple[int, bytes | None, bytes | None]
    joined: bool
    place: str


class Manifest(NamedTuple):
    """Everything that a run with nothing to do observed.

    environ: variable -> value, or None if it was not set. every: the whole environment, if all of it was read.
    digests: path -> digest of the contents, as in scons; decides if only the stamp of a file differs. Empty if a
    Decider uses time stamps. scripts: path -> the contents of an SConscript or Python module that was run and not
    accessed otherwise. imported: names of modules that were imported or looked up.
    output, errors: what the run printed, to be printed again. jobs: the number of jobs that was given, '' for none, if
    an SConscript asked for it.
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
    jobs: str | None


class Refusal(NamedTuple):
    """Why there is no manifest of a run. reason: one clause; places: what causes it, at most five."""

    reason: str
    places: tuple[str, ...] = ()


# Variables that a shell sets for itself.
PRIVATE_VARIABLES = frozenset(("_", "OLDPWD", "PWD", "SHLVL"))
