"""The dynamic symbols of an ELF file: how many there are, and which of them other modules can link against.

Source: gABI chapter 4 "Symbol Table", chapter 5 "Hash Table"; DT_GNU_HASH as in binutils and glibc (elf/dl-lookup.c).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import repeat
from operator import itemgetter
from sys import byteorder as NATIVE
from typing import NamedTuple, Optional

from rebel_tools.binary.elf_image import (
    DT_GNU_HASH,
    DT_HASH,
    DT_MIPS_SYMTABNO,
    DT_SYMENT,
    DT_SYMTAB,
    DT_VERSYM,
    ElfImage,
)
from rebel_tools.binary.elf_versions import HIDDEN, INDEX, Versions
from rebel_tools.binary.model import Export
from rebel_tools.binary.names import NameTable

MAX_SYMBOLS = 500_000
"""Entries of a dynamic symbol table that are read; the largest known libraries have about 200,000."""

SHN_UNDEF, SHN_ABS = 0, 0xFFF1
BINDINGS = {1: "global", 2: "weak", 10: "unique"}
KINDS = {0: "unknown", 1: "object", 2: "function", 5: "object", 6: "tls", 10: "ifunc"}
VISIBILITIES = {0: "default", 3: "protected"}


class Extent(NamedTuple):
    """How far the symbol table reaches: `count` entries, of which the first `hidden` are not in the hash table.

    `exact` is False when the hash table is empty and so says nothing about the number of undefined symbols.
    """

    count: int
    hidden: int = 0
    exact: bool = True


def symbol_extent(image: ElfImage) -> Optional[Extent]:
    """What the hash table that the dynamic linker uses says, None when there is no hash table."""
    values = image.dynamic.values
    if DT_GNU_HASH in values:
        extent = _gnu_hash_extent(image, values[DT_GNU_HASH])
    elif DT_HASH in values:
        extent = _hash_extent(image, values[DT_HASH])
    elif DT_MIPS_SYMTABNO in values:
        extent = Extent(values[DT_MIPS_SYMTABNO])
    else:
        return None
    if extent.count > MAX_SYMBOLS:
        raise image.source.error(f"{extent.count} dynamic symbols are too many", expected=f"at most {MAX_SYMBOLS}")
    return extent


def _hash_extent(image: ElfImage, address: int) -> Extent:
    wide = image.machine in ("alpha", "s390x")  # the two ABIs with 64-bit hash entries
    layout = "QQ" if wide else "II"
    data = image.read_address(address, 16 if wide else 8, "DT_HASH")
    return Extent(image.unpack(layout, data, 0, "DT_HASH")[1])


def _gnu_hash_extent(image: ElfImage, address: int) -> Extent:
    """The highest index that a bucket starts with, then along its chain up to the entry with the end bit."""
    head = image.read_address(address, 16, "DT_GNU_HASH")
    buckets, first, bloom, _ = image.unpack("IIII", head, 0, "DT_GNU_HASH")
    start = address + 16 + bloom * image.bits // 8
    highest = max(_words(image, image.read_address(start, buckets * 4, "the buckets of DT_GNU_HASH")), default=0)
    if highest < first:
        return Extent(first, first, exact=False)
    chains = start + buckets * 4
    return Extent(_chain_end(image, chains, highest - first) + first + 1, first)


def _chain_end(image: ElfImage, chains: int, index: int) -> int:
    """The index of the first entry with the end bit from `index` on."""
    while index < MAX_SYMBOLS:
        offset, available = image.locate(chains + index * 4, "a chain of DT_GNU_HASH")
        size = min(available, 4096) // 4 * 4
        block = _words(image, image.source.read(offset, size, "a chain of DT_GNU_HASH"))
        for step, word in enumerate(block):
            if word & 1:
                return index + step
        if not size:
            break
        index += len(block)
    raise image.source.error(
        "a chain of DT_GNU_HASH has no end", expected=f"an entry with its lowest bit set among {MAX_SYMBOLS}"
    )


def _words(image: ElfImage, data: bytes, code: str = "I") -> array:
    words = array(code, data)
    if image.byteorder != NATIVE:
        words.byteswap()
    return words


def read_exports(image: ElfImage, extent: Extent, strings: NameTable, versions: Versions) -> tuple[Export, ...]:
    """The defined, visible, hashed symbols, sorted by name and version.

    Left out: local symbols and versions, hidden and internal visibility, sections, files, symbols without an address
    (which the dynamic linker skips) and the absolute symbols that stand for version definitions.
    """
    symbols = _symbols(image, extent.count)
    indices = _version_indices(image, extent.count)
    labels = _VersionLabels(image, versions.names)
    defined = versions.defined
    found = []
    new = Export._make
    for at, (name_at, info, other, section, value, size) in enumerate(symbols):
        if section == SHN_UNDEF or at < extent.hidden:
            continue
        binding, kind, visibility = BINDINGS.get(info >> 4), KINDS.get(info & 15), VISIBILITIES.get(other & 3)
        if binding is None or kind is None or visibility is None:
            continue
        if value == 0 and section != SHN_ABS and kind != "tls":
            continue
        index = indices[at]
        if index == 0 or index == HIDDEN:
            continue
        name = strings[name_at]
        if section == SHN_ABS and name in defined:
            continue
        version, default = labels[index]
        found.append(new((name, version, default, kind, binding, size, None, None, visibility, value, False)))
    found.sort(key=itemgetter(0))
    return tuple(found) if _distinct(found) else tuple(sorted(found, key=_order))


def _distinct(exports: list[Export]) -> bool:
    return len({export[0] for export in exports}) == len(exports)


def _order(export: Export) -> tuple:
    return export.name, export.version or "", export.address


class _VersionLabels(dict):
    """(version name, whether it is the default) by the raw index of DT_VERSYM; index 1 is the unversioned base."""

    def __init__(self, image: ElfImage, names: dict[int, str]) -> None:
        super().__init__()
        self._image = image
        self._names = names

    def __missing__(self, raw: int) -> tuple[Optional[str], bool]:
        index = raw & INDEX
        if index > 1 and index not in self._names:
            raise self._image.source.error(
                f"a symbol has the version index {index}, which neither DT_VERDEF nor DT_VERNEED names"
            )
        label = self[raw] = (self._names.get(index) if index > 1 else None, not raw & HIDDEN)
        return label


def _symbols(image: ElfImage, count: int) -> Iterator[tuple[int, int, int, int, int, int]]:
    """(name, info, other, section, value, size) of every entry, in one order for both classes."""
    values = image.dynamic.values
    layout = image.format("IBBHQQ" if image.bits == 64 else "IIIBBH")
    if values.get(DT_SYMENT, layout.size) != layout.size:
        raise image.source.error(f"DT_SYMENT is {values[DT_SYMENT]}", expected=f"{layout.size} bytes per symbol")
    entries = layout.iter_unpack(image.read_address(values[DT_SYMTAB], count * layout.size, "DT_SYMTAB"))
    if image.bits == 64:
        return entries
    return ((e[0], e[3], e[4], e[5], e[1], e[2]) for e in entries)


def _version_indices(image: ElfImage, count: int):
    """The raw entries of DT_VERSYM, or all ones (unversioned) when there is none."""
    address = image.dynamic.values.get(DT_VERSYM)
    if address is None:
        return list(repeat(1, count))
    return _words(image, image.read_address(address, count * 2, "DT_VERSYM"), "H")
