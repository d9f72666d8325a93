"""The client of the server in the process that builds for it: its state is adopted, and it gets the exit status."""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rebel_tools import signals
from rebel_tools.scons.prepared import Invocation, starts_the_same
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.server.circumstances import circumstances
from rebel_tools.server.protocol import AGAIN, GO, REFUSED, STATUS, Request, is_same_user, receive_request, send_answer

if TYPE_CHECKING:
    from rebel_tools.scons.serving import ServingProcess

IDLE = 600.0  # seconds without a request until the server ends
LOOK = 2.0  # seconds between checks whether the socket still exists
PATIENCE = 2.0  # seconds for a client to send its request

NOT_ASKED, OUTDATED, OTHER = 250, 251, 252
"""Exit statuses of a child that has built nothing: there was no client, SCons or this package has changed, or a client
requested another build than the one that was started.
"""


class ServedClient:
    """In a child: waits for a client, adopts its state, and sends it the exit status of the build."""

    def __init__(self, process: ServingProcess) -> None:
        self._process = process
        self._request: Request | None = None
        self._connection: socket.socket | None = None
        self._has_ended = False

    def wait(self) -> Sequence[str]:
        """The arguments of the next build. Ends this process if none comes."""
        end = time.monotonic() + IDLE
        waiting: list[socket.socket | int] = [self._process.listener, *self._process.parents]
        while time.monotonic() < end and self._process.owns_socket():
            ready, _, _ = select.select(waiting, [], [], LOOK)
            if not {*self._process.parents}.isdisjoint(ready):
                break
            if ready:
                connection, _ = self._process.listener.accept()
                request = self._receive(connection)
                if request is not None:
                    self._connection, self._request = connection, request
                    return request.arguments
                connection.close()
        os._exit(NOT_ASKED)

    def _receive(self, connection: socket.socket) -> Request | None:
        """The request of a client, if it belongs to this user and is in the same circumstances; this process has then
        adopted its state.
        """
        connection.settimeout(PATIENCE)
        streams: list[int] = []
        try:
            if not is_same_user(connection):
                return None
            request, streams = receive_request(connection)
            if request.kind == STATUS:
                send_answer(connection, {"process": self._process.server, "builds": self._process.builds})
                return None
            self._leave_if_unable(connection, request)
            if request.folder != os.getcwd() or request.circumstances != self._circumstances():
                send_answer(connection, REFUSED)
                return None
            send_answer(connection, {"process": os.getpid()})
            if connection.recv(1) != GO:
                return None
            _adopt(request, streams)
        except (OSError, ValueError):
            return None
        finally:
            for stream in streams:
                os.close(stream)
        connection.settimeout(None)
        threading.Thread(target=self._end_with, args=(connection,), daemon=True).start()
        return request

    def _leave_if_unable(self, connection: socket.socket, request: Request) -> None:
        """End this process if another one has to build."""
        begun = self._process.begun
        if self._process.loaded.is_outdated():
            send_answer(connection, REFUSED)
            os._exit(OUTDATED)
        asked = Invocation(request.arguments, request.environ)
        if begun is not None and not (begun.starts_like(asked) and starts_the_same(request.arguments)):
            send_answer(connection, AGAIN)
            os._exit(OTHER)

    def _circumstances(self) -> str:
        return circumstances(os.environ, self._process.path)

    def answer(self, status: int) -> dict[str, Any]:
        """The part of the report to the server that is about this build."""
        request = self._request
        asked = [request.arguments, request.environ] if request and self._process.begun is None else None
        return {"served": 1, "asked": asked}

    def ended(self, status: int) -> None:
        """Report the exit status to the waiting client."""
        self._has_ended = True
        if self._connection is not None:
            with contextlib.suppress(OSError):
                send_answer(self._connection, {"status": status, "signal": signals.received() or 0})

    def _end_with(self, connection: socket.socket) -> None:
        """End the build when its client has ended, with SIGHUP, as for a closed terminal."""
        with contextlib.suppress(OSError):
            if connection.recv(1) == b"" and not self._has_ended:
                os.kill(os.getpid(), signal.SIGHUP)


def _adopt(request: Request, streams: list[int]) -> None:
    """Adopt the variables, the umask and the streams of the client's process."""
    os.setpgid(0, 0)
    os.environ.clear()
    os.environ.update(request.environ)
    os.umask(request.umask)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc] # noqa: SIM115
    for number, name in ((1, "stdout"), (2, "stderr")):
        written = io.TextIOWrapper(
            open(number, "wb", closefd=False),  # noqa: SIM115 (it is the process' own)
            encoding=getattr(sys, name).encoding,
            errors="backslashreplace",
            line_buffering=number == 2 or os.isatty(number),
        )
        setattr(sys, name, written)
        setattr(sys, f"__{name}__", written)
    TERMINAL.begin()
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signals.end_in_order()
    signals.pass_on()
