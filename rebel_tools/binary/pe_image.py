"""The parts of a PE file that the loader uses: headers, sections and the bytes at relative virtual addresses.

Only the headers are read by pefile: its reader of exports drops names after the first 8192, truncates long ones and
turns a damaged directory into an empty one. Source: Microsoft PE/COFF specification, "PE Format".
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rebel_tools.binary.source import Source

if TYPE_CHECKING:
    import pefile

MAX_HEADERS = 1 << 20

MACHINES = {
    0x14C: "i386",
    0x8664: "x86_64",
    0xAA64: "aarch64",
    0xA641: "arm64ec",
    0xA64E: "arm64x",
    0x1C0: "arm",
    0x1C4: "arm",
    0x200: "ia64",
    0x5064: "riscv64",
    0x6264: "loongarch64",
}
CODE = 0x20000020
"""IMAGE_SCN_MEM_EXECUTE and IMAGE_SCN_CNT_CODE."""
WRITE = 0x80000000
"""IMAGE_SCN_MEM_WRITE."""


class PeSection(NamedTuple):
    """One section: its place in memory and in the file, and its purpose.

    address: a relative virtual address. size: in memory, in bytes. offset, file_size: of its part in the file.
    """

    name: bytes
    address: int
    size: int
    offset: int
    file_size: int
    is_code: bool
    is_writable: bool = False


class PeImage:
    """Headers and sections of one PE file. Errors of all methods: UnreadableBinary."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._pe = _parse_headers(source)
        self.bits = 64 if self._pe.OPTIONAL_HEADER.Magic == 0x20B else 32
        self.directories = tuple((d.VirtualAddress, d.Size) for d in self._pe.OPTIONAL_HEADER.DATA_DIRECTORY)

    @property
    def machine(self) -> str:
        machine = self._pe.FILE_HEADER.Machine
        return MACHINES.get(machine, f"machine-{machine:#x}")

    @property
    def base(self) -> int:
        """The preferred load address, from which relative addresses count in the debug information."""
        return int(self._pe.OPTIONAL_HEADER.ImageBase)

    @property
    def coff_symbols(self) -> tuple[int, int]:
        """Offset and number of the COFF symbols. The string table of long section names follows them."""
        return self._pe.FILE_HEADER.PointerToSymbolTable, self._pe.FILE_HEADER.NumberOfSymbols

    @property
    def characteristics(self) -> int:
        """The flags DllCharacteristics for the loader."""
        return int(self._pe.OPTIONAL_HEADER.DllCharacteristics)

    def directory(self, index: int) -> tuple[int, int]:
        """Address and size of a data directory, zeros if the file has none."""
        return self.directories[index] if index < len(self.directories) else (0, 0)

    @cached_property
    def sections(self) -> tuple[PeSection, ...]:
        declared, found = self._pe.FILE_HEADER.NumberOfSections, self._pe.sections
        if declared != len(found):
            raise self.source.error(f"{declared} sections are declared, {len(found)} can be read")
        return tuple(
            PeSection(
                s.Name.rstrip(b"\0"),
                s.VirtualAddress,
                max(s.Misc_VirtualSize or s.SizeOfRawData, 1),
                s.PointerToRawData,
                min(s.SizeOfRawData, s.Misc_VirtualSize or s.SizeOfRawData) if s.PointerToRawData else 0,
                bool(s.Characteristics & CODE),
                bool(s.Characteristics & WRITE),
            )
            for s in found
        )

    def section_at(self, address: int) -> PeSection | None:
        """The section that contains a relative virtual address."""
        return next((s for s in self.sections if 0 <= address - s.address < s.size), None)

    def locate(self, address: int, what: str) -> tuple[int, int]:
        """The file offset of a relative virtual address, and how many bytes of its section in the file begin there."""
        section = self.section_at(address)
        if section is None or address - section.address >= section.file_size:
            raise self.source.error(
                f"{what} lies at the address {address:#x}, which no section fills from the file",
                expected="a relative virtual address inside of a section",
            )
        offset = section.offset + address - section.address
        return offset, min(section.address + section.file_size - address, self.source.size - offset)

    def read_address(self, address: int, size: int, what: str) -> bytes:
        """`size` bytes at a relative virtual address."""
        return self.source.read_part(self.locate(address, what), size, what, "section")


def _parse_headers(source: Source) -> pefile.PE:
    """The headers, parsed by pefile. It gets only the first MiB of the file, which limits its time and memory."""
    import pefile

    try:
        pe = pefile.PE(data=source.head(MAX_HEADERS), fast_load=True)
        pe.OPTIONAL_HEADER.DATA_DIRECTORY, pe.FILE_HEADER.NumberOfSections  # noqa: B018 - absent in a cut-off file
    except (pefile.PEFormatError, struct.error, AttributeError, ValueError, OverflowError, IndexError) as error:
        raise source.error(f"the PE headers cannot be read: {error}", 0, expected="complete PE headers") from error
    return pe
