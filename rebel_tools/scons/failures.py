"""Why a step failed, in better words than SCons' own."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import SCons.Errors

from rebel_tools.errors import RebelError
from rebel_tools.scons.output import COMPLAINTS, SOURCES


class Failure(NamedTuple):
    """about: the source of the step, or its target if it has none; target: what it should have made.

    cause: the error that the plan found. reason: why a command failed without a message, '' if it printed one.
    """

    about: str
    target: str
    cause: RebelError | None = None
    reason: str = ""


def refusal(node: Any, complaint: RebelError, status: int = 1) -> Any:
    """The BuildError of SCons for a step that fails because of a mistake of the user, which is its message."""
    error = SCons.Errors.BuildError(node=node, errstr=str(complaint), status=status, exitstatus=2)
    error.complaint = complaint
    return error


def failure(error: Any) -> Failure:
    """The failure that a BuildError of SCons describes."""
    target = str(error.node[0] if isinstance(error.node, list) else error.node)
    about = SOURCES.get(target, target)
    cause = _cause(error)
    if cause is not None:
        return Failure(os.path.relpath(cause.place.path) if cause.place else about, target, cause)
    words = " ".join(map(str, error.command or ()))
    said = COMPLAINTS.get(target) or COMPLAINTS.get(words)
    return Failure(about, target, reason="" if said else _reason(error))


def _cause(error: Any) -> RebelError | None:
    stopped = error.exc_info[1]
    cause = stopped.__cause__ if isinstance(stopped, SCons.Errors.StopError) else getattr(error, "complaint", None)
    return cause if isinstance(cause, RebelError) else None


def _reason(error: Any) -> str:
    status = error.status
    if not error.command or not isinstance(status, int):
        return f"{error.filename}: {error.errstr}" if error.filename else str(error.errstr)
    if status < 0 or 128 < status < 160:
        return f"the command was killed by signal {-status if status < 0 else status - 128}"
    return f"the command failed with exit status {status} and printed nothing"
