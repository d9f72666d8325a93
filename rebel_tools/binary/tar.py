"""Members of a tar stream, read in order and within limits.

The standard library's tarfile is not used: it reads extended headers of any size into memory, keeps the records of
global headers without a limit, and takes a damaged header for the end. No documented hook changes that.

Formats: POSIX.1-2017, "pax Interchange Format" and "ustar Interchange Format"; the manual of GNU tar, "Basic Tar
Format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rebel_tools.binary.tape import Contents, Run, Stream, Tape, padded
from rebel_tools.binary.tar_sparse import Sparse, from_gnu_header, from_pax

MAX_EXTENDED = 1 << 20
"""The limit for extended headers before one member, in bytes: names, and attributes, of which Linux allows 64 KB."""
MAX_MEMBERS = 1 << 18
MAX_NAME = 4096
"""The limit for a name in bytes: PATH_MAX of Linux."""

_REGULAR = b"0\x007S"
_WITHOUT_DATA = b"123456"  # links, devices, folders and FIFOs, whatever is in their size field
_EXTENDED = b"xXgLK"
_RECORD = re.compile(rb"(\d{1,7}) ([^=]{1,300})=")
_WANTED = re.compile(rb"path|size|GNU\.sparse\.(major|name|size|realsize|map|offset|numbytes)")


class TarMember(NamedTuple):
    """A regular file. Its contents can be read until the next member is requested."""

    name: str
    size: int
    contents: Contents


Fields = dict[bytes, list[bytes]]
"""The values in extended headers by keyword. In the maps of sparse files, a keyword has several values."""


def members(stream: Stream, name: str) -> Iterator[TarMember]:
    """The regular files in a tar stream. `name` is used in errors. Errors: UnreadableBinary."""
    tape = Tape(stream, name)
    for header, fields in _entries(tape):
        kind, shown = header[156:157], _name(tape, header, fields)
        regular = kind in _REGULAR and not (kind == b"\0" and shown.endswith("/"))  # old programs wrote folders so
        sparse = from_gnu_header(tape, header) if kind == b"S" else from_pax(tape, fields)
        size = tape.decimal(fields[b"size"][-1]) if b"size" in fields else tape.number(header[124:136])
        end = tape.at + (padded(size) if regular or kind not in _WITHOUT_DATA + b"\0" else 0)
        if regular:
            yield _member(tape, shown, size, sparse)
        tape.skip_to(end)


def _member(tape: Tape, name: str, size: int, sparse: Sparse | None) -> TarMember:
    if sparse is None:
        return TarMember(name, size, Contents(tape, iter((Run(size, stored=True),))))
    return TarMember(name, sparse.size, Contents(tape, sparse.runs(tape, size)))


def _entries(tape: Tape) -> Iterator[tuple[bytes, Fields]]:
    """The header of each member, with the values in the extended headers before it."""
    shared: Fields = {}
    own: Fields = {}
    left, count = MAX_EXTENDED, 0
    for header in _headers(tape):
        if header[156:157] in _EXTENDED:
            size = tape.number(header[124:136])
            left -= len(header) + size
            if left < 0:
                raise tape.error(f"an extended header of {size} bytes", f"at most {MAX_EXTENDED} bytes before a member")
            (shared if header[156:157] == b"g" else own).update(_extended(tape, header[156:157], size))
            continue
        count += 1
        if count > MAX_MEMBERS:
            raise tape.error(f"it has more than {MAX_MEMBERS} members", "fewer; unpack the archive and read the file")
        yield header, {**shared, **own}
        own, left = {}, MAX_EXTENDED


def _headers(tape: Tape) -> Iterator[bytes]:
    """Blocks, up to one of zeros or the end of the stream."""
    while True:
        header = tape.block()
        if not header.strip(b"\0"):
            return
        if not _is_checksum(tape.number(header[148:156]), header):
            raise tape.error("a header has a wrong checksum")
        yield header


def _is_checksum(given: int, header: bytes) -> bool:
    """Whether `given` is the sum of all bytes, with spaces in its own place. Some old programs added signed bytes."""
    text = header[:148] + b" " * 8 + header[156:]
    unsigned = sum(text)
    return given == unsigned or given == unsigned - 256 * sum(byte > 127 for byte in text)


def _extended(tape: Tape, kind: bytes, size: int) -> Fields:
    text = tape.take(padded(size))[:size]
    if kind == b"L":
        return {b"path": [text.rstrip(b"\0")]}
    return {} if kind == b"K" else _records(tape, text)


def _records(tape: Tape, text: bytes) -> Fields:
    """The values in records such as `20 path=lib/core.so` and a newline: a length in bytes, a keyword, a value."""
    found: Fields = {}
    at = 0
    while at < len(text) and text[at]:
        record = _RECORD.match(text, at)
        end = at + int(record[1]) if record else 0
        if record is None or record.end() >= end or text[end - 1 : end] != b"\n":
            raise tape.error("a pax header has a damaged record")
        value = text[record.end() : end - 1]
        if value and _WANTED.fullmatch(record[2]):
            found.setdefault(record[2], []).append(value)
        at = end
    return found


def _name(tape: Tape, header: bytes, fields: Fields) -> str:
    given = fields.get(b"GNU.sparse.name") or fields.get(b"path")
    name = given[-1] if given else _text(header[:100])
    if not given and header[257:263] == b"ustar\0" and header[345]:
        name = _text(header[345:500]) + b"/" + name
    if len(name) > MAX_NAME:
        raise tape.error(f"a name of {len(name)} bytes", f"at most {MAX_NAME} bytes")
    return name.decode("utf-8", "surrogateescape")


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
