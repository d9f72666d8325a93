"""Whether `rebel build` has anything to do, told before scons is loaded: that takes longer than a look at all files.

That can be told where our own SConstruct is read: then a build is a function of the arguments, the environment and
files, and all of these files are in the manifests of the default targets.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rebel_tools.memory.atomic import read_regular, write_atomically
from rebel_tools.memory.identity import identity
from rebel_tools.memory.manifest import manifest
from rebel_tools.memory.verdict import NOTHING, Verdict, everything, nothing
from rebel_tools.sconstruct import BUILD_OPTION, INSTANCE_OPTION, PROFILE_OPTION, REMOTE_OPTION, UPLOAD_OPTION

_FILE = ".rebel-tools.up-to-date"

_PROGRAMS = ("ocamlc", "ocamlopt", "ocamldep", "ocamlfind", "refmt")
_HARMLESS = re.compile(
    r"(?:(?:-Q|-j ?\d+|--jobs=\d+|verbose=\d|--debug=explain|--no-cache"
    rf"|{REMOTE_OPTION}=\S*|{UPLOAD_OPTION}=\w+|{INSTANCE_OPTION}=\S*|{PROFILE_OPTION}=\w+|{BUILD_OPTION}=\S*)(?: |$))*"
)


def question(arguments: Sequence[str], environ: Mapping[str, str], folder: str | None = None) -> str | None:
    """A digest over what the answer depends on, besides files; None where only scons can tell.

    arguments: of scons, apart from the SConstruct. folder: that of the project, by default the current one.
    """
    if not _HARMLESS.fullmatch(" ".join(arguments)) or environ.get("SCONSFLAGS"):
        return None
    path = environ.get("PATH", "")
    programs = (f"{name}={_program(name, path)}" for name in _PROGRAMS)
    profile = [word for word in arguments if word.startswith(PROFILE_OPTION)]
    return identity(environ, [os.getcwd() if folder is None else folder, *profile, *programs])


def _program(name: str, path: str) -> str:
    """Where a program is found. shutil.which would do; to load it takes longer than this whole question."""
    places = (f"{folder}/{name}" for folder in path.split(os.pathsep))
    return next((place for place in places if os.access(place, os.X_OK) and os.path.isfile(place)), "")


class Told(NamedTuple):
    """What a build says that has nothing to do.

    result: a line; made: the targets of which it speaks; messages: what each step said when it ran, with its output.
    """

    result: str
    made: Sequence[str]
    messages: Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """The verdict and, where there is nothing to do, what is told about the last build."""

    verdict: Verdict
    told: Told = Told("", (), ())


def remember(folder: str, asked: str, manifests: Mapping[str, str], told: Told) -> None:
    """Let the next `rebel build` look at these manifests, if there are any and all were written: path -> identity.

    told: what it says when all is as it was.
    """
    if not manifests or not all(map(os.path.exists, manifests)):
        return
    known = {"question": asked, "manifests": manifests, "told": told}
    with contextlib.suppress(OSError):  # then it asks scons
        write_atomically(os.path.join(folder, _FILE), json.dumps(known).encode())


def forget(folder: str) -> None:
    """Make the next `rebel build` ask scons."""
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(folder, _FILE))


def answer(folder: str, asked: str | None) -> Answer:
    """Whether the last build was about the same, and all that it made and used is as it was."""
    if asked is None:
        return Answer(everything("an option was given that only scons knows about"))
    data = read_regular(os.path.join(folder, _FILE))
    if data is None:
        return Answer(everything("no build that came to its end is remembered"))
    try:
        known = json.loads(data.decode("utf-8", "surrogateescape"))
        if known["question"] != asked:
            reason = "the environment, or one of the programs that it finds, is not that of the last build"
            return Answer(everything(reason))
        return Answer(_first_difference(known["manifests"]), _told(*known["told"]))
    except (ValueError, LookupError, TypeError, AttributeError):
        return Answer(everything("what is remembered of the last build is damaged"))


def _told(result: str, made: Sequence[str], messages: Sequence[tuple[str, str]]) -> Told:
    said = tuple((str(step), str(text)) for step, text in messages)
    return Told(str(result), tuple(map(str, made)), said)


def _first_difference(manifests: Mapping[str, str]) -> Verdict:
    found = (manifest(path, os.getcwd()).verdict(identity_then) for path, identity_then in manifests.items())
    return next((each for each in found if each.extent != NOTHING), nothing())
