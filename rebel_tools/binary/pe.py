"""The export table of a Windows DLL (or of an executable that exports symbols). Damaged tables are errors.

Source: PE Format, "The .edata Section" and "The .idata Section".
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import compress, repeat
from operator import add, itemgetter, lt
from typing import NamedTuple

from rebel_tools.binary.bulk import collector_paused
from rebel_tools.binary.model import Export, ExportTable, Memory, TableFinding
from rebel_tools.binary.names import MAX_NAME, NameTable
from rebel_tools.binary.pe_image import PeImage
from rebel_tools.binary.source import Source

EXPORT, IMPORT = 0, 1
MAX_EXPORTS = 1 << 16
"""Ordinals have 16 bits, so a DLL cannot have more."""
MAX_IMPORTS = 4096
CHARACTERISTICS = {"dynamic base": 0x40, "no execution of data": 0x100, "control flow guard": 0x4000}
"""IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, _NX_COMPAT and _GUARD_CF, without which a process is less protected."""


@collector_paused()
def read_pe(source: Source, image: PeImage | None = None) -> ExportTable:
    """All exports by name and by ordinal. Errors: UnreadableBinary if a count or address in the directory is wrong."""
    image = image or PeImage(source)
    directory = _directory(image)
    exports, findings = _exports(image, directory) if directory else ((), ())
    return ExportTable(
        path=source.name,
        format="PE",
        machine=image.machine,
        bits=image.bits,
        byteorder="little",
        soname=_string(image, directory.name, "the DLL name") if directory and directory.name else None,
        needed=_imports(image),
        exports=exports,
        findings=findings,
        memory=tuple(Memory(s.address, s.address + s.size, s.is_writable) for s in image.sections),
        loader=tuple((name, "yes") for name, bit in CHARACTERISTICS.items() if image.characteristics & bit),
    )


class Directory(NamedTuple):
    """The fields of IMAGE_EXPORT_DIRECTORY that are used, and the range of addresses of the whole directory."""

    start: int
    end: int
    name: int
    base: int
    function_count: int
    name_count: int
    functions: int
    names: int
    ordinals: int


def _directory(image: PeImage) -> Directory | None:
    start, size = image.directory(EXPORT)
    if not start:
        return None
    data = image.read_address(start, 40, "the export directory")
    fields = array("I", data)
    if sys.byteorder == "big":
        fields.byteswap()
    directory = Directory(start, start + size, *fields[3:])
    for what, count in (("functions", directory.function_count), ("names", directory.name_count)):
        if count > MAX_EXPORTS:
            raise image.source.error(
                f"the export directory declares {count} {what}",
                image.locate(start, "the export directory")[0],
                expected=f"at most {MAX_EXPORTS}, an ordinal has 16 bits",
            )
    return directory


def _exports(image: PeImage, directory: Directory) -> tuple[tuple[Export, ...], tuple[TableFinding, ...]]:
    addresses = _array(image, "I", directory.functions, directory.function_count, "the export address table")
    pointers = _array(image, "I", directory.names, directory.name_count, "the export name table")
    slots = _array(image, "H", directory.ordinals, directory.name_count, "the export ordinal table")
    if max(slots, default=-1) >= len(addresses):
        raise image.source.error(
            f"an export name has the ordinal index {max(slots)}", expected=f"an index below {len(addresses)}"
        )
    names = _strings(image, pointers)
    findings = tuple(_findings(names, slots, addresses))
    nameless = _nameless(addresses, slots)
    names += [f"#{directory.base + slot}" for slot in nameless]
    slots.extend(nameless)
    exports = _rows(image, directory, names, slots, [addresses[slot] for slot in slots])
    exports.sort(key=itemgetter(0))
    return tuple(exports), findings


def _nameless(addresses: array[int], slots: array[int]) -> list[int]:
    """The used slots of the address table that have no name."""
    named = set(slots)
    if len(named) == len(addresses):
        return []
    return [slot for slot, address in enumerate(addresses) if address and slot not in named]


def _rows(
    image: PeImage, directory: Directory, names: list[str], slots: array[int], addresses: list[int]
) -> list[Export]:
    """The exports, made in bulk for speed; only forwarders are made one by one."""
    starts, kinds = _regions(image, directory)
    found = list(map(kinds.__getitem__, map(bisect_right, repeat(starts), addresses)))
    ordinals = map(add, repeat(directory.base), slots)
    no = repeat(None)
    rows = map(tuple.__new__, repeat(Export), zip(names, no, no, found, no, no, ordinals, no, no, addresses))
    exports = list(rows if all(addresses) else compress(rows, addresses))
    return [_resolved(image, export) for export in exports] if FORWARDER in found else exports


def _resolved(image: PeImage, export: Export) -> Export:
    """The export with the text of its forwarder, if it is one."""
    if export.kind != FORWARDER or export.address is None:
        return export
    return export._replace(kind="unknown", forwarder=_string(image, export.address, "a forwarder"), address=None)


FORWARDER = "forwarder"


def _regions(image: PeImage, directory: Directory) -> tuple[list[int], list[str]]:
    """The addresses at which the kind changes, and the kinds: the first is before them all, then one from each on.

    An address inside the export directory is that of a forwarder's text, whatever section it is in.
    """
    edges = {directory.start, directory.end}
    for section in image.sections:
        edges.update((section.address, section.address + section.size))
    starts = sorted(edges)
    return starts, ["unknown", *(_kind(image, directory, start) for start in starts)]


def _kind(image: PeImage, directory: Directory, address: int) -> str:
    if directory.start <= address < directory.end:
        return FORWARDER
    section = image.section_at(address)
    return "unknown" if section is None else "function" if section.is_code else "object"


def _findings(names: list[str], slots: array[int], addresses: array[int]) -> Iterator[TableFinding]:
    if any(map(lt, names[1:], names)):
        message = "the export names are not sorted: the loader's binary search does not find all of them"
        yield TableFinding("export-order", message)
    if not all(map(addresses.__getitem__, slots)):
        for name in (name for name, slot in zip(names, slots) if not addresses[slot]):
            yield TableFinding("export-address", f"the name {name} has no address and is not an export")


def _array(image: PeImage, code: str, address: int, count: int, what: str) -> array[int]:
    items = array(code)
    if count:
        items.frombytes(image.read_address(address, count * items.itemsize, what))
    if sys.byteorder == "big":
        items.byteswap()
    return items


def _strings(image: PeImage, pointers: array[int]) -> list[str]:
    """The names at all pointers, read in one piece if they are in one section, where all linkers put them."""
    if not pointers:
        return []
    first, last = min(pointers), max(pointers)
    section = image.section_at(first)
    if section is None or section is not image.section_at(last):
        return [_string(image, pointer, "an export name") for pointer in pointers]
    offset, available = image.locate(first, "the export names")
    blob = image.source.read(offset, max(min(last - first + MAX_NAME + 1, available), 0), "the export names")
    return NameTable(image.source, blob, offset, "the export names").many([pointer - first for pointer in pointers])


def _string(image: PeImage, address: int, what: str) -> str:
    offset, available = image.locate(address, what)
    blob = image.source.read(offset, max(min(MAX_NAME + 1, available), 0), what)
    return NameTable(image.source, blob, offset, what)[0]


def _imports(image: PeImage) -> tuple[str, ...]:
    """The DLL names in the import directory, which ends with a descriptor of zeros."""
    start, _ = image.directory(IMPORT)
    needed: list[str] = []
    while start and len(needed) < MAX_IMPORTS:
        descriptor = _array(image, "I", start + 20 * len(needed), 5, "the import directory")
        if not descriptor[3] and not descriptor[4]:
            return tuple(needed)
        needed.append(_string(image, descriptor[3], "the name of an imported DLL"))
    if start:
        raise image.source.error("the import directory has no end", expected=f"at most {MAX_IMPORTS} DLLs")
    return ()
