"""Where results are kept: a place for data by kind and name, of which nothing is expected but that it answers."""

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
        """What was put there, as far as anybody knows; None where there is nothing."""

    def put(self, kind: str, name: str, data: bytes) -> bool:
        """Keep data, in place of what is there; whether it is kept."""

    def discard(self, kind: str, name: str) -> None:
        """Forget what is there, for it is damaged."""

    def names(self, kind: str, beginning: str) -> Iterable[str]:
        """The names that begin so, the newest first; a store that cannot list has none."""

    def make_room(self, kind: str, beginning: str, most: int) -> None:
        """Let no more than so many of these names stay."""
