"""The dynamic symbols of an ELF file: how many there are, and which of them other modules can link against.

Source: gABI chapter 4 "Symbol Table", chapter 5 "Hash Table"; DT_GNU_HASH as in binutils and glibc (elf/dl-lookup.c).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import compress, repeat
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
"""The limit for entries of a dynamic symbol table; the largest known libraries have about 200,000."""

SHN_UNDEF, SHN_ABS = 0, 0xFFF1
BINDINGS = {1: "global", 2: "weak", 10: "unique"}
KINDS = {0: "unknown", 1: "object", 2: "function", 5: "object", 6: "tls", 10: "ifunc"}
VISIBILITIES = {0: "default", 3: "protected"}


class Extent(NamedTuple):
    """The size of the symbol table: `total` entries, of which the first `hidden` are not in the hash table.

    `exact` is False if the hash table is empty, so that the number of undefined symbols does not follow from it.
    """

    total: int
    hidden: int = 0
    exact: bool = True


def symbol_extent(image: ElfImage) -> Extent | None:
    """The extent by the hash table that the dynamic linker uses; None if there is no hash table."""
    values = image.dynamic.values
    if DT_GNU_HASH in values:
        extent = _gnu_hash_extent(image, values[DT_GNU_HASH])
    elif DT_HASH in values:
        extent = _hash_extent(image, values[DT_HASH])
    elif DT_MIPS_SYMTABNO in values:
        extent = Extent(values[DT_MIPS_SYMTABNO])
    else:
        return None
    if extent.total > MAX_SYMBOLS:
        raise image.source.error(f"{extent.total} dynamic symbols are too many", expected=f"at most {MAX_SYMBOLS}")
    return extent


def _hash_extent(image: ElfImage, address: int) -> Extent:
    wide = image.machine in ("alpha", "s390x")  # the two ABIs with 64-bit hash entries
    layout = "QQ" if wide else "II"
    data = image.read_address(address, 16 if wide else 8, "DT_HASH")
    return Extent(image.unpack(layout, data, 0, "DT_HASH")[1])


def _gnu_hash_extent(image: ElfImage, address: int) -> Extent:
    """The extent by the chain of the bucket that starts with the highest index, up to the entry with the end bit."""
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


def _words(image: ElfImage, data: bytes, code: str = "I") -> array[int]:
    words = array(code, data)
    if image.byteorder != NATIVE:
        words.byteswap()
    return words


def read_exports(image: ElfImage, extent: Extent, strings: NameTable, versions: Versions) -> tuple[Export, ...]:
    """The defined, visible symbols in the hash table, sorted by name and version.

    Left out are local symbols, hidden and internal ones, sections, files, symbols without an address
    (which the dynamic linker skips) and the absolute symbols of version definitions.
    """
    columns = _columns(image, extent)
    kinds, bindings, visibilities = _transposed(map(_Traits().__getitem__, columns.traits), 3)
    labels, defaults = _transposed(map(_VersionLabels(image, versions).__getitem__, columns.versions), 2)
    names, defined = strings.many(columns.names), versions.defined
    linkable = [
        section and kind and (value or section == SHN_ABS or kind == "tls")
        and (section != SHN_ABS or name not in defined)
        for section, kind, value, name in zip(columns.sections, kinds, columns.values, names)
    ]  # fmt: skip
    no = repeat(None)
    rows = zip(names, labels, defaults, kinds, bindings, columns.sizes, no, no, visibilities, columns.values)
    exports = list(map(tuple.__new__, repeat(Export), compress(rows, linkable)))
    exports.sort(key=itemgetter(0))
    if max(columns.versions, default=0) & HIDDEN:  # only then can a name occur twice
        exports.sort(key=lambda export: (export.name, export.version or "", export.address))
    return tuple(exports)


def unhashed(image: ElfImage, extent: Extent) -> int:
    """How many defined symbols are not in the hash table: the static linker finds them, the dynamic linker does not."""
    columns = _columns(image, Extent(extent.hidden))
    return sum(1 for section, key in zip(columns.sections, columns.traits) if section and _Traits()[key][0])


def _transposed(rows: Iterable[tuple[object, ...]], width: int) -> list[tuple[object, ...]]:
    return list(zip(*rows)) or [()] * width


class Columns(NamedTuple):
    """The fields of all symbols, one array for each; `traits` is st_info and st_other as two bytes in file order."""

    names: array[int]
    traits: array[int]
    sections: array[int]
    values: array[int]
    sizes: array[int]
    versions: array[int]


def _columns(image: ElfImage, extent: Extent) -> Columns:
    """The hashed part of DT_SYMTAB and DT_VERSYM."""
    values, size = image.dynamic.values, 24 if image.bits == 64 else 16
    if values.get(DT_SYMENT, size) != size:
        raise image.source.error(f"DT_SYMENT is {values[DT_SYMENT]}", expected=f"{size} bytes per symbol")
    data = image.read_address(values[DT_SYMTAB], extent.total * size, "DT_SYMTAB")[extent.hidden * size :]
    words, halves = _words(image, data), _words(image, data, "H")
    versions = _version_indices(image, extent.total)[extent.hidden :]
    if image.bits == 64:
        longs = _words(image, data, "Q")
        return Columns(words[0::6], array("H", data)[2::12], halves[3::12], longs[1::3], longs[2::3], versions)
    return Columns(words[0::4], array("H", data)[6::8], halves[7::8], words[1::4], words[2::4], versions)


Traits = tuple[Optional[str], Optional[str], Optional[str]]


class _Traits(dict[int, Traits]):
    """(kind, binding, visibility) by st_info and st_other; all None if other modules cannot link against the symbol."""

    def __missing__(self, key: int) -> Traits:
        info, other = key.to_bytes(2, NATIVE)
        trait = KINDS.get(info & 15), BINDINGS.get(info >> 4), VISIBILITIES.get(other & 3)
        self[key] = (None, None, None) if None in trait else trait
        return self[key]


class _VersionLabels(dict[int, tuple[Optional[str], bool]]):
    """(version name, whether it is the default) by the raw index of DT_VERSYM.

    Index 1 is the unversioned base. Index 0 is called local, but glibc treats it like 1 (`check_match` in
    elf/dl-lookup.c), and ld gives it to copies of unversioned data.
    """

    def __init__(self, image: ElfImage, versions: Versions) -> None:
        super().__init__()
        self._image = image
        self._versions = versions

    def __missing__(self, raw: int) -> tuple[str | None, bool]:
        index, names = raw & INDEX, self._versions.names
        if index > 1 and index not in names:
            raise self._image.source.error(
                f"a symbol has the version index {index}, which neither DT_VERDEF nor DT_VERNEED names"
            )
        default = not raw & HIDDEN and index not in self._versions.needed
        label = self[raw] = (names[index] if index > 1 else None, default)
        return label


def _version_indices(image: ElfImage, count: int) -> array[int]:
    """The raw entries of DT_VERSYM; all 1 (unversioned) if there is none."""
    address = image.dynamic.values.get(DT_VERSYM)
    if address is None:
        return array("H", [1]) * count
    return _words(image, image.read_address(address, count * 2, "DT_VERSYM"), "H")
