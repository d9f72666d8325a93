"""The messages between a build and the resident server."""

from __future__ import annotations

import os
import socket
import threading

from rebel_tools.server import protocol
from rebel_tools.server.protocol import AGAIN, BUILD, STATUS, Request


def test_a_request_arrives_as_it_was_sent():
    one, other = socket.socketpair()
    words, environ = ["-j2", "", "a\nb", "\udcff"], {"A": "=1", "B": "", "\udce9": "\udcff\n"}
    with one, other:
        protocol.send_request(one, Request(BUILD, words, "/a b", environ, 0o27, "['x']"))
        found, streams = protocol.receive_request(other)
    for stream in streams:
        os.close(stream)
    assert (found.kind, found.arguments, found.folder, found.umask) == (BUILD, words, "/a b", 0o27)
    assert (found.environ, found.circumstances, len(streams)) == (environ, "['x']", 3)


def test_a_long_request_arrives_in_pieces():
    one, other = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        protocol.send_request(one, Request(BUILD, ["x" * 1_000_000] * 3))
        os._exit(0)
    with one, other:
        found, streams = protocol.receive_request(other)
    os.waitpid(pid, 0)
    for stream in streams:
        os.close(stream)
    assert [len(word) for word in found.arguments] == [1_000_000] * 3


def test_an_answer_of_a_server_that_has_gone_is_heard():
    """It answers a request and closes the connection at once; whether the client is still sending is chance."""
    pairs = [socket.socketpair() for _ in range(200)]

    def answer() -> None:
        for _, other in pairs:
            with other:
                _, streams = protocol.receive_request(other)
                protocol.send_answer(other, AGAIN)
            for stream in streams:
                os.close(stream)

    server = threading.Thread(target=answer, daemon=True)
    server.start()
    for one, _ in pairs:
        with one:
            protocol.send_request(one, Request(STATUS))
            assert protocol.receive_answer(one) == AGAIN
            assert protocol.receive_answer(one) == {}
    server.join()
