"""A build that is done by the server of the project, if there is one that can do it."""

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

PATIENCE = 2.0  # seconds for the server to take a request; it may be about to end, or busy with another build


def build(words: Sequence[str]) -> int | None:
    """Have `words` for scons done in the current folder; the exit status, or None where nobody has begun with it.

    Output goes to this process' own streams. A signal that ends this process ends the build first.
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
    if not end:  # it was killed, or has failed: what it had begun the ordinary way does again
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
    """Signals that end this process go to the one that builds, which ends in its turn."""

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
    """Start a server for the current folder, where there is none, without waiting for it."""
    if os.path.lexists(PATH):
        return
    import subprocess  # a build that is served does not load it

    with contextlib.suppress(OSError):
        subprocess.Popen(
            python_command("rebel_tools.scons.server"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def status() -> Mapping[str, int] | None:
    """The number of the server's process, and of the builds that it did; None without a server that answers."""
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
    """Ask the server to end; whether there was one."""
    if not is_ours(PATH):
        return False
    with contextlib.suppress(OSError):
        os.unlink(PATH)  # it ends when its socket is gone
    return True
