"""`--remote-cache`: a server that stores results for several machines."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from rebel_tools.errors import RebelError
from rebel_tools.scons import saving
from rebel_tools.scons.options import Option, is_added, value
from rebel_tools.sconstruct import (
    EXECUTOR_ENVIRON,
    EXECUTOR_OPTION,
    INSTANCE_ENVIRON,
    INSTANCE_OPTION,
    REMOTE_ENVIRON,
    REMOTE_OPTION,
    SHORT_ENVIRON,
    SHORT_OPTION,
    TIMEOUT_ENVIRON,
    TIMEOUT_OPTION,
    UPLOAD_ENVIRON,
    UPLOAD_OPTION,
)

if TYPE_CHECKING:
    from rebel_tools.cache.server import Counts, Credentials
    from rebel_tools.cache.store import Store
    from rebel_tools.remote.connect import Connection
    from rebel_tools.remote.execute import Engine

URL = Option(
    REMOTE_OPTION,
    "remote_cache",
    f"a server that stores results for several machines: http, https, grpc or grpcs://...; or {REMOTE_ENVIRON}",
    metavar="URL",
)
UPLOAD = Option(
    UPLOAD_OPTION,
    "remote_upload",
    "what to upload: success (the default): results made without errors, or never",
    choices=("success", "never"),
)
INSTANCE = Option(
    INSTANCE_OPTION,
    "remote_instance",
    f"the name of the instance of a gRPC server; or {INSTANCE_ENVIRON}",
    metavar="NAME",
)
EXECUTOR = Option(
    EXECUTOR_OPTION,
    "remote_executor",
    f"an engine that runs commands: grpc://HOST:PORT or grpcs://...; or {EXECUTOR_ENVIRON}",
    metavar="URL",
)
SHORT = Option(
    SHORT_OPTION,
    "remote_min_seconds",
    f"run commands that take less than this on this machine; or {SHORT_ENVIRON}. The default is 0: none",
    metavar="SECONDS",
)
TIMEOUT = Option(
    TIMEOUT_OPTION,
    "remote_timeout",
    f"run a command here that an engine has not run after this time; or {TIMEOUT_ENVIRON}. The default is 3600",
    metavar="SECONDS",
)
OPTIONS = URL, UPLOAD, INSTANCE
ALL_OPTIONS = *OPTIONS, EXECUTOR, SHORT, TIMEOUT

_PATIENCE_S = 3600.0
_LONGEST_S = 1e6


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


def url() -> str:
    """The address of the server; '' if none is used."""
    return _said(URL, REMOTE_ENVIRON)


def executor_url() -> str:
    """The address of the engine; '' if commands run here."""
    return _said(EXECUTOR, EXECUTOR_ENVIRON)


def uploads() -> bool:
    """Whether results of this machine are uploaded. Errors: RebelError for an unknown value."""
    said = _said(UPLOAD, UPLOAD_ENVIRON) or UPLOAD.choices[0]
    if said not in UPLOAD.choices:
        raise RebelError(f"{UPLOAD_OPTION}, or {UPLOAD_ENVIRON}, is {said}", expected=" or ".join(UPLOAD.choices))
    return said == UPLOAD.choices[0]


def shortest() -> float:
    """The seconds that a command has to take to run on the engine. Errors: RebelError."""
    return _seconds(SHORT, SHORT_ENVIRON, 0.0)


def patience() -> float:
    """The seconds that a command may be on the engine, with the wait for a worker, until it runs here. Errors:
    RebelError.
    """
    return _seconds(TIMEOUT, TIMEOUT_ENVIRON, _PATIENCE_S) or _PATIENCE_S


def _seconds(option: Option, environ: str, otherwise: float) -> float:
    said = _said(option, environ)
    try:
        seconds = float(said or otherwise)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < _LONGEST_S:
        raise RebelError(f"{option.name}, or {environ}, is {said}", expected="a number of seconds, such as 0.2")
    return seconds


def _said(option: Option, environ: str) -> str:
    return (value(option) if is_added(option) else None) or os.environ.get(environ, "")


@cache
def connection(url: str) -> Connection:
    """The connection to a server, the same for all sessions of a run. Errors: RebelError."""
    from rebel_tools.remote.connect import connect  # imported late: other builds do not need it

    with _about("remote cache"):
        found = connect(url, _said(INSTANCE, INSTANCE_ENVIRON), _credentials(), say)
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

        server = GrpcServer(url, _said(INSTANCE, INSTANCE_ENVIRON), _credentials(), say, what)
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
