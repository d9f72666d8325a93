"""Finds out whether `rebel build` has anything to do before SCons is loaded: that takes longer than checking all files.

This works only with our own SConstruct: then a build is a function of the arguments, the environment and files, and
all of these files are in the manifests of the default targets.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rebel_tools.memory.atomic import write_atomically
from rebel_tools.memory.json_file import read_json
from rebel_tools.memory.manifest import manifest
from rebel_tools.memory.quick_check import ANSWER
from rebel_tools.memory.verdict import NOTHING, Verdict, everything, nothing


class Summary(NamedTuple):
    """What a build that has nothing to do prints.

    result: a line; made: the targets that it names; messages: for each step, its output file and what it printed.
    """

    result: str
    made: Sequence[str]
    messages: Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """The verdict and, if there is nothing to do, what to print."""

    verdict: Verdict
    summary: Summary = Summary("", (), ())


def remember(folder: str, asked: str, manifests: Mapping[str, str], summary: Summary) -> None:
    """Record that the next `rebel build` has to check these manifests (path -> identity), if all of them were written.

    summary: what it prints when nothing has changed.
    """
    if not manifests or not all(map(os.path.exists, manifests)):
        return
    known = {"question": asked, "manifests": manifests, "summary": summary}
    with contextlib.suppress(OSError):  # the next build then runs SCons
        write_atomically(os.path.join(folder, ANSWER), json.dumps(known).encode())


def forget(folder: str) -> None:
    """Remove that record, so that the next `rebel build` runs SCons."""
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(folder, ANSWER))


def answer(folder: str, asked: str | None) -> Answer:
    """Whether the last build answered the same question, and all its inputs and outputs are unchanged."""
    if asked is None:
        return Answer(everything("there is an option that only SCons can interpret"))
    path = os.path.join(folder, ANSWER)
    if not os.path.isfile(path):
        return Answer(everything("there is no record of a finished build"))
    try:
        known = read_json(path)
        if known["question"] != asked:
            reason = "the environment, or a program found through it, has changed since the last build"
            return Answer(everything(reason))
        return Answer(_first_difference(known["manifests"]), _summary(*known["summary"]))
    except (ValueError, LookupError, TypeError, AttributeError):
        return Answer(everything("the record of the last build is damaged"))


def _summary(result: str, made: Sequence[str], messages: Sequence[tuple[str, str]]) -> Summary:
    said = tuple((str(step), str(text)) for step, text in messages)
    return Summary(str(result), tuple(map(str, made)), said)


def _first_difference(manifests: Mapping[str, str]) -> Verdict:
    found = (manifest(path, os.getcwd()).verdict(identity_then) for path, identity_then in manifests.items())
    return next((each for each in found if each.extent != NOTHING), nothing())
