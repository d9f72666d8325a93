"""The options and environment variables about servers of results and engines."""

from __future__ import annotations

import os

from rebel_tools.errors import RebelError
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


def instance() -> str:
    """The name of the instance of a gRPC server; '' for the default one."""
    return _said(INSTANCE, INSTANCE_ENVIRON)


def _said(option: Option, environ: str) -> str:
    return (value(option) if is_added(option) else None) or os.environ.get(environ, "")
