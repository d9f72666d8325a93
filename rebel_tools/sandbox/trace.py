"""The files that a command accessed, from the log of strace."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator

from rebel_tools.errors import MissingTool
from rebel_tools.sandbox.model import Access

_CALLS = "%file,fchdir,clone,clone3,fork,vfork"
_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>)?(.*)")
_FOLDER = re.compile(r"(?:AT_FDCWD|\d+)<((?:[^\\>]|\\.)*)>, ")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f"}
_FORKS = ("clone", "clone3", "fork", "vfork")
_WRITES = re.compile(r"O_(?:WRONLY|RDWR|CREAT|TRUNC)")
# System calls that change a path: the last one in their arguments, or both for `rename`.
_CHANGES = ("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "truncate", "creat", "mknod")


def strace() -> str:
    """The program. Errors: MissingTool."""
    found = shutil.which("strace")
    if not found:
        raise MissingTool(
            "--sandbox uses strace to name undeclared files, and strace is not installed",
            hint="apt-get install strace, or use --sandbox=fast, which cannot name them",
        )
    return found


def wrapper(log: str) -> list[str]:
    """The words before a command that make strace write its file accesses to `log`."""
    options = ["-f", "-qqq", "--seccomp-bpf", "-y", "-s", "0", "-e", "signal=none", "-e", f"trace={_CALLS}"]
    return [strace(), *options, "-o", log, "--"]


def accesses(text: str, folder: str) -> Iterator[Access]:
    """The paths that a traced command accessed, absolute and normal, in order.

    text: the log of strace (its format: strace(1), "OUTPUT"). folder: where the command started. A relative path is
    resolved in the current folder of its process: at first that of its parent, later that of its last `chdir`, or the
    one that the log shows.
    """
    where: dict[str, str] = {}
    seen: set[tuple[str, str, str]] = set()
    parents: list[str] = []  # the processes that started another one most recently
    for line in text.splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        process, call, rest = match.groups()
        if process not in where:
            where[process] = where[parents[-1]] if parents else folder
        if call in _FORKS:
            parents.append(process)
            continue
        named = _FOLDER.search(rest)
        if named and "AT_FDCWD" in named[0]:
            where[process] = _decoded(named[1])
        if call == "fchdir":
            continue  # `named` above is the new folder
        what = call, rest, where[process]
        if what in seen and call != "chdir":
            continue  # more than half of the calls of compilers are repetitions
        seen.add(what)
        for path, writes in _paths(call, rest, where[process]):
            yield Access(path, writes)
            if call == "chdir" and "= -1" not in rest:
                where[process] = path


def _paths(call: str, rest: str, folder: str) -> Iterator[Access]:
    """The paths in the arguments of one call."""
    arguments = rest.rsplit(") = ", 1)[0]
    base = folder
    position = 0
    found: list[str] = []
    while True:
        text = _TEXT.search(arguments, position)
        if not text:
            break
        named = list(_FOLDER.finditer(arguments, position, text.start()))
        base = _decoded(named[-1][1]) if named else base
        name = _decoded(text[1])
        if name:
            found.append(os.path.normpath(os.path.join(base, name)))
        position = text.end()
        if call.startswith(("exec", "readlink")):
            break  # the other arguments are not paths
    if call.startswith("symlink"):
        found = found[-1:]
    for number, path in enumerate(found, 1):
        changes = call in _CHANGES and (number == len(found) or call.startswith("rename"))
        yield Access(path, changes or (call.startswith("open") and bool(_WRITES.search(arguments))))


def _decoded(text: str) -> str:
    """A path without the escapes of strace, which writes bytes beyond ASCII in octal."""

    def byte(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code, 8)) if code[0] in "01234567" else _LETTERS.get(code, code)

    if "\\" not in text:
        return text
    return os.fsdecode(_ESCAPE.sub(byte, text).encode("latin-1"))
