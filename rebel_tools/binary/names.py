"""Names out of a string table, for tens of thousands of symbols at once.

A name is found by its offset. Two attacks are bounded: one very long name, and many symbols that each name another
part of one long string (20,000 symbols over 1 MiB are 20 GB of names).
"""

from __future__ import annotations

from rebel_tools.binary.source import Source

MAX_NAME = 1 << 16
"""Bytes of one name. Mangled C++ names of some ten thousand bytes exist."""

MAX_NAMES_TOTAL = 64 << 20
"""Bytes of all distinct names together, beyond the size of their table."""


class NameTable:
    """A table of NUL-terminated strings; `table[offset]` is the name there. `start` is where it begins in the file."""

    def __init__(self, source: Source, blob: bytes, start: int, what: str) -> None:
        self._source = source
        self._text = blob.decode("latin-1")
        self._start = start
        self._what = what
        self._budget = MAX_NAMES_TOTAL + len(blob)
        self._known: dict[int, str] = {}

    def __getitem__(self, offset: int) -> str:
        known = self._known.get(offset)
        return self._read(offset) if known is None else known

    def _read(self, offset: int) -> str:
        end = self._text.find("\0", offset, offset + MAX_NAME + 1) if 0 <= offset < len(self._text) else -1
        if end < 0:
            raise self._failure(offset)
        self._budget -= end - offset
        if self._budget < 0:
            raise self._source.error(
                f"the names in {self._what} overlap into an unreasonable amount of text", self._start
            )
        name = self._text[offset:end]
        if not name.isascii():
            name = name.encode("latin-1").decode("utf-8", "surrogateescape")
        self._known[offset] = name
        return name

    def _failure(self, offset: int):
        size = len(self._text)
        if not 0 <= offset < size:
            return self._source.error(
                f"a name lies outside of {self._what}",
                self._start,
                expected=f"an offset below {size:#x}, found {offset:#x}",
            )
        return self._source.error(
            f"a name in {self._what} has no end",
            self._start + offset,
            expected=f"a NUL byte within {min(MAX_NAME, size - offset)} bytes",
        )
