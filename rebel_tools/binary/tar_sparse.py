"""Sparse files in tar files: only the parts that are not zero are stored, with a map of their offsets.

There are four forms: one in GNU tar's own headers, and three in pax headers with the keywords `GNU.sparse.*`. Format:
the manual of GNU tar, "Storing Sparse Files".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from rebel_tools.binary.tape import BLOCK, Run, Tape

MAX_PARTS = 1 << 16

Fields = Mapping[bytes, Sequence[bytes]]
"""The values in extended headers by keyword. In the maps of sparse files, a keyword has several values."""


class Sparse(NamedTuple):
    """The size of the file, and its parts as alternating offsets and lengths; None if the map precedes the data."""

    size: int
    parts: tuple[int, ...] | None

    def runs(self, tape: Tape, stored: int) -> Iterator[Run]:
        """The runs of the file, whose `stored` bytes in the archive begin at the current position."""
        end = tape.at + stored
        parts = _map_before_data(tape, end) if self.parts is None else self.parts
        done = 0
        for offset, length in zip(parts[::2], parts[1::2]):
            if not done <= offset <= offset + length <= self.size or tape.at + length > end:
                raise tape.error("the map of a sparse file is wrong", "parts in order, inside of the file")
            yield Run(offset - done, stored=False)
            yield Run(length, stored=True)
            done = offset + length
        yield Run(self.size - done, stored=False)


def from_gnu_header(tape: Tape, header: bytes) -> Sparse:
    """The old form: four parts in the header, 21 more in each block that follows it."""
    numbers = _gnu_parts(tape, header[386:482])
    more = header[482]
    while more:
        if len(numbers) > 2 * MAX_PARTS:
            raise _too_many(tape)
        block = tape.take(BLOCK)
        numbers += _gnu_parts(tape, block[:504])
        more = block[504]
    return Sparse(tape.number(header[483:495]), tuple(numbers))


def _gnu_parts(tape: Tape, text: bytes) -> list[int]:
    fields = (text[at : at + 12] for at in range(0, len(text), 12))
    return [tape.number(field) for field in fields if field.strip(b"\0")]


def from_pax(tape: Tape, fields: Fields) -> Sparse | None:
    """The forms 0.0 and 0.1 (a map in the extended header) and 1.0 (before the data); None for other files."""
    size = fields.get(b"GNU.sparse.realsize") or fields.get(b"GNU.sparse.size")
    if not size:
        return None
    if b"GNU.sparse.major" in fields:
        return Sparse(tape.decimal(size[-1]), None)
    if b"GNU.sparse.map" in fields:
        numbers: Iterator[bytes] = iter(fields[b"GNU.sparse.map"][-1].split(b","))
    else:
        offsets, lengths = fields.get(b"GNU.sparse.offset", ()), fields.get(b"GNU.sparse.numbytes", ())
        numbers = chain.from_iterable(zip(offsets, lengths))
    return Sparse(tape.decimal(size[-1]), tuple(tape.decimal(number) for number in numbers))


def _map_before_data(tape: Tape, end: int) -> tuple[int, ...]:
    """The map before the data: a line with the number of parts, then two lines for each, padded to whole blocks."""
    text = b""
    lines: list[bytes] = []
    while not lines or len(lines) <= 2 * _count(tape, lines[0]):
        if tape.at + BLOCK > end or len(text) > BLOCK:
            raise tape.error("the map of a sparse file is cut off")
        *complete, text = (text + tape.take(BLOCK)).split(b"\n")
        lines += complete
    return tuple(tape.decimal(line) for line in lines[1 : 1 + 2 * _count(tape, lines[0])])


def _count(tape: Tape, line: bytes) -> int:
    count = tape.decimal(line)
    if count > MAX_PARTS:
        raise _too_many(tape)
    return count


def _too_many(tape: Tape) -> Exception:
    return tape.error(f"a sparse file has more than {MAX_PARTS} parts")
