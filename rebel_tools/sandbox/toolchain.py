"""The folders of compilers and interpreters, which belong to the machine and not to the project."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from rebel_tools.sandbox.model import is_below

SYSTEM = ("/usr", "/etc", "/opt", "/nix", "/gnu", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Folders that belong to the toolchain on every machine. Most of the short ones are links into /usr."""

_PROGRAM_FOLDERS = ("bin", "sbin", "libexec", "shims")
_MARKS = ("pyvenv.cfg", "conda-meta", ".opam-switch")
_PATHS = ("PATH", "PREFIX", "OCAMLFIND_CONF")  # endings of names of variables that hold paths of a toolchain
_LINKS = 40  # the system's own limit


def toolchain(words: Iterable[str], variables: Mapping[str, str], root: str) -> tuple[str, ...]:
    """The folders outside SYSTEM, and virtual environments inside the project, that a command's programs need.

    words: of the command; those that name programs count, with the interpreters in their first lines and targets of
        links.
    variables: the environment of the command. root: the folder of the project.
    """
    path = variables.get("PATH", "")
    programs = (_program(word, path) for word in words)
    found = [*_of_python(root), *_of_variables(tuple(sorted(variables.items())), root)]
    for program in filter(None, programs):
        found += _of_program(program, path, root)
    return tuple(folder for folder in dict.fromkeys(found) if not is_below(folder, SYSTEM) or is_below(folder, [root]))


@cache
def _of_python(root: str) -> tuple[str, ...]:
    """The Python that runs scons: scripts of the project are often run by it."""
    return tuple(_allowed(prefix, root) for prefix in (sys.prefix, sys.base_prefix) if _allowed(prefix, root))


@cache
def _of_variables(variables: tuple[tuple[str, str], ...], root: str) -> tuple[str, ...]:
    named = (part for name, value in variables if name.endswith(_PATHS) for part in value.split(os.pathsep))
    there = (os.path.normpath(part) for part in named if os.path.isabs(part) and os.path.exists(part))
    return tuple(folder for path in there for folder in _with_home(_prefix(os.path.join(path, "x"), root), root))


def _program(word: str, path: str) -> str | None:
    if word.startswith("-") or not word:
        return None
    return os.path.abspath(word) if os.path.isfile(word) and os.access(word, os.X_OK) else shutil.which(word, path=path)


@cache
def _of_program(program: str, path: str, root: str) -> tuple[str, ...]:
    """The prefixes of a program, of what it is a link to, and of the interpreter that its first line names."""
    found: list[str] = []
    for _ in range(_LINKS):
        found += _with_home(_prefix(program, root), root)
        if not os.path.islink(program):
            break
        program = os.path.normpath(os.path.join(os.path.dirname(program), os.readlink(program)))
    for word in _first_line(program):
        interpreter = _program(word, path)
        if interpreter and interpreter != program:
            found += _of_program(interpreter, path, root)
    return tuple(found)


def _first_line(program: str) -> list[str]:
    try:
        with open(program, "rb") as stream:
            line = stream.readline(256)
    except OSError:
        return []
    return os.fsdecode(line[2:]).split() if line.startswith(b"#!") else []


def _prefix(program: str, root: str) -> str:
    """The folder in which a program is installed, '' for a file of the project."""
    folder = os.path.dirname(program)
    parent = os.path.dirname(folder) if os.path.basename(folder) in _PROGRAM_FOLDERS else folder
    return _allowed(parent, root) or _allowed(folder, root)


def _allowed(folder: str, root: str) -> str:
    """The folder; '' if it contains the project or the home folder, or is an ordinary folder of the project."""
    if is_below(root, [folder]) or is_below(os.path.expanduser("~"), [folder]):
        return ""
    if is_below(folder, [root]) and not any(os.path.exists(os.path.join(folder, mark)) for mark in _MARKS):
        return ""
    return folder


def _with_home(prefix: str, root: str) -> Iterator[str]:
    """A prefix, and for a virtual environment also the Python that it is based on."""
    if prefix:
        yield prefix
        try:
            with open(os.path.join(prefix, "pyvenv.cfg"), encoding="utf-8", errors="replace") as stream:
                homes = [line.partition("=")[2].strip() for line in stream if line.startswith("home")]
        except OSError:
            return
        yield from filter(None, (_prefix(os.path.join(home, "python"), root) for home in homes))
