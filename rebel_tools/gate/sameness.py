"""The answer to "are these two types the same?", which debug information cannot always give."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto


class Sameness(Enum):
    SAME = auto()
    DIFFERENT = auto()
    UNKNOWN = auto()
    """One side does not tell enough."""


def same_if(equal: bool) -> Sameness:
    return Sameness.SAME if equal else Sameness.DIFFERENT


def all_of(parts: Iterable[Sameness]) -> Sameness:
    """The answer for a whole: different if any part is, otherwise unknown if any part is."""
    found = set(parts)
    if Sameness.DIFFERENT in found:
        return Sameness.DIFFERENT
    return Sameness.UNKNOWN if Sameness.UNKNOWN in found else Sameness.SAME
