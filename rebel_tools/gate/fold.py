"""Shortens text: consecutive findings share their common lines, and only the first of many similar ones are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

MAX_ALIKE = 50


class Entry(NamedTuple):
    """One finding: its line, and the lines below it, which consecutive entries can share."""

    line: str
    below: tuple[str, ...] = ()


def folded(entries: Iterable[Entry]) -> Iterator[str]:
    """The lines of the entries. Of consecutive entries with the same lines below, at most `MAX_ALIKE` are shown, and
    then these lines once.
    """
    for below, group in groupby(entries, key=lambda entry: entry.below):
        lines = [entry.line for entry in group]
        yield from lines[:MAX_ALIKE]
        if len(lines) > MAX_ALIKE:
            yield f"  ... and {len(lines) - MAX_ALIKE} more of these (--format json has all)"
        yield from below
