"""The connections of a run to a server that stores results for several machines, and to an engine."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from rebel_tools.errors import RebelError
from rebel_tools.scons import saving
from rebel_tools.scons.remote_settings import instance, patience, uploads, url

if TYPE_CHECKING:
    from rebel_tools.cache.server import Counts, Credentials
    from rebel_tools.cache.store import Store
    from rebel_tools.remote.connect import Connection
    from rebel_tools.remote.execute import Engine


def check() -> None:
    """Errors: RebelError if the settings of the server are invalid."""
    uploads()
    if url():
        connection(url())


def with_remote(near: Store, read_only: bool) -> Store:
    """A store backed by the server of this build, if there is one. Errors: RebelError."""
    if not url():
        return near
    from rebel_tools.cache.layers import Layered, RemoteResults

    return Layered(near, RemoteResults(connection(url()).data, uploads() and not read_only))


@cache
def connection(url: str) -> Connection:
    """The connection to a server, the same for all sessions of a run. Errors: RebelError."""
    from rebel_tools.remote.connect import connect  # imported late: other builds do not need it

    with _about("remote cache"):
        found = connect(url, instance(), _credentials(), say)
    saving.at_the_end(lambda: _sum_up("remote cache", found.counts))
    return found


@cache
def engine(url: str) -> Engine:
    """The engine at an address. Errors: RebelError."""
    from rebel_tools.remote.connect import is_grpc, needs_grpc

    what = "remote executor"
    with _about(what):
        if not is_grpc(url):
            raise RebelError("this is not a valid address", expected="grpc://HOST:PORT or grpcs://HOST:PORT")
        needs_grpc()
        from rebel_tools.remote.execute import Engine
        from rebel_tools.remote.grpc_server import GrpcServer

        server = GrpcServer(url, instance(), _credentials(), say, what)
    saving.at_the_end(lambda: _sum_up(what, server.counts))
    return Engine(server, patience())


def _credentials() -> Credentials:
    from rebel_tools.cache.server import credentials

    return credentials(os.environ)


@contextlib.contextmanager
def _about(what: str) -> Iterator[None]:
    """Prefix errors with what cannot be used."""
    try:
        yield
    except RebelError as error:
        message = f"the {what} cannot be used: {error.message}"
        raise type(error)(message, place=error.place, expected=error.expected, hint=error.hint) from None


def say(text: str) -> None:
    """Print a warning; the build goes on."""
    _tell(f"warning: {text}")


def _tell(text: str) -> None:
    from rebel_tools.scons.terminal import TERMINAL  # late: the tool opens the streams first

    TERMINAL.say(sys.stderr, f"rebel: {text}\n")


def _sum_up(what: str, counts: Counts) -> None:
    if any(counts):
        down, up = _amount(counts.down, counts.bytes_down), _amount(counts.up, counts.bytes_up)
        _tell(f"{what}: {down} down, {up} up")


def _amount(number: int, size: int) -> str:
    return f"{number} file{'s' * (number != 1)} ({size / 1024:,.0f} KB)"
