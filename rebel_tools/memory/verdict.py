"""What has changed since the last build, according to its records: nothing, some files, or possibly anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

NOTHING = "nothing"
THESE = "these"
ALL = "all"


class Verdict(NamedTuple):
    """What has changed since the last build.

    extent: NOTHING has changed; THESE: only the files in `changed`; ALL: anything may have changed.
    changed: none unless `extent` is THESE.
    reason: the first difference, for people; '' for NOTHING.
    """

    extent: str
    changed: frozenset[str] = frozenset()
    reason: str = ""


def nothing() -> Verdict:
    return Verdict(NOTHING)


def these(changed: Iterable[str]) -> Verdict:
    """The verdict when only these files changed: NOTHING for none."""
    found = frozenset(changed)
    return Verdict(THESE, found, f"`{min(found)}' changed") if found else nothing()


def everything(reason: str) -> Verdict:
    return Verdict(ALL, reason=reason)
