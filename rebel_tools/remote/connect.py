"""Chooses the client for the protocol of an address. gRPC is imported only for addresses that need it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

from rebel_tools.cache.server import Counts, Credentials, HttpCache
from rebel_tools.cache.store import Data
from rebel_tools.errors import MissingTool, RebelError
from rebel_tools.remote.messages import Digest, Result, result_from
from rebel_tools.remote.server import HttpServer, Server

_GRPC = ("grpc://", "grpcs://")
_OLDEST = (3, 11)  # the oldest Python that the packages of the extra support

Say = Callable[[str], None]


def is_grpc(url: str) -> bool:
    return url.startswith(_GRPC)


def connect(url: str, instance: str, shown: Credentials, say: Say) -> Connection:
    """The server at an address. Errors: RebelError for a malformed address or a missing package."""
    if is_grpc(url):
        needs_grpc()
        from rebel_tools.remote.grpc_server import GrpcServer

        found = GrpcServer(url, instance, shown, say)
        return Connection(found, GrpcData(found))
    if instance:
        raise RebelError("only gRPC servers have instances", expected="--remote-instance with grpc://HOST:PORT")
    cache = HttpCache(url, shown, say)
    return Connection(HttpServer(cache), cache)


class Connection:
    """One server, for results of commands and of packages. It is contacted at the first request, not before."""

    def __init__(self, server: Server, data: Data) -> None:
        self.server = server
        self.data = data

    @property
    def counts(self) -> Counts:
        return self.server.counts


def needs_grpc() -> None:
    """Errors: RebelError if this Python is too old or a package is missing."""
    if sys.version_info < _OLDEST:
        oldest, this = (".".join(map(str, version[:2])) for version in (_OLDEST, sys.version_info))
        raise RebelError(f"gRPC needs Python {oldest} or later; this is {this}", hint="http:// works with any Python")
    for name in ("grpc", "google.protobuf", "buildgrid"):
        try:
            importlib.import_module(name)
        except ImportError:
            hint = "pip install 'rebel-tools[remote]'"
            raise MissingTool(f"gRPC needs the package {name}, which is not installed", hint=hint) from None


class GrpcData:
    """A server of the Remote Execution API as a store of data by kind and name.

    Data of the kind `ac` is not an ActionResult; it is stored as the standard output of one.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    def get(self, kind: str, name: str, size: int = 0) -> bytes | None:
        if kind == "cas":
            digest = Digest(name, size)
            return self._server.blobs([digest]).get(digest)
        data = self._server.result(_action(name))
        try:
            said = result_from(data).stdout if data else None
        except ValueError:
            return None
        return self._server.blobs([said]).get(said) if isinstance(said, Digest) else said

    def put(self, kind: str, name: str, data: bytes) -> bool:
        if kind == "cas":
            return self._server.upload({Digest(name, len(data)): data})
        return self._server.keep_result(_action(name), Result([], stdout=data).encode())


def _action(name: str) -> Digest:
    return Digest(name, 1)
