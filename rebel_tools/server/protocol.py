"""The messages between a build and the server, over a Unix socket in the output folder.

The client sends one line of JSON, the request, and with its first byte the file descriptors of its standard input,
output and error (unix(7), SCM_RIGHTS). The server answers with lines of JSON: first {"process": NUMBER}, the process
that is going to build, or {"refused": REASON}. It starts when the client has sent GO, because the client may have
given up in the meantime. At the end it sends {"status": NUMBER, "signal": NUMBER or 0}. A request for STATUS gets one
line.
"""

from __future__ import annotations

import array
import json
import os
import socket
import stat
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

from rebel_tools.server import SOCKET

PATH = SOCKET  # relative to the current folder, because a socket's path has at most 107 bytes
GO = b"g"
BUILD, STATUS = "build", "status"
MOST = 8 << 20  # maximal bytes of a request, which holds an environment and a command line


class Request(NamedTuple):
    """A request, BUILD or STATUS; for a build with the arguments for scons and the state of the client's process."""

    wants: str
    words: list[str]
    folder: str
    environ: dict[str, str]
    umask: int
    circumstances: str


def is_ours(path: str) -> bool:
    """Whether the path is a socket that only this user can have created and can connect to."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077


def is_same_user(connection: socket.socket) -> bool:
    """Whether the process at the other end belongs to this user (unix(7), SO_PEERCRED)."""
    if not hasattr(socket, "SO_PEERCRED"):
        return False
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(user == os.getuid())


def send_request(connection: socket.socket, request: Request) -> None:
    data = json.dumps(request, ensure_ascii=True).encode() + b"\n"
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))
    sent = connection.sendmsg([data], [rights])
    connection.sendall(data[sent:])


def receive_request(connection: socket.socket) -> tuple[Request, list[int]]:
    """The request and the file descriptors sent with it. Errors: OSError and ValueError for anything else."""
    descriptors = array.array("i")
    data, ancillary, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(3 * descriptors.itemsize))
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    while not data.endswith(b"\n") and len(data) < MOST:
        more = connection.recv(1 << 16)
        if not more:
            break
        data += more
    try:
        request = Request(*json.loads(data))
    except TypeError as error:
        raise ValueError(str(error)) from None
    if len(descriptors) != 3:
        raise ValueError("a request without the three streams")
    return request, list(descriptors)


def tell(connection: socket.socket, answer: Mapping[str, Any]) -> None:
    connection.sendall(json.dumps(answer).encode() + b"\n")
