"""Messages of programs in earlier builds, stored in the records of steps and replayed while these are up to date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rebel_tools.plan.status import Status

MOST = 16_000
"""How many characters of a step's messages are stored."""


class Said(NamedTuple):
    """about: the source of a step, or its target if it has none; target: its first output."""

    about: str
    target: str
    text: str


def shortened(text: str) -> str:
    """As many whole lines of a text as are stored."""
    if len(text) <= MOST:
        return text
    begin = text[:MOST].rpartition("\n")[0] or text[:MOST]
    return f"{begin}\n... and {len(text) - len(begin):,} characters more\n"


def of_records(status: Status, is_done: bool) -> Iterator[Said]:
    """The messages that are still valid; those of a step that has to run again are about another source.

    is_done: whether all steps are known to be up to date.
    """
    steps = status.plan.steps
    for key, record in status.records.saying():
        step = steps.get(key)
        if is_done or step and status.reason(step) is None:
            yield Said(record.source or key, key, record.said)
