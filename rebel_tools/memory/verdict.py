"""What is known before anything runs: nothing has to be done, only some files changed, or everything is in doubt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

NOTHING = "nothing"
THESE = "these"
ALL = "all"


class Verdict(NamedTuple):
    """The answer of what an earlier build left.

    extent: NOTHING, all is as it was; THESE, only the files `changed` are not; ALL, more than that may have changed.
    changed: none unless `extent` is THESE.
    reason: the first difference, for a person; '' for NOTHING.
    """

    extent: str
    changed: frozenset[str] = frozenset()
    reason: str = ""


def nothing() -> Verdict:
    return Verdict(NOTHING)


def these(changed: Iterable[str]) -> Verdict:
    """The verdict on files that changed, when nothing else did: NOTHING for none."""
    found = frozenset(changed)
    return Verdict(THESE, found, f"`{min(found)}' changed") if found else nothing()


def everything(reason: str) -> Verdict:
    return Verdict(ALL, reason=reason)
