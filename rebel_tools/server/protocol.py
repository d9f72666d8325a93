"""The messages between a build and the server, over a Unix socket in the output folder.

The client sends a request: its length in bytes and a newline, then fields that are separated by zero bytes (see
`send_request`). With the first byte come the file descriptors of its standard input, output and error (unix(7),
SCM_RIGHTS). The server answers with lines of names and numbers: first `process NUMBER`, the process that is going to
build, or REFUSED, or AGAIN if another process of the server can build. The build starts when the client has sent GO,
because the client may have given up in the meantime. At the end the server sends `status NUMBER signal NUMBER`, where
the signal is 0 if none has ended the build. A request for STATUS gets one line.

This module loads next to nothing, because a client does not: `_socket` is the part of `socket` in C.
"""

from __future__ import annotations

import _socket
import os
import stat
import sys

from rebel_tools.server import SOCKET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATH = SOCKET  # relative to the current folder, because a socket's path has at most 107 bytes
GO = b"g"
BUILD, STATUS = "build", "status"
REFUSED, AGAIN = {"refused": 0}, {"again": 0}
MAX_REQUEST = 8 << 20  # maximal bytes of a request, which holds an environment and a command line
_INT = 4  # bytes of a C int


class Request:
    """A request to the server.

    kind: BUILD or STATUS; the rest is for a build. arguments: for rebel. folder: where the client is, absolute.
    environ: its environment variables. umask: its umask. circumstances: see `server.circumstances`.
    """

    def __init__(
        self,
        kind: str,
        arguments: Sequence[str] = (),
        folder: str = "",
        environ: Mapping[str, str] | None = None,
        umask: int = 0,
        circumstances: str = "",
    ) -> None:
        self.kind = kind
        self.arguments = list(arguments)
        self.folder = folder
        self.environ = dict(environ or {})
        self.umask = umask
        self.circumstances = circumstances


def is_ours(path: str) -> bool:
    """Whether the path is a socket that only this user can have created and can connect to."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077


def is_same_user(connection: _socket.socket) -> bool:
    """Whether the process at the other end belongs to this user (unix(7), SO_PEERCRED)."""
    if not hasattr(_socket, "SO_PEERCRED"):
        return False
    process_user_group = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 3 * _INT)
    return int.from_bytes(process_user_group[_INT : 2 * _INT], sys.byteorder) == os.getuid()


def send_request(connection: _socket.socket, request: Request) -> None:
    """Send a request, and with it the three streams of this process.

    The fields: what is wanted, the folder, the umask, the circumstances, the number of arguments, the arguments, and
    variables as NAME=VALUE. None of them can contain a zero byte.
    """
    fields = [request.kind, request.folder, str(request.umask), request.circumstances, str(len(request.arguments))]
    fields += request.arguments
    fields += [f"{name}={value}" for name, value in request.environ.items()]
    data = "\0".join(fields).encode("utf-8", "surrogateescape")
    data = b"%d\n%b" % (len(data), data)
    streams = b"".join(stream.to_bytes(_INT, sys.byteorder) for stream in (0, 1, 2))
    sent = connection.sendmsg([data], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    if sent < len(data):  # if all was sent, the server may already have answered and closed the connection
        connection.sendall(data[sent:])


def receive_request(connection: _socket.socket) -> tuple[Request, list[int]]:
    """The request and the file descriptors sent with it. Errors: OSError and ValueError for anything else."""
    data, ancillary, _, _ = connection.recvmsg(1 << 16, _socket.CMSG_SPACE(3 * _INT))
    streams: list[int] = []
    for level, type_, content in ancillary:
        if (level, type_) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
            places = range(0, len(content) - len(content) % _INT, _INT)
            streams += [int.from_bytes(content[place : place + _INT], sys.byteorder) for place in places]
    try:
        request = _request(_whole(connection, data))
        if len(streams) != 3:
            raise ValueError("a request without the three streams")
    except (OSError, ValueError):
        for stream in streams:
            os.close(stream)
        raise
    return request, streams


def _whole(connection: _socket.socket, data: bytes) -> bytes:
    """All of a request of which `data` has arrived, without its length."""
    size, newline, rest = data.partition(b"\n")
    if not newline or not size.isdigit() or int(size) > MAX_REQUEST:
        raise ValueError("a request without its length")
    parts, missing = [rest], int(size) - len(rest)
    while missing > 0:
        more = connection.recv(min(missing, 1 << 16))
        if not more:
            raise ValueError("a request without its end")
        parts.append(more)
        missing -= len(more)
    return b"".join(parts)


def _request(data: bytes) -> Request:
    """The request in the fields that `send_request` has written. Errors: ValueError."""
    kind, folder, umask, circumstances, count, *rest = data.decode("utf-8", "surrogateescape").split("\0")
    arguments, variables = rest[: int(count)], rest[int(count) :]
    environ = {}
    for variable in variables:
        name, _, value = variable.partition("=")
        environ[name] = value
    return Request(kind, arguments, folder, environ, int(umask), circumstances)


def send_answer(connection: _socket.socket, answer: Mapping[str, int]) -> None:
    """Send an answer: one line of names and numbers."""
    connection.sendall(" ".join(f"{name} {number}" for name, number in answer.items()).encode() + b"\n")


def receive_answer(connection: _socket.socket) -> dict[str, int]:
    """The next answer; empty if the other end has gone. Errors: OSError, and ValueError for anything else."""
    data = b""
    while not data.endswith(b"\n"):
        more = connection.recv(1 << 10)  # nothing follows it before the client has sent something
        if not more:
            return {}
        data += more
    words = data.decode("ascii").split()
    return {name: int(number) for name, number in zip(words[::2], words[1::2])}
