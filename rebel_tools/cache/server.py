"""A server that stores data by name, with Bazel's HTTP cache protocol, which bazel-remote and nginx (WebDAV) support.

GET and PUT of `ac/NAME` and `cas/NAME`, both names being 64 hexadecimal digits; data below `cas/` is named by its
SHA-256. A server may be down, slow, full, or answer with anything: each call has a deadline and is tried twice, and
after that the server is not used for the rest of the build. Redirects are not followed, so a token is sent to no other
host.

Source: https://bazel.build/remote/caching#http-caching, "HTTP caching protocol"; bazel-remote's README, "HTTP".
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from rebel_tools.errors import Place, RebelError
from rebel_tools.text import printable

DEADLINE_S = 10.0  # seconds for one call, from its first byte to its last one,
_SLOWEST = 1 << 20  # plus the time to send the data at this many bytes per second
_PAUSE_S = 0.2  # seconds before the second attempt

_LARGEST = 512 << 20  # bytes of an answer
_DONE = (200, 201, 204)
_NOT_THERE = 404
_TOO_LARGE = 413  # for this piece of data; others may be accepted
_REFUSED = (401, 403)

TOKEN, TOKEN_FILE = "REBEL_REMOTE_TOKEN", "REBEL_REMOTE_TOKEN_FILE"
HEADERS_FILE = "REBEL_REMOTE_HEADERS_FILE"
CERTIFICATE, AUTHORITIES = "REBEL_REMOTE_CERTIFICATE", "REBEL_REMOTE_CA"


class Credentials(NamedTuple):
    """Credentials for a server. They never come from a command line, where other users could see them.

    headers: of each request; certificate: a PEM file with the client certificate and its key, or ''; authorities: a
    PEM file with the accepted certificate authorities, or '' for those of the system.
    """

    headers: Mapping[str, str] = {}
    certificate: str = ""
    authorities: str = ""


def credentials(environ: Mapping[str, str]) -> Credentials:
    """The credentials that the environment names. Errors: RebelError for an unreadable file or a malformed header."""
    headers: dict[str, str] = {}
    if environ.get(HEADERS_FILE):
        path = environ[HEADERS_FILE]
        for number, line in enumerate(_text(path).splitlines(), 1):
            name, colon, value = line.partition(":")
            if line.strip() and not (colon and name.strip().replace("-", "").isalnum() and value.isprintable()):
                raise RebelError("this is not a header", place=Place(path, number), expected="Name: value")
            headers.update({name.strip(): value.strip()} if colon else {})
    token = environ.get(TOKEN) or (_text(environ[TOKEN_FILE]) if environ.get(TOKEN_FILE) else "")
    if token.strip():
        if not token.strip().isprintable() or not token.isascii():
            raise RebelError("the token of the remote cache has characters that are not allowed in a header")
        headers["Authorization"] = f"Bearer {token.strip()}"
    return Credentials(headers, environ.get(CERTIFICATE, ""), environ.get(AUTHORITIES, ""))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise RebelError(f"it cannot be read: {reason}", place=Place(path)) from None


class Unavailable(Exception):
    """The server did not fulfil a request; the text says why, for people."""


class Counts(NamedTuple):
    """The number of items and of bytes, in both directions."""

    down: int = 0
    bytes_down: int = 0
    up: int = 0
    bytes_up: int = 0

    def with_more(self, more: Counts) -> Counts:
        return Counts(*(one + other for one, other in zip(self, more)))


class HttpCache:
    """The server at `url`, for several threads.

    say: called once, with one line for people, when the server is no longer used. deadline: seconds for one call.
    Errors: RebelError for a malformed URL, or a certificate that cannot be used.
    """

    def __init__(self, url: str, shown: Credentials, say: Callable[[str], None], deadline: float = DEADLINE_S) -> None:
        self._at = _checked(url)
        self._name = f"{self._at.scheme}://{self._at.hostname}{f':{self._at.port}' if self._at.port else ''}"
        self._say = say
        self._deadline = deadline
        self._headers = dict(shown.headers)
        self._tls = _context(shown) if self._at.scheme == "https" else None
        self._own = threading.local()  # the connection of each thread
        self._lock = threading.Lock()
        self.is_used = True
        self.counts = Counts()

    def get(self, kind: str, name: str, size: int = 0) -> bytes | None:
        """The stored data; None if there is none, or no answer. The digest of data from `cas` is checked."""
        data = self._try("GET", kind, name)
        if data is None:
            return None
        if kind == "cas" and hashlib.sha256(data).hexdigest() != name:
            return None  # damaged
        self._count(Counts(down=1, bytes_down=len(data)))
        return data

    def put(self, kind: str, name: str, data: bytes) -> bool:
        """Store data; return whether the server confirms it."""
        if self._try("PUT", kind, name, data) is None:
            return False
        self._count(Counts(up=1, bytes_up=len(data)))
        return True

    def _count(self, more: Counts) -> None:
        with self._lock:
            self.counts = self.counts.with_more(more)

    def _try(self, method: str, kind: str, name: str, data: bytes | None = None) -> bytes | None:
        reason = ""
        for attempt in range(2 if self.is_used else 0):
            if attempt:
                time.sleep(_PAUSE_S)
            try:
                return self._call(method, f"{self._at.path.rstrip('/')}/{kind}/{name}", data)
            except Unavailable as error:
                reason = str(error)
                break
            except (OSError, http.client.HTTPException, ValueError) as error:
                reason = _reason(error)
            self.close()
        with self._lock:
            is_first, self.is_used = self.is_used, False
        self.close()
        if is_first:
            self._say(f"the remote cache {printable(self._name)} is not used: {printable(reason)}")
        return None

    def _call(self, method: str, path: str, data: bytes | None) -> bytes | None:
        """The body of the answer; None if the server does not have the data, or does not store it because of its size.

        Errors: Unavailable, OSError, HTTPException.
        """
        connection = self._own.connection = getattr(self._own, "connection", None) or self._connect()
        connection.connect() if connection.sock is None else None
        late = _Deadline(self._deadline + len(data or b"") / _SLOWEST, connection.sock)
        try:
            connection.request(method, path, body=data, headers=self._headers)
            answer = connection.getresponse()
            size = answer.length
            body = answer.read(_LARGEST + 1)
            if len(body) > _LARGEST:
                raise Unavailable("an answer is too large")
            if not answer.isclosed() or (size is not None and len(body) < size):
                raise http.client.HTTPException("it ended in the middle of an answer")
        finally:
            late.end()
        if answer.status in _DONE:
            return body
        if answer.status == (_NOT_THERE if method == "GET" else _TOO_LARGE):
            return None
        words = f"{answer.status} {answer.reason}"
        if answer.status >= 500:
            raise http.client.HTTPException(f"it answers {words}")
        if answer.status in _REFUSED:
            raise Unavailable(f"it refuses access ({words}); check {TOKEN}, {TOKEN_FILE} or {CERTIFICATE}")
        raise Unavailable(f"it does not speak the protocol of an HTTP cache (it answers {words})")

    def _connect(self) -> http.client.HTTPConnection:
        host, timeout = self._at.hostname or "", self._deadline
        if self._tls is None:
            return http.client.HTTPConnection(host, self._at.port, timeout=timeout)
        return http.client.HTTPSConnection(host, self._at.port, timeout=timeout, context=self._tls)

    def close(self) -> None:
        """End the connection of this thread; its next call begins another one."""
        connection = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()
            self._own.connection = None


class _Deadline:
    """Ends a call after a time, whether or not the server is still sending."""

    def __init__(self, seconds: float, connection: socket.socket) -> None:
        self._is_over = False
        self._connection = connection
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._timer.start()

    def _shut(self) -> None:
        self._is_over = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Note that the call has ended. Errors: TimeoutError if it was cut off."""
        self._timer.cancel()
        if self._is_over:
            raise TimeoutError


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message} (${AUTHORITIES} names other authorities)"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or "it closed the connection"


def _checked(url: str) -> SplitResult:
    expected = "http://HOST[:PORT][/FOLDER] or https://..., without a user and a password"
    try:
        found = urlsplit(url)
        is_right = found.scheme in ("http", "https") and found.hostname and (found.port is None or found.port > 0)
    except ValueError:
        is_right = False
    if not is_right or found.username or found.query or found.fragment or not url.isascii() or " " in url:
        raise RebelError("this is not the address of a remote cache", expected=expected)
    return found


def _context(shown: Credentials) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=shown.authorities or None)
        if shown.certificate:
            context.load_cert_chain(shown.certificate)
        return context
    except OSError as error:  # SSLError is an OSError
        path = shown.authorities or shown.certificate
        raise RebelError(f"the certificate cannot be used: {error}", place=Place(os.fspath(path))) from None
