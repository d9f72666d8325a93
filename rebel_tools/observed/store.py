"""Stores manifests in the user's cache folder, by project folder and by question.

They are not in the project: writing a file there would change a folder that scons looks at, and a project may be
read-only. A manifest that is damaged, of another version or of another user is ignored.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rebel_tools import __version__
from rebel_tools.memory.atomic import write_atomically
from rebel_tools.memory.json_file import read_json
from rebel_tools.memory.user_cache import user_cache
from rebel_tools.observed.edges import Edges
from rebel_tools.observed.model import Folder, Manifest, Refusal, Replay

FORMAT = f"rebel-tools {__version__} observed 3"
MOST_MANIFESTS = 16  # manifests kept for one project
_EDGES = ".edges"
_REFUSED = ".json"  # suffix of a file that says why there is no manifest

UNSEEN, ANSWERS, REFUSED = "unseen", "answers", "refused"


class LastRun(NamedTuple):
    """What the last `rebel scons` has stored for the next one.

    state: UNSEEN: there was no run; ANSWERS: a manifest, so the next run may not need scons; REFUSED: the reasons why
    there is no manifest.
    """

    state: str
    refusals: tuple[Refusal, ...] = ()


class Question(NamedTuple):
    """What a run depends on apart from observations, as one text, and the path of its manifest.

    jobs: the number of jobs as it was given, '' if it was not; it counts only if an SConscript asks for it.
    """

    text: str
    path: str
    jobs: str


def question(arguments: Sequence[str], environ: Mapping[str, str], version: str) -> Question:
    """The question for `scons ARGUMENTS` in this folder. version: that of SCons."""
    umask = os.umask(0)
    os.umask(umask)
    top = os.getcwd()
    parts = [FORMAT, version, sys.version, sys.executable, top, repr(os.uname()), str(os.getuid()), str(umask)]
    terminals = [str(os.isatty(descriptor)) for descriptor in range(3)]
    words, jobs = _relevant(arguments)
    parts += [*sys.path[1:], repr(sys.flags), *terminals, *words]
    text = "\0".join(parts)
    return Question(text, os.path.join(_folder_of(top, environ), _checksum(text)), jobs)


def _folder_of(top: str, environ: Mapping[str, str]) -> str:
    """The folder of the manifests of a tree."""
    name = f"{os.path.basename(top) or 'root'}-{_checksum(top)}"
    return os.path.join(user_cache(environ), "observed", name)


def _checksum(text: str) -> str:
    """A short name for a text. A collision is harmless: the file holds the whole question."""
    return f"{zlib.crc32(text.encode('utf-8', 'surrogateescape')):08x}"


EXPLAINING = "--debug=explain"


def _relevant(arguments: Sequence[str]) -> tuple[list[str], str]:
    """The arguments without --debug=explain and the number of jobs, which do not matter if nothing runs; and that
    number.
    """
    words, rest, jobs = [], list(arguments), ""
    while rest:
        word = rest.pop(0)
        number = word.removeprefix("-j") if word.startswith("-j") else word.removeprefix("--jobs=")
        if word in ("-j", "--jobs") and rest:
            jobs = rest.pop(0)
        elif number != word and number.isdecimal():
            jobs = number
        elif word != EXPLAINING:
            words.append(word)
    return words, jobs


def load(asked: Question) -> Manifest | None:
    """The manifest for a question; None without a trustworthy one."""
    try:
        question, *plain = _read_sealed(asked.path)
        if question != asked.text:
            return None
        plain[2] = {path: Folder(*folder) for path, folder in plain[2].items()}
        plain[6] = [Replay(*command) for command in plain[6]]
        return Manifest(*plain)
    except (OSError, ValueError, EOFError, TypeError, IndexError):
        return None  # missing, or damaged


def save(asked: Question, manifest: Manifest) -> None:
    """Store a manifest for the next time. If that is impossible, the next run uses scons."""
    folders = {path: tuple(folder) for path, folder in manifest.folders.items()}
    commands = [tuple(each) for each in manifest.commands]
    plain = manifest._replace(folders=folders, commands=commands)  # type: ignore[arg-type]
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(asked.path), mode=0o700, exist_ok=True)
        _write_sealed(asked.path, (asked.text, *plain))
        _trim(os.path.dirname(asked.path))
    _forget_refusals(asked)


def save_edges(asked: Question, edges: Edges) -> None:
    """Store the graph that belongs to the manifest that was just saved."""
    with contextlib.suppress(OSError):
        _write_sealed(asked.path + _EDGES, (_seal(asked), tuple(edges)))


def load_edges(asked: Question) -> Edges | None:
    """The graph that belongs to the manifest for a question; None without a trustworthy one."""
    try:
        belongs_to, plain = _read_sealed(asked.path + _EDGES)
        return Edges(*plain) if belongs_to == _seal(asked) else None
    except (OSError, ValueError, EOFError, TypeError, IndexError):
        return None  # missing, or damaged


_SEAL = 4  # the length in bytes of the checksum at the beginning of a file


def _seal(asked: Question) -> bytes:
    """The checksum at the beginning of a manifest."""
    with open(asked.path, "rb") as f:
        return f.read(_SEAL)


def _write_sealed(path: str, values: tuple[Any, ...]) -> None:
    data = marshal.dumps(values)
    write_atomically(path, zlib.crc32(data).to_bytes(_SEAL, "big") + data)


def _read_sealed(path: str) -> Any:
    """The data. Errors: OSError, ValueError, EOFError and TypeError for a file that is damaged or of another user."""
    with open(path, "rb") as f:
        if os.fstat(f.fileno()).st_uid != os.getuid():
            raise ValueError("it belongs to another user")
        seal, data = f.read(_SEAL), f.read()
    if zlib.crc32(data) != int.from_bytes(seal, "big"):
        raise ValueError("it is damaged")
    return marshal.loads(data)


def save_refusals(asked: Question, refusals: Sequence[Refusal]) -> None:
    """Store the reasons why there is no manifest, for `--explain`."""
    import json

    forget(asked)
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(asked.path), mode=0o700, exist_ok=True)
        text = json.dumps({"format": FORMAT, "refusals": refusals}, ensure_ascii=True)
        write_atomically(asked.path + _REFUSED, text.encode())


def load_refusals(asked: Question) -> list[Refusal]:
    """The reasons stored by `save_refusals`."""
    return _refusals_in(asked.path + _REFUSED)


def last_run(environ: Mapping[str, str]) -> LastRun:
    """What the last `rebel scons` in this folder has stored, with any arguments."""
    folder = _folder_of(os.getcwd(), environ)
    try:
        entries = [entry for entry in os.scandir(folder) if not entry.name.endswith(_EDGES)]
        newest = max(entries, key=lambda entry: entry.stat().st_mtime_ns)
    except (OSError, ValueError):  # no folder, or nothing in it
        return LastRun(UNSEEN)
    return LastRun(REFUSED, tuple(_refusals_in(newest.path))) if newest.path.endswith(_REFUSED) else LastRun(ANSWERS)


def _refusals_in(path: str) -> list[Refusal]:
    try:
        refusals = read_json(path)["refusals"]
        return [Refusal(str(reason), tuple(map(str, places))) for reason, places in refusals]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def forget(asked: Question) -> None:
    """Remove the manifest for a question."""
    with contextlib.suppress(OSError):
        os.unlink(asked.path)


def _forget_refusals(asked: Question) -> None:
    with contextlib.suppress(OSError):
        os.unlink(asked.path + _REFUSED)


def _trim(folder: str) -> None:
    """Remove all but the newest manifests of a project."""
    entries = sorted(os.scandir(folder), key=lambda entry: -entry.stat().st_mtime_ns)
    for entry in entries[2 * MOST_MANIFESTS :]:  # a manifest and a graph, or the reasons why there is none
        os.unlink(entry.path)
