"""Which paths name a member of an archive. It does not import the readers of archives."""

from __future__ import annotations

import os

from rebel_tools.binary.identify import HEAD, archive_kind
from rebel_tools.binary.source import Source

SEPARATOR = "!"


def split_member(path: str) -> tuple[str, str | None]:
    """`("a.whl", "b.so")` for `a.whl!b.so`. A file that exists under the whole path takes precedence."""
    if SEPARATOR in path and not os.path.exists(path):
        archive, _, member = path.partition(SEPARATOR)
        if archive and member:
            return archive, member
    return path, None


def is_archive(path: str) -> bool:
    """Whether the file is an archive whose members can be read here."""
    with Source.from_path(path) as source:
        return archive_kind(source.head(HEAD)) is not None
