"""Names from a string table, for tens of thousands of symbols at once.

A name is found by its offset. There are limits against two attacks: one very long name, and many symbols whose names
are parts of one long string (20,000 symbols with 1 MiB each are 20 GB of names).
"""

from __future__ import annotations

from collections.abc import Sequence

from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.source import Source

MAX_NAME = 32 << 10
"""The limit for the bytes of one name. There are mangled C++ names of some ten thousand bytes."""

MAX_NAMES_TOTAL = 64 << 20
"""The limit for the bytes of all names of a file together, beyond the size of their table."""
_CHUNK = 1024


class NameTable:
    """A table of NUL-terminated strings; `table[offset]` is the name there. `start` is its offset in the file."""

    def __init__(self, source: Source, blob: bytes, start: int, what: str) -> None:
        self._text = blob.decode("latin-1")
        self._source = source
        self._start = start
        self._what = what

    def __getitem__(self, offset: int) -> str:
        """The name at `offset`. Errors: UnreadableBinary if there is none or it is too long."""
        return _as_text(self._read(offset))

    def many(self, offsets: Sequence[int]) -> list[str]:
        """The names at all offsets. Errors: UnreadableBinary as for one name, and if all together are too long."""
        read = self._read_all if self._has_only_short_names() else self._read_each
        names: list[str] = []
        total, limit = 0, MAX_NAMES_TOTAL + len(self._text)
        for start in range(0, len(offsets), _CHUNK):
            chunk = read(offsets[start : start + _CHUNK])
            total += sum(map(len, chunk))
            if total > limit:
                raise self._error("names overlap", 0, f"at most {limit} bytes of names, found {total}")
            names += chunk
        return names if self._text.isascii() else [_as_text(name) for name in names]

    def _has_only_short_names(self) -> bool:
        """Whether every string is short enough: then the search for its end needs no limit, which halves the time."""
        text, step = self._text, MAX_NAME // 2
        return text.endswith("\0") and all(text.find("\0", at, at + step) >= 0 for at in range(0, len(text), step))

    def _read_all(self, offsets: Sequence[int]) -> list[str]:
        text, index = self._text, self._text.index
        try:
            return [text[at : index("\0", at)] for at in offsets]
        except ValueError:  # an offset behind the end
            return self._read_each(offsets)

    def _read_each(self, offsets: Sequence[int]) -> list[str]:
        return [self._read(at) for at in offsets]

    def _read(self, offset: int) -> str:
        size = len(self._text)
        if not 0 <= offset < size:
            raise self._error("a name lies outside", 0, f"an offset below {size:#x}, found {offset:#x}")
        end = self._text.find("\0", offset, offset + MAX_NAME + 1)
        if end < 0:
            raise self._error("a name has no end", offset, f"a NUL byte within {min(MAX_NAME, size - offset)} bytes")
        return self._text[offset:end]

    def _error(self, message: str, at: int, expected: str) -> UnreadableBinary:
        return self._source.error(f"{self._what}: {message}", self._start + at, expected=expected)


def _as_text(name: str) -> str:
    """A name that was decoded as Latin-1, decoded as UTF-8 instead; other bytes become surrogates."""
    return name if name.isascii() else name.encode("latin-1").decode("utf-8", "surrogateescape")
