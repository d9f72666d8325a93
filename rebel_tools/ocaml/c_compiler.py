"""What a C or C++ compiler reads and runs implicitly: installed headers, and the programs of which it consists.

It is asked with its own constant options and no flags of packages, so nothing runs that a package names.

Sources: the manual of GCC, "Environment Variables" (CPATH, COMPILER_PATH), "Overall Options" (-v, -###), "Directory
Options" and "Preprocessor Options" (-include).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rebel_tools.ocaml.linker import program_folders
from rebel_tools.ocaml.named import on_path, split
from rebel_tools.ocaml.toolchain import ANSWERS

_VARIABLES = ("PATH", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX")
_MISSING = re.compile(r'^ignoring nonexistent directory "(.+)"$', re.M)
_FOLDERS = ("-I", "-isystem", "-iquote", "-idirafter")
_FILES = ("-include", "-imacros")


class CCompiler(NamedTuple):
    """folders: where headers are looked for after those of flags, also folders that do not exist.

    programs: the paths at which the compiler and its programs are looked for, up to the one that exists.
    """

    folders: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()


class Named(NamedTuple):
    """What flags for a C compiler name: folders of headers, and files that each compilation reads."""

    folders: tuple[str, ...]
    files: tuple[str, ...]


def c_compiler(command: Sequence[str], language: str, environ: Mapping[str, str], current: str) -> CCompiler:
    """command: the compiler and its constant options; language: `c` or `c++`; current: the folder in which it runs."""
    places = on_path(command[0], environ.get("PATH", ""))
    if not places or not os.access(places[-1], os.X_OK):
        return CCompiler((), tuple(places))
    asked = [places[-1], *command[1:]]
    searched = _ask([*asked, "-v", "-E", "-x", language, os.devnull], environ, current)
    told = _ask([*asked, "-###", "-c", "-x", language, os.devnull], environ, current)
    path = os.pathsep.join([*program_folders(told), environ.get("PATH", "")])
    parts = [split(line)[0] for line in told.splitlines() if line.startswith(" ") and line.strip()]
    programs = [*places, *(place for part in parts for place in on_path(part, path))]
    folders = [*_MISSING.findall(searched), *_search_list(searched)]
    return CCompiler(
        tuple(dict.fromkeys(os.path.normpath(os.path.join(current, folder)) for folder in folders)),
        tuple(dict.fromkeys(os.path.join(current, program) for program in programs)),
    )


def named_by(words: Iterable[str]) -> Named:
    """The folders and files that the flags of a compilation name."""
    folders: list[str] = []
    files: list[str] = []
    following = iter(words)
    for word in following:
        option = next((each for each in (*_FOLDERS, *_FILES) if word.startswith(each)), "")
        if word.startswith("@"):
            files.append(word[1:])
        elif option:
            value = word[len(option) :] or next(following, "")
            (folders if option in _FOLDERS else files).append(value)
    return Named(tuple(filter(None, folders)), tuple(filter(None, files)))


def _search_list(said: str) -> Iterator[str]:
    """The folders in the output of `-v`, in the order of the search."""
    inside = False
    for line in said.splitlines():
        inside = inside and line.startswith((" ", "#include")) or line.startswith("#include")
        if inside and line.startswith(" ") and not line.endswith(")"):  # no frameworks of macOS
            yield line.strip()


def _ask(command: list[str], environ: Mapping[str, str], current: str) -> str:
    """What the compiler writes about itself, '' if it cannot be run."""
    key = "\n".join([current, *(f"{name}={environ.get(name)}" for name in _VARIABLES), *command])
    if key not in ANSWERS:
        full = {**environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(command, env=full, cwd=current, stdin=subprocess.DEVNULL, capture_output=True)
        except (OSError, ValueError):  # it is not a program
            return ""
        ANSWERS[key] = done.stderr.decode("utf-8", "surrogateescape")
    return ANSWERS[key]
