"""The server of a project: it has SCons loaded, and forks a child for each requested build.

    python -m rebel_tools.scons.server

It works in the current folder, and listens on the socket of `rebel_tools.server.protocol`. The children are those of
`rebel_tools.scons.resident`: each is forked in idle time, and reads ahead. It adopts the streams, the
environment, the working folder and the umask of the client. The server ends after a long idle time, when its socket is
removed, and when a file of SCons or of this package has changed.
"""

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

from rebel_tools import signals
from rebel_tools.process import collect_seldom
from rebel_tools.scons.resident import NOTHING, Child, Loaded
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.search_path import leave_out
from rebel_tools.server.circumstances import circumstances
from rebel_tools.server.protocol import GO, PATH, REFUSED, STATUS, Request, is_same_user, receive_request, tell

IDLE = 600.0  # seconds without a request until the server ends
LOOK = 2.0  # seconds between checks whether the socket still exists
PATIENCE = 2.0  # seconds for a client to send its request


def main() -> None:
    """Serve until one of these happens. If another server has the socket, or it cannot be created, end immediately."""
    leave_out(os.getcwd())
    collect_seldom()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    listener = _listen()
    if listener is None:
        return
    try:
        _serve(listener)
    finally:
        if _is_there(listener):
            os.unlink(PATH)


def _listen() -> socket.socket | None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with contextlib.suppress(OSError):
            probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            probe.connect(PATH)
            return None  # another server is listening
        with contextlib.suppress(FileNotFoundError):
            os.unlink(PATH)
        listener.bind(PATH)
        listener.listen(4)
    except OSError:
        return None
    finally:
        os.umask(before)
    return listener


def _is_there(listener: socket.socket) -> bool:
    """Whether the file of the socket is still the one that this process has created."""
    try:
        return os.stat(PATH).st_ino == _made.get(listener.fileno())
    except OSError:
        return False


_made: dict[int, int] = {}


def _serve(listener: socket.socket) -> None:
    _made[listener.fileno()] = os.stat(PATH).st_ino
    loaded, wanted, last, builds = Loaded(), NOTHING, time.monotonic(), 0
    while time.monotonic() - last < IDLE and _is_there(listener):
        visit = Visit(listener, loaded, builds)
        child = Child(visit.wait, wanted, visit.ended)
        report = child.report()
        status = child.end()
        if status == NOT_ASKED:
            continue
        if status == OUTDATED:
            return
        last, builds = time.monotonic(), builds + 1
        wanted = loaded.learn(wanted, report) if report else NOTHING


NOT_ASKED, OUTDATED = 250, 251  # exit statuses of a child that has built nothing


class Visit:
    """In a child: waits for a client, adopts its state, and reports to it how the build has ended."""

    def __init__(self, listener: socket.socket, loaded: Loaded, builds: int) -> None:
        self._listener = listener
        self._loaded = loaded
        self._builds = builds  # the number of earlier builds
        self._connection: socket.socket | None = None
        self._has_ended = False

    def wait(self, parent: int) -> Sequence[str] | None:
        """The arguments of the next build. `parent` is a descriptor that closes when the server ends."""
        end = time.monotonic() + IDLE
        while time.monotonic() < end and _is_there(self._listener):
            waiting: list[socket.socket | int] = [self._listener, parent]
            ready, _, _ = select.select(waiting, [], [], LOOK)
            if parent in ready:
                break
            if ready:
                connection, _ = self._listener.accept()
                request = self._receive(connection)
                if request is not None:
                    self._connection = connection
                    return request.words
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
            if request.wants == STATUS:
                tell(connection, {"process": os.getppid(), "builds": self._builds})
                return None
            if self._loaded.is_outdated():
                tell(connection, REFUSED)  # rebel-tools or SCons has changed
                os._exit(OUTDATED)
            if request.folder != os.getcwd() or request.circumstances != circumstances(os.environ):
                tell(connection, REFUSED)
                return None
            tell(connection, {"process": os.getpid()})
            if connection.recv(1) != GO:
                return None
            _become(request, streams)
        except (OSError, ValueError):
            return None
        finally:
            for stream in streams:
                os.close(stream)
        connection.settimeout(None)
        threading.Thread(target=self._end_with, args=(connection,), daemon=True).start()
        return request

    def ended(self, status: int) -> None:
        """Report the exit status to the waiting client."""
        self._has_ended = True
        if self._connection is not None:
            with contextlib.suppress(OSError):
                tell(self._connection, {"status": status, "signal": signals.received() or 0})

    def _end_with(self, connection: socket.socket) -> None:
        """End the build when its client has ended, like a closed terminal."""
        with contextlib.suppress(OSError):
            if connection.recv(1) == b"" and not self._has_ended:
                os.kill(os.getpid(), signal.SIGHUP)


def _become(request: Request, streams: list[int]) -> None:
    """Adopt what can be adopted from the process of the client."""
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


if __name__ == "__main__":
    main()
