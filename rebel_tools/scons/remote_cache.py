"""`--remote-cache`: a server that keeps results for several machines."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from rebel_tools.errors import RebelError
from rebel_tools.scons import saving
from rebel_tools.scons.options import Option, is_added, value
from rebel_tools.sconstruct import REMOTE_ENVIRON, REMOTE_OPTION, UPLOAD_ENVIRON, UPLOAD_OPTION

if TYPE_CHECKING:
    from rebel_tools.cache.server import Counts, HttpCache
    from rebel_tools.cache.store import Store

URL = Option(
    REMOTE_OPTION,
    "remote_cache",
    f"a server that keeps results for several machines: http://... or https://...; or {REMOTE_ENVIRON}",
    metavar="URL",
)
UPLOAD = Option(
    UPLOAD_OPTION,
    "remote_upload",
    "what is put there: success, what was made without errors (the default), or never",
    choices=("success", "never"),
)
OPTIONS = URL, UPLOAD


def check() -> None:
    """Errors: RebelError when what is said about the server cannot be true."""
    uploads()
    if url():
        server(url())


def with_remote(near: Store, read_only: bool) -> Store:
    """A store with the server behind it that this build is to use, if there is one. Errors: RebelError."""
    if not url():
        return near
    from rebel_tools.cache.layers import Layered, RemoteResults

    return Layered(near, RemoteResults(server(url()), uploads() and not read_only))


def url() -> str:
    """The address of the server; '' where none is to be used."""
    return (value(URL) if is_added(URL) else None) or os.environ.get(REMOTE_ENVIRON, "")


def uploads() -> bool:
    """Whether what is made here is put there. Errors: RebelError for a word that says neither."""
    said = (value(UPLOAD) if is_added(UPLOAD) else None) or os.environ.get(UPLOAD_ENVIRON) or UPLOAD.choices[0]
    if said not in UPLOAD.choices:
        raise RebelError(f"{UPLOAD_OPTION}, or {UPLOAD_ENVIRON}, is {said}", expected=" or ".join(UPLOAD.choices))
    return said == UPLOAD.choices[0]


@cache
def server(url: str) -> HttpCache:
    """One for all sessions of a run: it is asked over one connection, and given up once."""
    from rebel_tools.cache.server import HttpCache, credentials  # other builds do not load it

    try:
        found = HttpCache(url, credentials(os.environ), say)
    except RebelError as error:
        message = f"the remote cache cannot be used: {error.message}"
        raise RebelError(message, place=error.place, expected=error.expected) from None
    saving.at_the_end(lambda: _sum_up(found.counts))
    return found


def say(text: str) -> None:
    """Tell something that is not as it was meant, and that no build ends for."""
    _tell(f"warning: {text}")


def _tell(text: str) -> None:
    from rebel_tools.scons.terminal import TERMINAL  # which takes the streams as they are; the tool opens them first

    TERMINAL.say(sys.stderr, f"rebel: {text}\n")


def _sum_up(counts: Counts) -> None:
    if any(counts):
        down, up = _amount(counts.down, counts.bytes_down), _amount(counts.up, counts.bytes_up)
        _tell(f"remote cache: {down} down, {up} up")


def _amount(number: int, size: int) -> str:
    return f"{number} file{'s' * (number != 1)} ({size / 1024:,.0f} KB)"
