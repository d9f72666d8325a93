"""The files named on a command line: preprocessors and their arguments, objects, archives, C libraries.

A file counts whether or not it exists, because it may be created later or by the build. Text that only looks like a
path costs no more than a check for a missing file.

Sources: driver/main_args.ml and utils/ccomp.ml of OCaml 4.08 to 5.3 (a shell gets -pp, -ppx, -cc and -ccopt, -cclib is
split at blanks), and the manual of GCC, "Options for Linking".
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rebel_tools.memory.atomic import read_regular
from rebel_tools.ocaml.flags import HARMLESS_WITH_VALUE
from rebel_tools.ocaml.search import with_response_files

_COMMANDS = ("-pp", "-ppx", "-cc")
_OF_LINKER = ("-ccopt", "-cclib")
_FOLDERS = ("-I", "-H")
# Words that are known not to be input files, although they may look like it.
_NO_FILE = HARMLESS_WITH_VALUE | {"-o", "-runtime-variant"}


class Named(NamedTuple):
    """The things named on a command line, each in order.

    files: paths, relative to the folder in which the command runs, or absolute; they may be folders or not exist.
    programs: names that are looked for on the PATH.
    libraries: the names of C libraries, `z` for `-lz`; folders: of `-L`.
    stubs, stub_folders: the same of the libraries that bytecode loads, of `-dllib` and `-dllpath`.
    linker: the words for the C compiler that links.
    """

    files: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    stubs: tuple[str, ...] = ()
    stub_folders: tuple[str, ...] = ()
    linker: tuple[str, ...] = ()


def named(words: Sequence[str], current: str) -> Named:
    """The files named in the arguments of a compiler; `current` is the folder in which it runs."""
    return _Reading(current).all_of(words)


class _Reading:
    def __init__(self, current: str) -> None:
        self.current = current
        self.files: list[str] = []
        self.programs: list[str] = []
        self.libraries: list[str] = []
        self.folders: list[str] = []
        self.stubs: list[str] = []
        self.stub_folders: list[str] = []
        self.linker: list[str] = []

    def all_of(self, words: Sequence[str]) -> Named:
        every = iter(with_response_files(words, self.current))
        for word in every:
            if word in _COMMANDS:
                self._command(next(every, ""))
            elif word in _OF_LINKER:
                self._of_linker(split(next(every, "")))
            elif word == "-dllib":
                self.stubs.append(next(every, "").removeprefix("-l"))
            elif word == "-dllpath":
                self.stub_folders.append(next(every, ""))
            elif word in _FOLDERS or word in _NO_FILE:
                next(every, "")
            elif word.startswith("-l"):
                self._of_linker([word])
            elif not word.startswith("-"):
                self.files.append(word)
        return Named(
            files=_each_once(self.files),
            programs=_each_once(self.programs),
            libraries=_each_once(self.libraries),
            folders=_each_once(self.folders),
            stubs=_each_once(self.stubs),
            stub_folders=_each_once(self.stub_folders),
            linker=tuple(self.linker),
        )

    def _command(self, text: str) -> None:
        words = split(text)
        if words and "/" not in words[0]:
            self.programs.append(words[0])
        self.files += words[:1] if words and "/" in words[0] else []
        for word in words[1:]:
            self.files.append(word.partition("=")[2] if word.startswith("-") else word)

    def _of_linker(self, words: Iterable[str]) -> None:
        """Words for the C compiler."""
        given = list(words)
        self.linker += given
        every = _single(_with_gcc_files(given, self.current, self.files))
        for word in every:
            if word.startswith("-l"):
                self.libraries.append(word[2:] or next(every, ""))
            elif word.startswith("-L"):
                self.folders.append(word[2:] or next(every, ""))
            elif word.startswith("-T"):
                self.files.append(word[2:])
            elif word.startswith("-"):
                self.files.append(word.partition("=")[2])
            else:
                self.files.append(word)


def _each_once(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, words)))


def split(text: str) -> list[str]:
    """The words of a text that is passed to a shell, without words that only a shell could determine."""
    try:
        return shlex.split(text)
    except ValueError:  # an unclosed quotation mark; the shell will report it
        return text.split()


def _single(words: Iterable[str]) -> Iterator[str]:
    """Expand `-Wl,-T,script` and `-Xlinker -T`, which pass words to the linker."""
    for word in words:
        if word.startswith("-Wl,"):
            yield from word.split(",")[1:]
        elif word != "-Xlinker":
            yield word


def _with_gcc_files(words: Iterable[str], current: str, files: list[str], depth: int = 8) -> Iterator[str]:
    """Replace `@file` by the words in the file; the files are added to `files`."""
    for word in words:
        if not word.startswith("@"):
            yield word
            continue
        files.append(word[1:])
        data = read_regular(os.path.join(current, word[1:])) if depth else None  # the compiler reports the error
        inner = split((data or b"").decode("utf-8", "surrogateescape"))
        yield from _with_gcc_files(inner, current, files, depth - 1)


def on_path(name: str, path: str) -> list[str]:
    """The paths at which a program is looked for, up to the one that exists."""
    if "/" in name:
        return [name]
    found = []
    for folder in filter(None, path.split(os.pathsep)):
        found.append(os.path.join(folder, name))
        if os.access(found[-1], os.X_OK) and os.path.isfile(found[-1]):
            break
    return found
