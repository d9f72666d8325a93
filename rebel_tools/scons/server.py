"""The server of a project: it has SCons loaded, and forks a child for each requested build.

    python -m rebel_tools.scons.server

It works in the current folder, and listens on the socket of `rebel_tools.server.protocol`. The server ends after a long
idle time, when its socket is removed, and when a file of SCons or of this package has changed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket

from rebel_tools.process import collect_seldom
from rebel_tools.scons.serving import ServingProcess
from rebel_tools.search_path import leave_out
from rebel_tools.server.protocol import PATH


def main() -> None:
    """Serve until the server has to end (see above). If the socket is taken or cannot be created, return at once."""
    leave_out(os.getcwd())
    collect_seldom()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    listener = _listen()
    if listener is None:
        return
    process = ServingProcess(listener)
    try:
        process.serve()
    finally:
        if process.owns_socket():
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


if __name__ == "__main__":
    main()
