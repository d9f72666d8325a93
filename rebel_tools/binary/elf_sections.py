"""Where the section headers of an ELF file contradict PT_DYNAMIC.

`nm`, `readelf -s` and the static linker read sections, the dynamic linker reads PT_DYNAMIC. If the two differ, the
tools show something else than what a process gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rebel_tools.binary.elf_image import DT_STRTAB, DT_SYMTAB, DT_VERDEF, DT_VERSYM, ElfImage
from rebel_tools.binary.elf_symbols import Extent
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.model import TableFinding

SHT_DYNAMIC, SHT_NOBITS, SHT_DYNSYM, SHT_VERDEF, SHT_VERSYM = 6, 8, 11, 0x6FFFFFFD, 0x6FFFFFFF
MAX_SECTIONS = 100_000


class Section(NamedTuple):
    """One section header. `name_at` is the offset of its name in the string table of section names."""

    name_at: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


def read_sections(image: ElfImage) -> tuple[Section, ...]:
    """The section headers; none if the file has none. Errors: UnreadableBinary if the table is damaged."""
    header = image.header
    start, count, size = header.sections_at, header.section_count, header.section_size
    layout = image.format("IIQQQQIIQQ" if image.bits == 64 else "IIIIIIIIII")
    if not start:
        return ()
    if size != layout.size:
        raise image.source.error(f"section headers of {size} bytes", start, expected=f"{layout.size} bytes")
    if count == 0:  # more than 0xff00 sections: the number is in the first header
        count = layout.unpack(image.source.read(start, size, "the first section header"))[5]
    if count > MAX_SECTIONS:
        raise image.source.error(f"{count} section headers", start, expected=f"at most {MAX_SECTIONS}")
    data = image.source.read(start, count * size, "the section header table")
    return tuple(Section(*h[:7]) for h in layout.iter_unpack(data))


def section_findings(image: ElfImage, extent: Extent | None) -> tuple[TableFinding, ...]:
    """One finding for each table whose place or size differs between sections and PT_DYNAMIC."""
    findings = tuple(TableFinding("dynamic-table", message) for message in _displaced(image))
    try:
        sections = read_sections(image)
    except UnreadableBinary as error:
        message = f"{error.message}; PT_DYNAMIC was read instead"
        return (*findings, TableFinding("section-headers", message))
    differences = _differences(image, sections, extent)
    return (*findings, *(TableFinding("section-headers", message) for message in differences))


def _displaced(image: ElfImage) -> Iterator[str]:
    """Whether the offset of PT_DYNAMIC, which tools use, matches its address, which the dynamic linker uses."""
    segment = image.dynamic_segment
    if segment is None:
        return
    offset = image.locate(segment.address, "PT_DYNAMIC")[0]
    if segment.offset != offset:
        yield f"PT_DYNAMIC has the offset {segment.offset:#x}, at its address the dynamic linker finds {offset:#x}"


def _differences(image: ElfImage, sections: tuple[Section, ...], extent: Extent | None) -> Iterator[str]:
    first = {section.type: section for section in reversed(sections) if section.type != SHT_NOBITS}
    symbols = first.get(SHT_DYNSYM)
    strings = sections[symbols.link] if symbols and symbols.link < len(sections) else None
    values = image.dynamic.values
    for name, section, address in (
        (".dynsym", symbols, values.get(DT_SYMTAB)),
        (".dynstr", strings, values.get(DT_STRTAB)),
        (".gnu.version", first.get(SHT_VERSYM), values.get(DT_VERSYM)),
        (".gnu.version_d", first.get(SHT_VERDEF), values.get(DT_VERDEF)),
        (".dynamic", first.get(SHT_DYNAMIC), image.dynamic_segment and image.dynamic_segment.address),
    ):
        if section and address is not None:
            yield from _misplaced(image, name, section, address)
    if symbols and extent and extent.exact:
        yield from _miscounted(image, symbols, extent)


def _misplaced(image: ElfImage, name: str, section: Section, address: int) -> Iterator[str]:
    offset = image.locate(address, name)[0]
    if (section.address, section.offset) != (address, offset):
        yield (
            f"the section {name} is at {section.address:#x} (offset {section.offset:#x}), "
            f"the dynamic linker finds it at {address:#x} (offset {offset:#x})"
        )


def _miscounted(image: ElfImage, symbols: Section, extent: Extent) -> Iterator[str]:
    counted = symbols.size // (24 if image.bits == 64 else 16)
    if counted != extent.total:
        yield f"the section .dynsym has {counted} symbols, the dynamic linker finds {extent.total}"
