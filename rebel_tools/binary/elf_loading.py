"""The effects of loading an ELF file, besides its symbols: which memory is writable, and what changes in the process.

Source: System V gABI, chapter 5; glibc, elf/dl-load.c and elf/dl-support.c for PT_GNU_STACK and PT_GNU_RELRO.
"""

from __future__ import annotations

from rebel_tools.binary.elf_image import PF_W, PF_X, PT_GNU_RELRO, PT_GNU_STACK, PT_LOAD, ElfImage, Segment
from rebel_tools.binary.model import Memory
from rebel_tools.binary.names import NameTable

DT_RPATH, DT_TEXTREL, DT_BIND_NOW, DT_RUNPATH, DT_FLAGS, DT_FLAGS_1 = 15, 22, 24, 29, 30, 0x6FFFFFFB
DF_TEXTREL, DF_BIND_NOW, DF_STATIC_TLS = 4, 8, 16
DF_1_NOW, DF_1_NODELETE, DF_1_NOOPEN = 1, 8, 0x40


def memory(image: ElfImage) -> tuple[Memory, ...]:
    """The loaded ranges. The loader makes those of PT_GNU_RELRO read-only when it has relocated the file."""
    loaded = [segment for segment in image.segments if segment.type == PT_LOAD]
    protected = [segment for segment in image.segments if segment.type == PT_GNU_RELRO]
    ranges: list[Memory] = []
    for segment in loaded:
        ranges += _split(segment, protected)
    return tuple(sorted(ranges))


def _split(segment: Segment, protected: list[Segment]) -> list[Memory]:
    start, end = segment.address, segment.address + segment.memory_size
    if not segment.flags & PF_W:
        return [Memory(start, end, False)]
    for relro in protected:
        if start <= relro.address < end:
            edge = min(relro.address + relro.memory_size, end)
            found = [(start, relro.address, True), (relro.address, edge, False), (edge, end, True)]
            return [Memory(*part) for part in found if part[0] < part[1]]
    return [Memory(start, end, True)]


def loader(image: ElfImage, strings: NameTable) -> tuple[tuple[str, str], ...]:
    """What the loader does because of this file, as pairs of a name and a text; see `ExportTable.loader`."""
    values = image.dynamic.values
    flags, flags_1 = values.get(DT_FLAGS, 0), values.get(DT_FLAGS_1, 0)
    now = DT_BIND_NOW in values or bool(flags & DF_BIND_NOW) or bool(flags_1 & DF_1_NOW)
    said = {
        "executable stack": _stack(image),
        "RPATH": strings[values[DT_RPATH]] if DT_RPATH in values else "",
        "RUNPATH": strings[values[DT_RUNPATH]] if DT_RUNPATH in values else "",
        "RELRO": _relro(image, now),
        "immediate binding": "yes" if now else "",
        "text relocations": "yes" if DT_TEXTREL in values or flags & DF_TEXTREL else "",
        "static thread-local storage": "yes" if flags & DF_STATIC_TLS else "",
        "never unloaded": "yes" if flags_1 & DF_1_NODELETE else "",
        "refuses dlopen": "yes" if flags_1 & DF_1_NOOPEN else "",
    }
    return tuple((name, text) for name, text in said.items() if text)


def _stack(image: ElfImage) -> str:
    """Whether the stack becomes executable. Without PT_GNU_STACK it depends on the platform."""
    for segment in image.segments:
        if segment.type == PT_GNU_STACK:
            return "yes" if segment.flags & PF_X else ""
    return "not said"


def _relro(image: ElfImage, now: bool) -> str:
    if not any(segment.type == PT_GNU_RELRO for segment in image.segments):
        return ""
    return "full" if now else "partial"
