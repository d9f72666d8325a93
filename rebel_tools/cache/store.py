"""The interface of stores of results: data by kind and name, without any guarantee."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Data(Protocol):
    """The `ac` and `cas` of a server: data by a name of 64 hexadecimal digits, which in `cas` is its SHA-256."""

    def get(self, kind: str, name: str, size: int = 0) -> bytes | None:
        """The data; None without any. size: its length in bytes, for `cas`."""

    def put(self, kind: str, name: str, data: bytes) -> bool:
        """Store data; return whether it is stored."""


class Store(Protocol):
    """Data by kind and name. Kinds and names are plain words: letters, digits, `-` and `.`.

    Data may disappear at any time, and may be damaged: the caller checks it. No method raises an exception, because a
    build can always make the result itself.
    """

    def get(self, kind: str, name: str) -> bytes | None:
        """The data; None without any."""

    def put(self, kind: str, name: str, data: bytes) -> bool:
        """Store data, replacing what is there; return whether it is stored."""

    def discard(self, kind: str, name: str) -> None:
        """Delete data that is damaged."""

    def names(self, kind: str, beginning: str) -> Iterable[str]:
        """The names with this beginning, the newest first; none in a store that cannot list."""

    def make_room(self, kind: str, beginning: str, most: int) -> None:
        """Delete the oldest of these names until at most `most` are left."""
