"""The parts of an ELF file that the dynamic linker uses: header, loadable segments and the PT_DYNAMIC tags.

Addresses in DT_* tags are virtual and map to the file through PT_LOAD. Section headers are not used here, since they
can be absent or wrong (see `elf_sections`).
Source of the layouts: System V gABI, chapters 4 and 5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

from rebel_tools.binary.model import ByteOrder
from rebel_tools.binary.source import Source

PT_LOAD, PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 0x6474E551, 0x6474E552
PF_X, PF_W = 1, 2
DT_NULL, DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_SONAME = 0, 1, 4, 5, 6, 10, 11, 14
DT_GNU_HASH, DT_VERSYM, DT_VERDEF, DT_VERDEFNUM = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD
DT_VERNEED, DT_VERNEEDNUM, DT_MIPS_SYMTABNO = 0x6FFFFFFE, 0x6FFFFFFF, 0x70000011

CLASSES = {1: 32, 2: 64}
ORDERS: dict[int, ByteOrder] = {1: "little", 2: "big"}
MAX_SEGMENTS = 4096
MAX_DYNAMIC = 100_000

EM_PPC64, EM_S390 = 21, 22
MACHINES = {
    2: "sparc",
    3: "i386",
    4: "m68k",
    8: "mips",
    15: "hppa",
    20: "ppc",
    EM_PPC64: "ppc64",
    EM_S390: "s390",
    40: "arm",
    42: "sh4",
    43: "sparc64",
    50: "ia64",
    62: "x86_64",
    183: "aarch64",
    243: "riscv",
    258: "loongarch",
    0x9026: "alpha",  # as the tools write it; the gABI's 41 is not used
}
"""Names of machines as the GNU tools spell them, by e_machine."""


class Header(NamedTuple):
    """The ELF header behind e_ident, in the order of the file."""

    type: int
    machine: int
    version: int
    entry: int
    segments_at: int
    sections_at: int
    flags: int
    size: int
    segment_size: int
    segment_count: int
    section_size: int
    section_count: int
    names_index: int


class Segment(NamedTuple):
    """One program header, with the fields in one order for both classes."""

    type: int
    offset: int
    address: int
    file_size: int
    memory_size: int
    flags: int = 0


class Dynamic(NamedTuple):
    """The tags before DT_NULL: the last value of each (which the dynamic linker uses), and all DT_NEEDED in order."""

    values: dict[int, int]
    needed: tuple[int, ...]


class ElfImage:
    """Header, segments and dynamic tags of one ELF file. Errors of all methods: UnreadableBinary."""

    def __init__(self, source: Source) -> None:
        self.source = source
        ident = source.head(6).ljust(6, b"\0")
        if ident[4] not in CLASSES or ident[5] not in ORDERS:
            found = f"class {ident[4]} and byte order {ident[5]}"
            raise source.error(f"the ELF header has {found}", 4, expected="1 or 2 for both")
        self.bits, self.byteorder = CLASSES[ident[4]], ORDERS[ident[5]]
        self.order = "<" if self.byteorder == "little" else ">"
        self.word = "Q" if self.bits == 64 else "I"
        layout = self.format("16xHHIWWWIHHHHHH")
        head = source.head(layout.size)
        if len(head) < layout.size:
            raise source.error("the ELF header is cut off", 0, expected=f"{layout.size} bytes")
        self.header = Header(*layout.unpack(head))

    @property
    def machine(self) -> str:
        """The GNU name of the machine, else `EM_...` or `machine-N`."""
        machine = self.header.machine
        if machine == EM_S390 and self.bits == 64:
            return "s390x"
        if machine == EM_PPC64 and self.byteorder == "little":
            return "ppc64le"
        return MACHINES.get(machine) or _rare_machine(machine)

    def format(self, layout: str) -> struct.Struct:
        """A compiled layout of `struct` in the byte order of the file, in which `W` is a word of the file's class."""
        return struct.Struct(self.order + layout.replace("W", self.word))

    def unpack(self, layout: str, data: bytes, offset: int, what: str) -> tuple[Any, ...]:
        """The record at an offset of `data`. `what` names it in errors."""
        record = self.format(layout)
        if offset < 0 or offset + record.size > len(data):
            raise self.source.error(
                f"{what} is cut off", expected=f"{record.size} bytes at {offset:#x} in a table of {len(data)} bytes"
            )
        return record.unpack_from(data, offset)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The program headers in the order of the file."""
        header = self.header
        count, start = header.segment_count, header.segments_at
        if not count or not start:
            return ()
        layout = self.format("IIQQQQQQ" if self.bits == 64 else "IIIIIIII")
        if header.segment_size != layout.size or count > MAX_SEGMENTS:
            raise self.source.error(
                f"the program headers are damaged: {count} of {header.segment_size} bytes each",
                start,
                expected=f"at most {MAX_SEGMENTS} of {layout.size} bytes each",
            )
        data = self.source.read(start, count * layout.size, "the program header table")
        if self.bits == 64:
            return tuple(Segment(h[0], h[2], h[3], h[5], h[6], h[1]) for h in layout.iter_unpack(data))
        return tuple(Segment(h[0], h[1], h[2], h[4], h[5], h[6]) for h in layout.iter_unpack(data))

    def locate(self, address: int, what: str) -> tuple[int, int]:
        """The file offset of a virtual address, and how many bytes of its segment in the file begin there."""
        for segment in self.segments:
            inside = address - segment.address
            if segment.type == PT_LOAD and 0 <= inside < segment.file_size:
                offset = segment.offset + inside
                return offset, min(segment.file_size - inside, self.source.size - offset)
        raise self.source.error(
            f"{what} lies at the address {address:#x}, which the file does not load",
            expected="an address inside of a PT_LOAD segment",
        )

    def read_address(self, address: int, size: int, what: str) -> bytes:
        """`size` bytes of the file at a virtual address (relocations are not applied)."""
        return self.source.read_part(self.locate(address, what), size, what, "segment")

    @cached_property
    def dynamic_segment(self) -> Segment | None:
        """PT_DYNAMIC, the last one as in glibc; None if the file is not a dynamic object."""
        found = [segment for segment in self.segments if segment.type == PT_DYNAMIC]
        return found[-1] if found else None

    @cached_property
    def dynamic(self) -> Dynamic:
        """The tags in PT_DYNAMIC, found by its address (the dynamic linker does not use p_offset)."""
        segment = self.dynamic_segment
        if segment is None:
            return Dynamic({}, ())
        layout = self.format("WW")
        size = min(segment.memory_size, MAX_DYNAMIC * layout.size) // layout.size * layout.size
        offset, available = self.locate(segment.address, "PT_DYNAMIC")
        whole = available // layout.size * layout.size
        data = self.source.read(offset, min(size, whole) if available > 0 else size, "PT_DYNAMIC")
        return self._tags(layout.iter_unpack(data), offset)

    def _tags(self, pairs: Iterable[tuple[int, int]], offset: int) -> Dynamic:
        values: dict[int, int] = {}
        needed: list[int] = []
        for tag, value in pairs:
            if tag == DT_NULL:
                return Dynamic(values, tuple(needed))
            values[tag] = value
            if tag == DT_NEEDED:
                needed.append(value)
        raise self.source.error(
            "PT_DYNAMIC has no end", offset, expected=f"a DT_NULL tag among the first {MAX_DYNAMIC} of the segment"
        )


def _rare_machine(number: int) -> str:
    """The name of a machine in pyelftools. Importing it takes longer than reading the exports of most libraries."""
    from elftools.elf.enums import ENUM_E_MACHINE

    found = (name for name, value in ENUM_E_MACHINE.items() if value == number and name.startswith("EM_"))
    return next(found, f"machine-{number}")
