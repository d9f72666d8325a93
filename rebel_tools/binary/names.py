"""Names out of a string table, for tens of thousands of symbols at once.

A name is found by its offset. Two attacks are bounded: one very long name, and many symbols that each name another
part of one long string (20,000 symbols over 1 MiB are 20 GB of names).
"""

from __future__ import annotations

from collections.abc import Sequence

from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.source import Source

MAX_NAME = 32 << 10
"""Bytes of one name. Mangled C++ names of some ten thousand bytes exist."""

MAX_NAMES_TOTAL = 64 << 20
"""Bytes of all names of a file together, beyond the size of their table."""
_CHUNK = 1024


class NameTable:
    """A table of NUL-terminated strings; `table[offset]` is the name there. `start` is where it begins in the file."""

    def __init__(self, source: Source, blob: bytes, start: int, what: str) -> None:
        self._text = blob.decode("latin-1")
        self._source = source
        self._start = start
        self._what = what

    def __getitem__(self, offset: int) -> str:
        """The name at `offset`; UnreadableBinary when there is none or it is too long."""
        return _as_text(self._read(offset))

    def many(self, offsets: Sequence[int]) -> list[str]:
        """The names at all offsets; their total is checked before more of them are made."""
        read = self._read_all if self._is_tame() else self._read_each
        names: list[str] = []
        total, limit = 0, MAX_NAMES_TOTAL + len(self._text)
        for start in range(0, len(offsets), _CHUNK):
            chunk = read(offsets[start : start + _CHUNK])
            total += sum(map(len, chunk))
            if total > limit:
                raise self._error("names overlap", 0, f"at most {limit} bytes of names, found {total}")
            names += chunk
        return names if self._text.isascii() else [_as_text(name) for name in names]

    def _is_tame(self) -> bool:
        """Whether every string ends soon: then looking for the end needs no limit, which is half of the time."""
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
    """Bytes that were decoded as Latin-1, as the UTF-8 that names are in; other bytes become surrogates."""
    return name if name.isascii() else name.encode("latin-1").decode("utf-8", "surrogateescape")
