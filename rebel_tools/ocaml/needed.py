"""The dependencies of a shared library: other libraries, which a linker reads to check that all symbols are defined.

Sources: the System V ABI, "Program Header" and "Dynamic Section"; the manual of GNU ld, "-rpath-link=dir", for where
the linker looks.
"""

from __future__ import annotations

import glob
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple

_LOAD, _DYNAMIC = 1, 2  # p_type
_END, _NEEDED, _STRINGS, _RPATH, _RUNPATH = 0, 1, 5, 15, 29  # d_tag
_MOST = 1 << 16  # bytes of one table, and of one text: far more than in any library
_CONFIGURATION = "/etc/ld.so.conf"


class Needed(NamedTuple):
    """names: the names of libraries, usually without a folder; folders: where this library looks for them."""

    names: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def needed_by(path: str) -> Needed:
    """The dependencies of the library at `path`; none if it is not an ELF file, or damaged: the linker reports that."""
    try:
        if not os.path.isfile(path):
            return Needed()
        with open(path, "rb") as file:
            return _read(file, os.path.dirname(os.path.realpath(path)))
    except (OSError, struct.error, OverflowError):
        return Needed()


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


def _read(file: BinaryIO, folder: str) -> Needed:
    start = file.read(64)
    if start[:4] != b"\x7fELF" or len(start) < 52:
        return Needed()
    order, wide = "<>"[start[5] == 2], start[4] == 2
    segments = list(_segments(file, start, order, wide))
    entries = [entry for each in segments if each.kind == _DYNAMIC for entry in _entries(file, each, order, wide)]
    strings = next((value for tag, value in entries if tag == _STRINGS), 0)
    home = next((s for s in segments if s.kind == _LOAD and s.address <= strings < s.address + s.size), None)
    if home is None:
        return Needed()

    def text(value: int) -> str:
        file.seek(home.offset + strings - home.address + value)
        return os.fsdecode(file.read(_MOST).partition(b"\0")[0])

    names = tuple(text(value) for tag, value in entries if tag == _NEEDED)
    tag = _RUNPATH if any(each == _RUNPATH for each, _ in entries) else _RPATH  # DT_RUNPATH overrides DT_RPATH
    paths = (path for each, value in entries if each == tag for path in text(value).split(":"))
    expanded = (path.replace("${ORIGIN}", folder).replace("$ORIGIN", folder) for path in paths)
    return Needed(names, tuple(filter(None, expanded)))


def _segments(file: BinaryIO, start: bytes, order: str, wide: bool) -> Iterator[_Segment]:
    (table,) = struct.unpack_from(order + ("Q" if wide else "I"), start, 32 if wide else 28)
    size, number = struct.unpack_from(order + "HH", start, 54 if wide else 42)
    file.seek(table)
    data = file.read(min(size * number, _MOST))
    for at in range(0, len(data) - size + 1, size) if size else ():
        if wide:
            kind, _, offset, address, _, length = struct.unpack_from(order + "IIQQQQ", data, at)
        else:
            kind, offset, address, _, length = struct.unpack_from(order + "IIIII", data, at)
        yield _Segment(kind, offset, address, length)


def _entries(file: BinaryIO, segment: _Segment, order: str, wide: bool) -> Iterator[tuple[int, int]]:
    file.seek(segment.offset)
    data, form = file.read(min(segment.size, _MOST)), struct.Struct(order + ("QQ" if wide else "II"))
    for tag, value in form.iter_unpack(data[: len(data) // form.size * form.size]):
        if tag == _END:
            return
        yield tag, value


def folders_for_needed(words: Sequence[str], environ: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where a linker with these words looks for dependencies: before and after the folders that a library names."""
    links, runs = _values("-rpath-link", words), _values("-rpath", words)
    if not links and not runs:
        runs = environ.get("LD_RUN_PATH", "").split(":")
    before = [*links, *runs, *environ.get("LD_LIBRARY_PATH", "").split(":")]
    return tuple(filter(None, before)), ("/lib", "/usr/lib", *_configured(_CONFIGURATION))


def _values(option: str, words: Sequence[str]) -> list[str]:
    values = [value for word, value in zip(words, words[1:]) if word in (option, f"-{option}")]
    values += [word.partition("=")[2] for word in words if word.startswith((f"{option}=", f"-{option}="))]
    return [folder for value in values for folder in value.split(":")]


def _configured(path: str, depth: int = 4) -> Iterator[str]:
    """The folders in a configuration of ld.so(8)."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.partition("#")[0].split() for line in file]
    except OSError:  # there is no such file
        return
    for words in filter(None, lines):
        if words[0] != "include":
            yield from words
        elif depth:
            for pattern in words[1:]:
                for each in sorted(glob.glob(os.path.join(os.path.dirname(path), pattern))):
                    yield from _configured(each, depth - 1)
