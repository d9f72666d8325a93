"""Lets the server of the project run a build, if there is one that can."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from rebel_tools.search_path import python_command
from rebel_tools.server.circumstances import circumstances
from rebel_tools.server.protocol import BUILD, GO, PATH, STATUS, Request, is_ours, is_same_user, send_request
from rebel_tools.signals import ENDING, IGNORED, end_by

PATIENCE = 2.0  # seconds for the server to accept a request; it may be about to end, or busy with another build


def build(words: Sequence[str]) -> int | None:
    """Let the server run scons with the arguments `words` in the current folder; None if it has not started to.

    Otherwise the exit status. Output goes to this process's own streams. A signal that ends this process ends the build
    first.
    """
    if not is_ours(PATH):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.settimeout(PATIENCE)
            connection.connect(PATH)
            if not is_same_user(connection):
                return None
            sys.stdout.flush()
            send_request(connection, _request(words))
            with connection.makefile("rb") as answers:
                process = _read(answers).get("process")
                if not process:
                    return None
                connection.settimeout(None)
                with _handed_on(process):
                    connection.sendall(GO)
                    end = _read(answers)
        except ConnectionRefusedError:  # it was killed
            stop()
            return None
        except (OSError, ValueError):
            return None
    if not end:  # it was killed, or has failed: the build is repeated without a server
        return None
    if end["signal"]:
        end_by(end["signal"])
    return int(end["status"])


def _request(words: Sequence[str]) -> Request:
    umask = os.umask(0)
    os.umask(umask)
    return Request(BUILD, list(words), os.getcwd(), dict(os.environ), umask, circumstances(os.environ))


def _read(answers: Any) -> Mapping[str, int]:
    line = answers.readline()
    found = json.loads(line) if line else {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def _handed_on(process: int) -> Iterator[None]:
    """Forward signals that end this process to the one that builds, which then ends."""

    def hand_on(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)

    before = {number: signal.signal(number, hand_on) for number in set(ENDING).difference(IGNORED)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def start() -> None:
    """Start a server for the current folder if there is none, without waiting for it."""
    if os.path.lexists(PATH):
        return
    import subprocess  # imported late: a build by the server does not need it

    with contextlib.suppress(OSError):
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
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5 * PATIENCE)
        try:
            connection.connect(PATH)
            if not is_same_user(connection):
                return None
            send_request(connection, Request(STATUS, [], "", {}, 0, ""))
            with connection.makefile("rb") as answers:
                return _read(answers) or None
        except (OSError, ValueError):
            return None


def stop() -> bool:
    """Ask the server to end; return whether there was one."""
    if not is_ours(PATH):
        return False
    with contextlib.suppress(OSError):
        os.unlink(PATH)  # it ends when its socket is gone
    return True
