"""Runs a build through the server of the project, if there is one. This module imports next to nothing."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the part of `signal` in C
import _socket
import os
import sys

from rebel_tools.server.circumstances import circumstances
from rebel_tools.server.protocol import (
    AGAIN,
    BUILD,
    GO,
    PATH,
    STATUS,
    Request,
    is_ours,
    is_same_user,
    receive_answer,
    send_request,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

PATIENCE = 2.0  # seconds for the server to accept a request; it may be about to end, or busy with another build
_ENDING = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)

_tried: list[str] = []  # the folders whose server has not built


def build(arguments: Sequence[str]) -> int | None:
    """Let the server build in the current folder with these arguments; return the exit status, None if it has not
    started to build.

    Output goes to the streams of this process. A signal that ends this process ends the build first. This process does
    not use a server again that did not build.
    """
    folder = os.getcwd()
    if folder in _tried:
        return None
    end = _end_of_build(arguments)
    if end == AGAIN:
        end = _end_of_build(arguments)
    if "status" not in end:  # no server, or it was killed or failed: the build is done without it
        _tried.append(folder)
        return None
    if end["signal"]:
        from rebel_tools.signals import end_by

        end_by(end["signal"])
    return end["status"]


def _end_of_build(arguments: Sequence[str]) -> Mapping[str, int]:
    """The last answer of the server about a build; without `status` if it has not built."""
    if not is_ours(PATH):
        return {}
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.settimeout(PATIENCE)
        connection.connect(PATH)
        if not is_same_user(connection):
            return {}
        send_request(connection, _request(arguments))
        answer = receive_answer(connection)
        process = answer.get("process")
        if not process:
            return answer
        connection.settimeout(None)
        return _while_signals_go_to(process, lambda: _go(connection))
    except ConnectionRefusedError:  # it was killed
        stop()
        return {}
    except (OSError, ValueError):
        return {}
    finally:
        connection.close()


def _go(connection: _socket.socket) -> Mapping[str, int]:
    connection.sendall(GO)
    return receive_answer(connection)


def _request(arguments: Sequence[str]) -> Request:
    umask = os.umask(0)
    os.umask(umask)
    return Request(BUILD, arguments, os.getcwd(), os.environ, umask, circumstances(os.environ, sys.path))


def _while_signals_go_to(process: int, wait: Callable[[], Mapping[str, int]]) -> Mapping[str, int]:
    """What `wait` returns. Signals that end this process go to the one that builds, which then ends."""

    def hand_on(number: int, frame: Any) -> None:
        from contextlib import suppress

        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)

    before = {number: _signal.getsignal(number) for number in _ENDING}
    taken = [number for number, handler in before.items() if handler != _signal.SIG_IGN]
    for number in taken:
        _signal.signal(number, hand_on)
    try:
        return wait()
    finally:
        for number in taken:
            _signal.signal(number, before[number])


def start() -> None:
    """Start a server for the current folder if there is none, without waiting for it."""
    if os.path.lexists(PATH):
        return
    import subprocess  # imported late: a build by the server does not need it
    from contextlib import suppress

    from rebel_tools.search_path import python_command

    with suppress(OSError):  # builds go on without one
        subprocess.Popen(
            python_command("rebel_tools.scons.server"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def status() -> Mapping[str, int] | None:
    """The process ID of the server and the number of its builds; None without a server that answers."""
    if not is_ours(PATH):
        return None
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.settimeout(5 * PATIENCE)
        connection.connect(PATH)
        if not is_same_user(connection):
            return None
        send_request(connection, Request(STATUS))
        return receive_answer(connection) or None
    except (OSError, ValueError):
        return None
    finally:
        connection.close()


def stop() -> bool:
    """Ask the server to end; return whether there was one."""
    if not is_ours(PATH):
        return False
    from contextlib import suppress

    with suppress(OSError):  # it has ended
        os.unlink(PATH)  # it ends when its socket is gone
    return True
