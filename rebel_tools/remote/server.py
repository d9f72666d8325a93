"""The interface of a server of results, for both protocols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from rebel_tools.cache.server import Counts, HttpCache
from rebel_tools.remote.messages import Digest


class Server(Protocol):
    """Stores results by the digests of actions, and data by its own digest. Raises nothing: a build needs no server."""

    @property
    def counts(self) -> Counts:
        """What was transferred so far, in both directions."""

    @property
    def is_used(self) -> bool:
        """False after the server was given up."""

    def result(self, action: Digest) -> bytes | None:
        """The message that is stored for an action; None if there is none. Its contents are not checked."""

    def keep_result(self, action: Digest, data: bytes) -> bool:
        """Store a message; return whether the server confirms it."""

    def blobs(self, digests: Iterable[Digest]) -> dict[Digest, bytes]:
        """The data that the server has and that matches its digest."""

    def upload(self, blobs: Mapping[Digest, bytes]) -> bool:
        """Upload what the server does not have yet; return whether it has all of it now."""


class HttpServer:
    """A server with the HTTP cache protocol: results are at `ac/`, data at `cas/`."""

    def __init__(self, cache: HttpCache) -> None:
        self._cache = cache
        self._there: set[Digest] = set()

    @property
    def is_used(self) -> bool:
        return self._cache.is_used

    @property
    def counts(self) -> Counts:
        return self._cache.counts

    def result(self, action: Digest) -> bytes | None:
        return self._cache.get("ac", action.hash)

    def keep_result(self, action: Digest, data: bytes) -> bool:
        return self._cache.put("ac", action.hash, data)

    def blobs(self, digests: Iterable[Digest]) -> dict[Digest, bytes]:
        found: dict[Digest, bytes] = {}
        for digest in dict.fromkeys(digests):
            data = self._cache.get("cas", digest.hash)
            if data is None or len(data) != digest.size:
                break  # an incomplete result is of no use
            found[digest] = data
        self._there.update(found)
        return found

    def upload(self, blobs: Mapping[Digest, bytes]) -> bool:
        for digest, data in blobs.items():
            if digest not in self._there and not self._cache.put("cas", digest.hash, data):
                return False
            self._there.add(digest)
        return True
