"""Names out of a string table, for tens of thousands of symbols at once.

A name is found by its offset. Two attacks are bounded: one very long name, and many symbols that each name another
part of one long string (20,000 symbols over 1 MiB are 20 GB of names).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, repeat
from operator import add

from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.source import Source

MAX_NAME = 32 << 10
"""Bytes of one name. Mangled C++ names of some ten thousand bytes exist."""

MAX_NAMES_TOTAL = 64 << 20
"""Bytes of all names of a file together, beyond the size of their table."""


class NameTable:
    """A table of NUL-terminated strings; `table[offset]` is the name there. `start` is where it begins in the file."""

    def __init__(self, source: Source, blob: bytes, start: int, what: str) -> None:
        self._text = blob.decode("latin-1")
        self._source = source
        self._start = start
        self._what = what

    def __getitem__(self, offset: int) -> str:
        """The name at `offset`; UnreadableBinary when there is none or it is too long."""
        return _as_text(self.raw(offset))

    def many(self, offsets: Sequence[int]) -> list[str]:
        """The names at all offsets, without a step of Python for each."""
        names = list(map(_Starts(self, len(offsets)).__getitem__, offsets))
        self.check_total(sum(map(len, names)))
        return names if self._text.isascii() else [_as_text(name) for name in names]

    def starts(self, wanted: int) -> dict[int, str]:
        """The undecoded string at each offset where one begins; nothing for a table with far more than are wanted."""
        if self._text.count("\0") > 4 * wanted + 1024:
            return {}
        parts = self._text.split("\0")[:-1]
        return dict(zip(accumulate(map(add, map(len, parts), repeat(1)), initial=0), parts))

    def raw(self, offset: int) -> str:
        """The undecoded string from any offset on."""
        size = len(self._text)
        if not 0 <= offset < size:
            raise self._error("a name lies outside", 0, f"an offset below {size:#x}, found {offset:#x}")
        end = self._text.find("\0", offset, offset + MAX_NAME + 1)
        if end < 0:
            raise self._error("a name has no end", offset, f"a NUL byte within {min(MAX_NAME, size - offset)} bytes")
        return self._text[offset:end]

    def check_total(self, total: int) -> None:
        limit = MAX_NAMES_TOTAL + len(self._text)
        if total > limit:
            raise self._error("names overlap", 0, f"at most {limit} bytes of names, found {total}")

    def _error(self, message: str, at: int, expected: str) -> UnreadableBinary:
        return self._source.error(f"{self._what}: {message}", self._start + at, expected=expected)


class _Starts(dict):
    """Names by offset: all strings were split at once; one that begins inside of another is looked up alone."""

    def __init__(self, table: NameTable, wanted: int) -> None:
        super().__init__(table.starts(wanted))
        self._table = table
        self._total = 0

    def __missing__(self, offset: int) -> str:
        name = self[offset] = self._table.raw(offset)
        self._total += len(name)
        self._table.check_total(self._total)
        return name


def _as_text(name: str) -> str:
    """Bytes that were decoded as Latin-1, as the UTF-8 that names are in; other bytes become surrogates."""
    return name if name.isascii() else name.encode("latin-1").decode("utf-8", "surrogateescape")
