"""The export table of an ELF shared library (or of an executable that exports symbols)."""

from __future__ import annotations

from rebel_tools.binary.bulk import collector_paused
from rebel_tools.binary.elf_image import (
    DT_SONAME,
    DT_STRSZ,
    DT_STRTAB,
    DT_SYMTAB,
    ElfImage,
)
from rebel_tools.binary.elf_loading import loader, memory
from rebel_tools.binary.elf_sections import section_findings
from rebel_tools.binary.elf_symbols import Extent, read_exports, symbol_extent, unhashed
from rebel_tools.binary.elf_versions import read_versions
from rebel_tools.binary.model import Export, ExportTable, TableFinding
from rebel_tools.binary.names import NameTable
from rebel_tools.binary.source import Source

ET_REL, ET_EXEC, ET_CORE = 1, 2, 4
NO_DYNAMIC = {
    ET_REL: "this is an object file (ELF relocatable), not a shared library",
    ET_CORE: "this is a core dump of a process, not a shared library",
    ET_EXEC: "this is a statically linked ELF executable, which exports nothing",
}


@collector_paused()
def read_elf(source: Source, image: ElfImage | None = None) -> ExportTable:
    """The table that the dynamic linker uses, from PT_DYNAMIC. Errors: UnreadableBinary for other or damaged files."""
    image = image or ElfImage(source)
    if image.dynamic_segment is None:
        kind = NO_DYNAMIC.get(image.header.type, "this ELF file has no dynamic segment")
        raise source.error(kind, expected="an ELF shared library with PT_DYNAMIC")
    strings = _strings(image)
    values = image.dynamic.values
    extent = symbol_extent(image) if DT_SYMTAB in values else None
    exports, complaints = _exports(image, extent, strings)
    findings = tuple(TableFinding("dynamic-table", complaint) for complaint in complaints)
    return ExportTable(
        path=source.name,
        format="ELF",
        machine=image.machine,
        bits=image.bits,
        byteorder=image.byteorder,
        soname=strings[values[DT_SONAME]] if DT_SONAME in values else None,
        needed=tuple(strings[at] for at in image.dynamic.needed),
        exports=exports,
        findings=findings + section_findings(image, extent),
        memory=memory(image),
        loader=loader(image, strings),
    )


def _exports(image: ElfImage, extent: Extent | None, strings: NameTable) -> tuple[tuple[Export, ...], tuple[str, ...]]:
    if extent is None:
        return (), ("there is no hash table (DT_GNU_HASH, DT_HASH): the dynamic linker finds no symbol",)
    versions = read_versions(image, strings)
    if not extent.exact:
        return (), versions.complaints
    complaints = versions.complaints
    if missing := unhashed(image, extent):
        complaints += (f"{missing} defined symbols are not in the hash table: the dynamic linker does not find them",)
    return read_exports(image, extent, strings, versions), complaints


def _strings(image: ElfImage) -> NameTable:
    values = image.dynamic.values
    if DT_STRTAB not in values or DT_STRSZ not in values:
        return NameTable(image.source, b"", 0, "DT_STRTAB (which PT_DYNAMIC lacks)")
    offset = image.locate(values[DT_STRTAB], "DT_STRTAB")[0]
    blob = image.read_address(values[DT_STRTAB], values[DT_STRSZ], "DT_STRTAB")
    return NameTable(image.source, blob, offset, "DT_STRTAB")
