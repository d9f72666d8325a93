"""A server of the HTTP cache protocol in this process, with many possible faults."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """fault: '' or its name. dies_after: the number of requests that are answered.

    seen: method, path and headers of each request. ended: set when requests must not wait any longer.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data: dict[str, bytes] = {}
        self.fault = ""
        self.dies_after = sys.maxsize
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/team"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        data = self.server.data.get(self.path)
        if self._goes_wrong(data or b""):
            return
        self._answer(404 if data is None else 200, data or b"")

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self._goes_wrong(b""):
            return
        if self.server.fault in FULL:
            self._answer(FULL[self.server.fault], b"")
            return
        self.server.data[self.path] = data
        self._answer(201, b"")

    def _answer(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _goes_wrong(self, data: bytes) -> bool:
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        fault = self.server.fault if len(self.server.seen) <= self.server.dies_after else "closes"
        if fault == "silent":
            self.server.ended.wait()
        elif fault == "drips":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not self.server.ended.wait(0.05):
                self.wfile.write(b"y")
        elif fault == "closes":
            self.close_connection = True
        elif fault == "truncated":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data) + 10))
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = True
        elif fault == "noise":
            self.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
            self.close_connection = True
        elif fault == "500":
            self._answer(500, b"oops")
        elif fault == "401":
            self._answer(401, b"who are you")
        elif fault == "elsewhere":
            self._answer(302, b"", Location="http://127.0.0.1:1/")
        elif fault == "wrong bytes":
            self._answer(200, b"something else")
        else:
            return False
        return True

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


FULL = {"full": 507, "too large": 413}
FAULTS = ("silent", "drips", "closes", "truncated", "noise", "500", "401", "elsewhere")


@contextmanager
def running() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
