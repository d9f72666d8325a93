"""The interface of stores of results: data by kind and name, without any guarantee."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Data(Protocol):
    """A server's `ac` and `cas`: data by a name of 64 hexadecimal digits, which in `cas` is its SHA-256."""

    def get(self, kind: str, name: str, size: int = 0) -> bytes | None:
        """What is there, if there is. size: of what `cas` has under that name."""

    def put(self, kind: str, name: str, data: bytes) -> bool:
        """Keep data; whether it is kept."""


class Store(Protocol):
    """Data by kind and name. Kinds and names are plain words: letters, digits, `-` and `.`.

    It may forget everything at any time, and its answers may be damaged: the caller checks them. It raises nothing,
    because a build can always make the result itself.
    """

    def get(self, kind: str, name: str) -> bytes | None:
        """The data that was probably put there; None without any."""

    def put(self, kind: str, name: str, data: bytes) -> bool:
        """Store data, replacing what is there; return whether it is stored."""

    def discard(self, kind: str, name: str) -> None:
        """Delete data that is damaged."""

    def names(self, kind: str, beginning: str) -> Iterable[str]:
        """The names with this beginning, the newest first; none in a store that cannot list."""

    def make_room(self, kind: str, beginning: str, most: int) -> None:
        """Delete the oldest of these names until at most `most` are left."""
