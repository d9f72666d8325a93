"""What the result of a build depends on besides files: its arguments, its environment, and the programs on PATH.

This module imports almost nothing, because `rebel build` uses it before it has decided what else to load.
"""

from __future__ import annotations

import os

from rebel_tools.memory.identity import identity
from rebel_tools.sconstruct import (
    BUILD_OPTION,
    EXECUTOR_OPTION,
    INSTANCE_OPTION,
    PROFILE_OPTION,
    REMOTE_OPTION,
    SHORT_OPTION,
    TIMEOUT_OPTION,
    UPLOAD_OPTION,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # a build without work does not load `typing`
    from collections.abc import Mapping, Sequence

_PROGRAMS = ("ocamlc", "ocamlopt", "ocamldep", "ocamlfind", "refmt")
_HARMLESS = ("-Q", "--debug=explain", "--no-cache")
_WITH_TEXT = (BUILD_OPTION, REMOTE_OPTION, EXECUTOR_OPTION, INSTANCE_OPTION, SHORT_OPTION, TIMEOUT_OPTION)
_WITH_WORD = (PROFILE_OPTION, UPLOAD_OPTION)
_WITH_NUMBER = ("--jobs", "verbose")


def question(arguments: Sequence[str], environ: Mapping[str, str], folder: str | None = None) -> str | None:
    """A digest over what the result of a build depends on besides files; None if only SCons can determine that.

    arguments: of scons, apart from the SConstruct. folder: that of the project, by default the current one.
    """
    if not is_harmless(arguments) or environ.get("SCONSFLAGS"):
        return None
    folders = environ.get("PATH", "").split(os.pathsep)
    programs = (f"{name}={_program(name, folders)}" for name in _PROGRAMS)
    profile = [word for word in arguments if word.startswith(PROFILE_OPTION)]
    return identity(environ, [os.getcwd() if folder is None else folder, *profile, *programs])


def is_harmless(arguments: Sequence[str]) -> bool:
    """Whether none of the arguments changes what is built, apart from those that are part of the question."""
    words = iter(arguments)
    return all(_is_harmless(f"-j{next(words, '')}" if word == "-j" else word) for word in words)


def _is_harmless(word: str) -> bool:
    name, equals, value = word.partition("=")
    if equals and name in _WITH_TEXT:
        return not any(map(str.isspace, value))
    if equals and name in _WITH_WORD:
        return value.replace("_", "").isalnum()
    if equals and name in _WITH_NUMBER:
        return value.isdecimal()
    return word in _HARMLESS or word.startswith("-j") and word[2:].isdecimal()


def _program(name: str, folders: Sequence[str]) -> str:
    """Where a program is found. Importing shutil for shutil.which would take longer than this whole check."""
    for folder in folders:
        place = f"{folder}/{name}"
        if os.access(place, os.X_OK) and os.path.isfile(place):
            return place
    return ""
