"""The .debug_* sections of an ELF or PE file, unpacked when they are first used.

ELF sections can be compressed (SHF_COMPRESSED, or `.zdebug_*` of old GNU tools). PE section names longer than 8 bytes
are in the COFF string table, and a section is padded to the alignment of the file, so it is cut to its size.
Formats: gABI, "Section Compression"; PE Format, "COFF String Table".
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice

from rebel_tools.binary.elf_image import ElfImage
from rebel_tools.binary.elf_sections import SHT_NOBITS, Section, read_sections
from rebel_tools.binary.names import NameTable
from rebel_tools.binary.pe_image import PeImage

SHF_COMPRESSED = 0x800
ZLIB, ZSTD = 1, 2
MAX_UNPACKED = 160 << 20
"""The limit for the unpacked bytes of all compressed debug sections of a file together."""
LINKS = frozenset({".gnu_debuglink", ".gnu_debugaltlink", ".note.gnu.build-id"})
"""Sections with the place of debug information, and with its build."""
SPLIT = (".debug_info", ".debug_types", ".debug_abbrev", ".debug_str", ".debug_str_offsets", ".debug_line")
INDEXES = (".debug_cu_index", ".debug_tu_index")

Reader = Callable[[], bytes]


class DebugSections(Mapping[str, bytes]):
    """Bytes by section name (`.debug_info`); each is read once, when it is first used."""

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        self._readers = readers
        self._read: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._read:
            self._read[name] = self._readers[name]()
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._readers

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def debug_sections(image: ElfImage | PeImage) -> DebugSections:
    """The debug sections of a file, and those that link to its debug information; empty if it has neither."""
    return DebugSections(_elf_readers(image) if isinstance(image, ElfImage) else _pe_readers(image))


def split_sections(sections: Mapping[str, bytes]) -> dict[str, bytes]:
    """The sections of a .dwo or .dwp file that types need, under their usual names (without `.dwo`)."""
    found = {name: sections[f"{name}.dwo"] for name in SPLIT if f"{name}.dwo" in sections}
    return {**found, **{name: sections[name] for name in INDEXES if name in sections}}


def _elf_readers(image: ElfImage) -> dict[str, Reader]:
    sections = read_sections(image)
    index = image.header.names_index
    if index == 0xFFFF and sections:  # SHN_XINDEX
        index = sections[0].link
    if not index < len(sections):
        return {}
    holder = sections[index]
    names = NameTable(
        image.source, image.source.read(holder.offset, holder.size, "section names"), holder.offset, "section names"
    )
    unpack = _Unpacker(image)
    pieces: dict[str, list[Reader]] = {}
    for section in sections:
        name = names[section.name_at] if section.type != SHT_NOBITS and section.size else ""
        if name.startswith(".debug_") or name in LINKS:
            pieces.setdefault(name, []).append(partial(unpack.section, section, name))
        elif name.startswith(".zdebug_"):
            pieces.setdefault("." + name[2:], []).append(partial(unpack.old_section, section, name))
    return {name: partial(_joined, readers) for name, readers in pieces.items()}


def _joined(readers: list[Reader]) -> bytes:
    """One section made of all of the same name: object files have one for each type unit."""
    return readers[0]() if len(readers) == 1 else b"".join(reader() for reader in readers)


class _Unpacker:
    """Reads the sections of one file, and limits the total size of unpacked ones."""

    def __init__(self, image: ElfImage) -> None:
        self._image = image
        self._left = MAX_UNPACKED

    def section(self, section: Section, name: str) -> bytes:
        data = self._image.source.read(section.offset, section.size, name)
        if not section.flags & SHF_COMPRESSED:
            return data
        layout = "IIQQ" if self._image.bits == 64 else "III"
        kind, *rest = self._image.unpack(layout, data, 0, f"the compression header of {name}")
        body = data[24 if self._image.bits == 64 else 12 :]
        size = rest[1] if self._image.bits == 64 else rest[0]
        return self._unpack(kind, body, size, section.offset, name)

    def old_section(self, section: Section, name: str) -> bytes:
        data = self._image.source.read(section.offset, section.size, name)
        if data[:4] != b"ZLIB":
            raise self._image.source.error(f"{name} is not compressed, although its name says so", section.offset)
        return self._unpack(ZLIB, data[12:], int.from_bytes(data[4:12], "big"), section.offset, name)

    def _unpack(self, kind: int, body: bytes, size: int, offset: int, name: str) -> bytes:
        source = self._image.source
        if size > self._left:
            raise source.error(
                f"{name} unpacks to {size} bytes",
                offset,
                expected=f"at most {MAX_UNPACKED} bytes of compressed debug information",
                hint=f"objcopy --decompress-debug-sections {source.name}",
            )
        self._left -= size
        try:
            data = self._inflate(kind, body, size, name)
        except (zlib.error, ValueError, EOFError) as error:
            raise source.error(f"{name} cannot be unpacked: {error}", offset) from error
        if len(data) != size:
            raise source.error(f"{name} unpacks to {len(data)} bytes", offset, expected=f"{size} bytes")
        return data

    def _inflate(self, kind: int, body: bytes, size: int, name: str) -> bytes:
        if kind == ZLIB:
            return zlib.decompressobj().decompress(body, size + 1)
        if kind != ZSTD:
            raise ValueError(f"compression type {kind}")
        from rebel_tools.binary.unpack import unpacked

        stream = unpacked(io.BytesIO(body), "zst", f"{self._image.source.name} ({name})")
        blocks = iter(lambda: stream.read(), b"")
        return b"".join(islice(blocks, size // 1024 + 2))


def _pe_readers(image: PeImage) -> dict[str, Reader]:
    start, count = image.coff_symbols
    names = _coff_strings(image, start + 18 * count) if start else None
    readers: dict[str, Reader] = {}
    for section in image.sections:
        name = section.name.decode("latin-1")
        if name.startswith("/") and name[1:].isdigit() and names:
            name = names[int(name[1:])]
        if (name.startswith(".debug_") or name in LINKS) and section.file_size:
            readers[name] = partial(image.source.read, section.offset, section.file_size, name)
    return readers


def _coff_strings(image: PeImage, start: int) -> NameTable:
    """The string table behind the COFF symbols. Its first four bytes are its size; offsets include them."""
    source = image.source
    size = int.from_bytes(source.read(start, 4, "the size of the COFF string table"), "little")
    return NameTable(source, source.read(start, size, "the COFF string table"), start, "the COFF string table")
