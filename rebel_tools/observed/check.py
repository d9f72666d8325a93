"""Checks whether everything that a run of scons observed is unchanged, without SCons and with few imports."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping

from rebel_tools.memory.verdict import Verdict, everything, these
from rebel_tools.observed.model import (
    FOLDER,
    PRIVATE_VARIABLES,
    REGULAR,
    Folder,
    Known,
    Manifest,
    Replay,
    folder_stamp_of,
    stamp_of,
)

# Files whose stamp alone differs are read and compared; if there are more than this, SCons runs and records them anew.
MOST_READ = 200

# The digests that SCons can use, by their number of hexadecimal digits.
DIGEST_SIZES = {32: "md5", 40: "sha1", 64: "sha256"}

_FOLDER_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)


class Difference(Exception):
    """Something has changed; the text says what."""


def check(manifest: Manifest, environ: Mapping[str, str]) -> Verdict:
    """Compare all observations with the current state. Commands are run only if everything else is the same."""
    try:
        _check_environment(manifest, environ)
        doubtful: list[str] = []
        for path, folder in manifest.folders.items():
            doubtful += _check_folder(path, folder, manifest)
        edited = _edited(doubtful, manifest)
        _check_commands(manifest.commands, environ)
    except Difference as difference:
        return everything(str(difference))
    return these(edited)


def _check_environment(manifest: Manifest, environ: Mapping[str, str]) -> None:
    for name, value in manifest.environ.items():
        if name not in PRIVATE_VARIABLES and environ.get(name) != value:
            raise Difference(f"the environment variable {name} changed")
    if manifest.every is not None:
        now = public_variables(environ)
        if now != manifest.every:
            names = sorted(name for name, _ in now.items() ^ manifest.every.items())
            raise Difference(f"the environment variable {names[0]} changed")


def public_variables(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in PRIVATE_VARIABLES}


def _check_folder(path: str, folder: Folder, manifest: Manifest) -> list[str]:
    """The files in one folder that differ, and whose contents are known. Raises Difference."""
    try:
        descriptor = os.open(path, _FOLDER_FLAGS)
    except OSError:
        raise Difference(f"the folder {path} was removed") from None
    try:
        if folder_stamp_of(os.stat(descriptor)) != folder.stamp:
            check_names(path, folder, manifest.imported)
        doubtful = [name for name, known in folder.files.items() if not _is_as_known(name, known, descriptor)]
        for name, target in folder.links.items():
            if _link(name, descriptor) != target:
                raise Difference(f"the link {path}/{name} has another target")
    finally:
        os.close(descriptor)
    paths = [f"{path}/{name}" if path != "/" else f"/{name}" for name in doubtful]
    edited = []
    for name, full in zip(doubtful, paths):
        if not _differs_only_in_stamp(full, folder.files[name]):
            raise Difference(f"{full} changed")
        if full in manifest.digests:
            edited.append(full)
        elif full not in manifest.scripts or not _does_the_same(full, manifest):
            raise Difference(f"{full} changed")
    return edited


def _does_the_same(path: str, manifest: Manifest) -> bool:
    from rebel_tools.observed.python_code import same_program

    # The output may contain a line number of a program: `File "/tree/SConscript", line 3`, or `SConscript:3:`.
    name = os.path.basename(path)
    said = manifest.output + manifest.errors
    return same_program(path, manifest.scripts[path], any(f"{name}{mark}" in said for mark in ('"', "'", ":", ", ")))


def _is_as_known(name: str, known: Known, descriptor: int) -> bool:
    try:
        status = os.stat(name, dir_fd=descriptor)
    except OSError:
        return False
    if known == FOLDER:
        return stat.S_ISDIR(status.st_mode)
    if known == REGULAR:
        return stat.S_ISREG(status.st_mode)
    return stamp_of(status) == known


def _differs_only_in_stamp(path: str, known: Known) -> bool:
    """Whether it is still a regular file with the same mode, so that its contents decide."""
    if isinstance(known, str):
        return False
    try:
        status = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_mode == known[4]


def _link(name: str, descriptor: int) -> str | None:
    try:
        return os.readlink(name, dir_fd=descriptor)
    except OSError:
        return None


def check_names(path: str, folder: Folder, imported: list[str]) -> None:
    """After names were added or removed: whether one of them counts. Raises Difference."""
    try:
        names = os.listdir(path)
    except OSError:
        raise Difference(f"the folder {path} cannot be listed") from None
    for name in folder.absent.keys() & set(names):
        deep = folder.absent[name]
        if not deep or any(os.path.lexists(each) for each in deep):
            raise Difference(f"{path}/{name} appeared")
    for pattern, matched in folder.patterns.items():
        if matching(names, pattern) != matched:
            raise Difference(f"other files match {path}/{pattern}")
    if folder.listing is not None and sorted(names) != folder.listing:
        raise Difference(f"the names in {path} changed")
    if folder.modules is not None and modules_among(names, imported) != folder.modules:
        raise Difference(f"the Python modules in {path} changed")


def matching(names: Iterable[str], pattern: str) -> list[str]:
    """What SCons' Glob finds among the names of a folder, sorted."""
    import fnmatch

    return sorted(fnmatch.filter(names, pattern))


def modules_among(names: Iterable[str], imported: Iterable[str]) -> list[str]:
    """The entries of a folder that could be one of the imported Python modules."""
    wanted = set(imported)
    return sorted(name for name in names if name.partition(".")[0] in wanted)


def _edited(paths: list[str], manifest: Manifest) -> list[str]:
    if len(paths) > MOST_READ:
        raise Difference(f"{len(paths)} files changed, {paths[0]} among them")
    return [path for path in paths if digest_like(path, manifest.digests[path]) != manifest.digests[path]]


def digest_like(path: str, known: str) -> str | None:
    """The digest of a file by the algorithm of the digest `known` (found by its length); None if it cannot be read."""
    import hashlib

    state = hashlib.new(DIGEST_SIZES[len(known)], usedforsecurity=False)
    try:
        with open(path, "rb", buffering=0) as f:
            while chunk := f.read(1 << 16):
                state.update(chunk)
    except OSError:
        return None
    return state.hexdigest()


def _check_commands(commands: list[Replay], environ: Mapping[str, str]) -> None:
    for command in commands:
        if replay(command, environ) != command.said:
            words = command.words if isinstance(command.words, str) else " ".join(command.words)
            raise Difference(f"the output of the command `{words}` changed")


def replay(command: Replay, environ: Mapping[str, str]) -> tuple[int, bytes | None, bytes | None] | None:
    """Run a command again: its exit status and streams; None when it cannot be started."""
    import subprocess

    _, out, err = command.said
    error_to = subprocess.STDOUT if command.joined else subprocess.DEVNULL if err is None else subprocess.PIPE
    try:
        run = subprocess.run(
            command.words,
            cwd=command.folder,
            env=dict(environ) if command.environ is None else command.environ,
            shell=isinstance(command.words, str),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if out is None else subprocess.PIPE,
            stderr=error_to,
        )
    except OSError:
        return None
    return run.returncode, run.stdout, run.stderr
