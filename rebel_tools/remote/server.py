"""What a server of results is asked, whichever protocol it speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from rebel_tools.cache.server import Counts, HttpCache
from rebel_tools.remote.messages import Digest


class Server(Protocol):
    """Results by the digests of actions, and data by its own digest. Nothing is raised: a build needs no server."""

    @property
    def counts(self) -> Counts:
        """What went both ways up to now."""

    @property
    def is_used(self) -> bool:
        """False from when it was given up."""

    def result(self, action: Digest) -> bytes | None:
        """The message that is kept for an action; None where there is none. It may be anything."""

    def keep_result(self, action: Digest, data: bytes) -> bool:
        """Keep a message; whether the server says that it does."""

    def blobs(self, digests: Iterable[Digest]) -> dict[Digest, bytes]:
        """Those that are there and whose contents are what their digests say."""

    def upload(self, blobs: Mapping[Digest, bytes]) -> bool:
        """Have the server hold all of these; whether it does."""


class HttpServer:
    """A server of the HTTP cache protocol: results at `ac/`, data at `cas/`."""

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
                break  # a result that is not whole is none
            found[digest] = data
        self._there.update(found)
        return found

    def upload(self, blobs: Mapping[Digest, bytes]) -> bool:
        for digest, data in blobs.items():
            if digest not in self._there and not self._cache.put("cas", digest.hash, data):
                return False
            self._there.add(digest)
        return True
