"""The files that the C compiler reads implicitly when it links: its start files, the C libraries, the linker.

Nothing is linked to find that out: with `-###` GCC and Clang print the command line of the linker and run nothing.

Sources: the manual of GCC, "Overall Options" (-###); gcc/collect2.cc (where the linker is looked for); the manual of
GNU ld, "Command-line Options" (-l, -L) and "Commands Dealing with Files" (INPUT, GROUP).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rebel_tools.ocaml.named import on_path, split
from rebel_tools.ocaml.needed import folders_for_needed, needed_by
from rebel_tools.ocaml.toolchain import ANSWERS

SHARED = (".dylib", ".tbd", ".so") if sys.platform == "darwin" else (".so",)
_STATIC = ("-static", "-Bstatic", "-dn", "-non_shared", "-Wl,-Bstatic", "-Wl,-static", "-Wl,-dn")
_WITH_VALUE = ("-o", "-m", "-z", "-dynamic-linker", "-rpath", "-soname", "-h", "-e", "-u", "-y")
_SCRIPT = 65536  # bytes; a longer file is not a linker script instead of a library
_VARIABLES = ("PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX")
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_PART = re.compile(r'(?<![^\s(,"])(/[^\s(),"]+|-l[^\s(),"]+)')


class CLinker(NamedTuple):
    """The C compiler that links.

    command: its program and constant options; path: the PATH of its user.
    words: the arguments of the link; environ: its environment; current: the folder in which it runs.
    """

    command: tuple[str, ...]
    path: str
    words: tuple[str, ...]
    environ: Mapping[str, str]
    current: str


def c_files(linker: CLinker) -> list[str]:
    """The absolute paths of the files that a link reads, or would read if they existed, including programs.

    A compiler that is only found through the environment of the build, not by its user, is not run.
    """
    places = on_path(linker.command[0], linker.environ.get("PATH", ""))
    found = [*places]
    asked = places[-1:] == on_path(linker.command[0], linker.path)[-1:]
    said = _ask(linker, places[-1]) if places and asked else ""
    folders, lines = program_folders(said), [line for line in said.splitlines() if line.startswith((" ", '"'))]
    command = split(lines[-1]) if lines else [*linker.words]
    if lines:
        found += [command[0], *_linkers([*linker.command, *linker.words], folders, linker.environ)]
    found += _Command(command[1:] if lines else command, linker.current, linker.environ).files()
    return list(dict.fromkeys(os.path.join(linker.current, path) for path in found))


def _ask(linker: CLinker, program: str) -> str:
    """The output of the compiler, '' if it fails."""
    arguments = [program, *linker.command[1:], "-###", "main.o", *linker.words]
    told = [f"{name}={linker.environ.get(name)}" for name in _VARIABLES]
    key = "\n".join([linker.current, *told, *arguments])
    if key not in ANSWERS:
        environ = {**linker.environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(arguments, env=environ, cwd=linker.current, capture_output=True, check=False)
        except (OSError, ValueError):  # it is not a program
            return ""
        ANSWERS[key] = done.stderr.decode("utf-8", "surrogateescape")
    return ANSWERS[key]


def program_folders(said: str) -> list[str]:
    """The folders in which GCC looks for the programs that it runs."""
    line = next((line for line in said.splitlines() if line.startswith("COMPILER_PATH=")), "")
    return [folder for folder in line.partition("=")[2].split(os.pathsep) if folder]


def _linkers(words: Iterable[str], folders: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """The paths at which collect2 looks for the linker, up to the one that exists."""
    chosen = next((word.partition("=")[2] for word in words if word.startswith("-fuse-ld=")), "")
    name = f"ld.{chosen}" if chosen else "ld"
    return on_path(name, os.pathsep.join([*folders, environ.get("PATH", "")]))


class _Command:
    """The command line of a linker."""

    def __init__(self, words: Sequence[str], current: str, environ: Mapping[str, str]) -> None:
        self.words = words
        self.before, self.after = folders_for_needed(words, environ)
        self._seen: set[str] = set()
        self.current = current
        given = [os.path.join(current, word[2:]) for word in words if word.startswith("-L") and len(word) > 2]
        # GCC spells folders in many ways; paths are not resolved, because the target of a symbolic link may change.
        self.folders = list({os.path.realpath(folder): folder for folder in reversed(given)}.values())[::-1]
        self.is_static = not set(_STATIC).isdisjoint(words)

    def files(self) -> Iterator[str]:
        words = iter(self.words)
        for word in words:
            if word in _WITH_VALUE:
                next(words, "")
            elif word.startswith("-l"):
                yield from self._library(word[2:])
            elif not word.startswith("-") and word != "main.o":
                yield from self._with_parts(word)

    def _library(self, name: str, depth: int = 4) -> Iterator[str]:
        for paths in library_paths(name, self.folders, self.is_static):
            yield from self._with_parts(paths, depth)

    def _with_parts(self, path: str, depth: int = 4) -> Iterator[str]:
        """A file and, if it is a linker script instead of a library, the files that it names."""
        yield path
        yield from self._needed(path)
        for part in _parts(os.path.join(self.current, path)) if depth else ():
            is_library = part.startswith("-l")
            yield from self._library(part[2:], depth - 1) if is_library else self._with_parts(part, depth - 1)

    def _needed(self, path: str) -> Iterator[str]:
        """What a shared library needs, directly or through other libraries, wherever these are."""
        waiting = [path]
        while waiting:
            needs = needed_by(os.path.join(self.current, waiting.pop()))
            folders = (*self.before, *needs.folders, *self.folders, *self.after)
            for name in needs.names:
                if name not in self._seen:
                    self._seen.add(name)
                    places = [name] if "/" in name else _until_there(os.path.join(each, name) for each in folders)
                    yield from places
                    waiting += places[-1:]


def _until_there(paths: Iterable[str]) -> list[str]:
    """The paths up to the first one that exists."""
    found: dict[str, None] = {}
    for path in paths:
        found[path] = None
        if os.path.isfile(path):
            break
    return list(found)


def library_paths(name: str, folders: Sequence[str], is_static: bool = False) -> list[str]:
    """The paths at which a linker looks for a library, up to the one that exists.

    If a part of the command line may ask for archives, the paths of archives are included.
    """
    wanted: list[tuple[str, ...]] = [(*SHARED, ".a")]
    if is_static:
        wanted.append((".a",))
    found: dict[str, None] = {}
    for suffixes in wanted:
        for path in _looked_for(name, folders, suffixes):
            found[path] = None
            if os.path.isfile(path):
                break
    return list(found)


def _looked_for(name: str, folders: Iterable[str], suffixes: Sequence[str]) -> Iterator[str]:
    for folder in folders:
        if name.startswith(":"):
            yield os.path.join(folder, name[1:])
        else:
            yield from (os.path.join(folder, f"lib{name}{suffix}") for suffix in suffixes)


def _parts(path: str) -> list[str]:
    """The files and libraries in a linker script; none for any other file."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _SCRIPT:
            return []
        with open(path, "rb") as file:
            data = file.read(_SCRIPT)
    except OSError:  # the linker reports the error
        return []
    if b"\0" in data:
        return []
    return _PART.findall(_COMMENT.sub(" ", data.decode("utf-8", "surrogateescape")))
