"""Symbol versions of an ELF file: the names for the indices in DT_VERSYM.

Definitions (DT_VERDEF) and needs (DT_VERNEED) are linked lists of relative offsets. Offsets are unsigned and bounded by
the table, so a false count of 2^32-1 costs nothing. Source: LSB Core 5.0, section 10.7 "Symbol Versioning".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rebel_tools.binary.elf_image import (
    DT_VERDEF,
    DT_VERDEFNUM,
    DT_VERNEED,
    DT_VERNEEDNUM,
    ElfImage,
)
from rebel_tools.binary.names import NameTable

HIDDEN = 0x8000
INDEX = 0x7FFF
FLAG_BASE = 1
MAX_VERSIONS = INDEX + 1
MAX_TABLE = 1 << 20
"""The limit for the bytes of one version table; the largest known ones have some ten thousand."""


class Versions(NamedTuple):
    """Names by version index; `defined` are those of DT_VERDEF without the base version (the file's own name).

    needed: the indices that are only in DT_VERNEED. An executable has symbols of such versions if it contains a copy of
        a library's data.
    complaints: the contradictions in the tables, one sentence each.
    """

    names: dict[int, str]
    defined: frozenset[str]
    needed: frozenset[int]
    complaints: tuple[str, ...]


def read_versions(image: ElfImage, strings: NameTable) -> Versions:
    """All version names of the file. Errors: UnreadableBinary."""
    names: dict[int, str] = {}
    defined: set[str] = set()
    complaints: list[str] = []
    for index, flags, name in _definitions(image, strings, complaints):
        if not flags & FLAG_BASE:
            names[index] = name
            defined.add(name)
    needs = dict(_needs(image, strings, complaints))
    return Versions({**needs, **names}, frozenset(defined), frozenset(needs.keys() - names.keys()), tuple(complaints))


def _definitions(image: ElfImage, strings: NameTable, complaints: list[str]) -> Iterator[tuple[int, int, str]]:
    for data, at in _records(image, DT_VERDEF, DT_VERDEFNUM, "HHHHIII", complaints):
        _, flags, index, _, _, aux, _ = image.unpack("HHHHIII", data, at, "a version definition")
        (name,) = image.unpack("I", data, at + aux, "the name of a version definition")
        yield index & INDEX, flags, strings[name]


def _needs(image: ElfImage, strings: NameTable, complaints: list[str]) -> Iterator[tuple[int, str]]:
    found = 0
    for data, at in _records(image, DT_VERNEED, DT_VERNEEDNUM, "HHIII", complaints):
        _, count, _, aux, _ = image.unpack("HHIII", data, at, "a version need")
        position = at + aux
        for _ in range(count):
            _, _, index, name, step = image.unpack("IHHII", data, position, "a needed version")
            yield index & INDEX, strings[name]
            found += 1
            if step == 0:
                break
            if found > MAX_VERSIONS:
                raise image.source.error("too many needed versions", expected=f"at most {MAX_VERSIONS}")
            position += step


def _records(
    image: ElfImage, table_tag: int, count_tag: int, layout: str, complaints: list[str]
) -> Iterator[tuple[bytes, int]]:
    """The table's bytes with the offset of each record. The last field of a record is the offset of the next one."""
    values = image.dynamic.values
    if table_tag not in values:
        return
    what = "DT_VERDEF" if table_tag == DT_VERDEF else "DT_VERNEED"
    declared = values.get(count_tag, 0)
    offset, available = image.locate(values[table_tag], what)
    data = image.source.read(offset, min(available, MAX_TABLE), what)
    at = 0
    for number in range(min(declared, MAX_VERSIONS)):
        yield data, at
        step = image.unpack(layout, data, at, what)[-1]
        if step == 0:
            if number + 1 != declared:
                complaints.append(f"{what} declares {declared} versions, its list ends after {number + 1}")
            return
        at += step
    if declared > MAX_VERSIONS:
        raise image.source.error(f"{what} holds {declared} versions", offset, expected=f"at most {MAX_VERSIONS}")
