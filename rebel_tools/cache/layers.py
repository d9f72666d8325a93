"""Results at a server, as a second store behind the one of this machine.

On the server, `cas/` contains the packs of results by their digests, and `ac/` a list for each key: a pack without
pieces whose `about` holds the key and, newest first, the name of each result, its digest and its size in bytes. If two
clients add to a list at the same time, one of the entries is lost, and its step runs once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from rebel_tools.cache.pack import Pack, packed, unpacked
from rebel_tools.cache.results import KIND, MOST
from rebel_tools.cache.store import Data, Store


class RemoteResults:
    """The store of results at a server."""

    def __init__(self, server: Data, uploads: bool) -> None:
        self.server = server
        self._uploads = uploads
        self._lists: dict[str, list[_Entry]] = {}

    def get(self, kind: str, name: str) -> bytes | None:
        entries = self._list(name.partition("-")[0]) if kind == KIND else []
        found = next((entry for entry in entries if entry.name == name), None)
        return self.server.get("cas", found.digest, found.size) if found else None

    def put(self, kind: str, name: str, data: bytes) -> bool:
        if kind != KIND or not self._uploads:
            return False
        key, digest = name.partition("-")[0], hashlib.sha256(data).hexdigest()
        if not self.server.put("cas", digest, data):
            return False
        entries = [_Entry(name, digest, len(data)), *(each for each in self._list(key) if each.name != name)][:MOST]
        self._lists[key] = entries
        return self.server.put("ac", _place(key), packed(Pack([key, entries], [])))

    def discard(self, kind: str, name: str) -> None:
        """Ignore this result from now on; only the server itself deletes data."""
        key = name.partition("-")[0]
        self._lists[key] = [each for each in self._list(key) if each.name != name] if kind == KIND else []

    def names(self, kind: str, beginning: str) -> list[str]:
        return [entry.name for entry in self._list(beginning.rstrip("-"))] if kind == KIND else []

    def make_room(self, kind: str, beginning: str, most: int) -> None:
        """Nothing to do: a list has at most `MOST` entries, and the server trims the packs by itself."""

    def _list(self, key: str) -> list[_Entry]:
        if key not in self._lists:
            data = self.server.get("ac", _place(key))
            self._lists[key] = _entries(key, data) if data else []
        return self._lists[key]


class _Entry(NamedTuple):
    name: str
    digest: str
    size: int


def _place(key: str) -> str:
    return hashlib.sha256(f"rebel-tools results 2 {key}".encode()).hexdigest()


def _entries(key: str, data: bytes) -> list[_Entry]:
    """The entries of a list; none if it is damaged or belongs to another key."""
    try:
        pack = unpacked(data)
        found, entries = pack.about if pack else ("", [])
        wanted = [_Entry(name, digest, int(size)) for name, digest, size in entries if _is_digest(digest)]
        return [entry for entry in wanted if f"{entry.name}".startswith(f"{key}-")] if found == key else []
    except (ValueError, LookupError, TypeError):
        return []


def _is_digest(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


class Layered:
    """A store of this machine that fetches what it lacks from another one."""

    def __init__(self, near: Store, far: Store) -> None:
        self.near = near
        self.far = far

    def get(self, kind: str, name: str) -> bytes | None:
        data = self.near.get(kind, name)
        if data is None:
            data = self.far.get(kind, name)
            if data is not None and unpacked(data) is not None:
                self.near.put(kind, name, data)
        return data

    def put(self, kind: str, name: str, data: bytes) -> bool:
        kept = self.near.put(kind, name, data)
        return self.far.put(kind, name, data) or kept

    def discard(self, kind: str, name: str) -> None:
        self.near.discard(kind, name)
        self.far.discard(kind, name)

    def names(self, kind: str, beginning: str) -> Iterator[str]:
        """The names on this machine first; the other store is asked only if the caller needs more."""
        near = list(self.near.names(kind, beginning))
        yield from near
        yield from (name for name in self.far.names(kind, beginning) if name not in near)

    def make_room(self, kind: str, beginning: str, most: int) -> None:
        self.near.make_room(kind, beginning, most)
