"""What a file is if it is not a shared library, for errors.

Magic numbers: gABI, PE Format ("Import Library Format"), mach-o/loader.h, ar(5), deb(5), PKZIP, tar(5), RFC 1952,
xz and Zstandard format specifications.
"""

from __future__ import annotations

import struct

from rebel_tools.binary.source import Source

HEAD = 1 << 16

MACH_O = {
    b"\xfe\xed\xfa\xce": "32-bit",
    b"\xce\xfa\xed\xfe": "32-bit",
    b"\xfe\xed\xfa\xcf": "64-bit",
    b"\xcf\xfa\xed\xfe": "64-bit",
}
COFF_MACHINES = (0x14C, 0x8664, 0xAA64, 0x1C0, 0x1C4, 0xA641)
ARCHIVES = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
)
OTHERS = (
    (b"\x00asm", "a WebAssembly module"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"\xde\xc0\x17\x0b", "LLVM bitcode"),
    (b"\x80\x02", "a pickle (an interface file?)"),
    (b"\xed\xab\xee\xdb", "an RPM package, which is not read: unpack it with rpm2cpio"),
    (b"\x7fELF", "an ELF file"),
)


def is_elf(head: bytes) -> bool:
    return head.startswith(b"\x7fELF")


def is_pe(head: bytes) -> bool:
    """Whether it has a DOS header; the PE reader checks whether PE headers follow."""
    return head.startswith(b"MZ")


def archive_kind(head: bytes) -> str | None:
    """`zip`, `deb`, `tar`, or a compression (`gz`, `bz2`, `xz`, `zst`), which may contain a tar; None for others."""
    if head.startswith(b"!<arch>\ndebian-binary"):
        return "deb"
    if head[257:262] == b"ustar":
        return "tar"
    return next((kind for magic, kind in ARCHIVES if head.startswith(magic)), None)


def identify(source: Source) -> str:
    """What the file is, as the rest of a sentence that begins with "this is"."""
    head = source.head(HEAD)
    if not head:
        return "an empty file"
    for recognize in (_archive, _mach_o, _coff, _other, _text):
        found = recognize(head)
        if found:
            return found
    return f"data of an unknown kind (it begins with {head[:8].hex(' ')})"


def _archive(head: bytes) -> str | None:
    kind = archive_kind(head)
    if kind:
        return f"{'a Debian package' if kind == 'deb' else f'an archive ({kind})'}, not a library"
    if head.startswith(b"!<thin>\n"):
        return "a thin static library (an index of object files)"
    if head.startswith(b"!<arch>\n"):
        is_import = any(mark in head for mark in (b"__imp_", b".idata$", b"__IMPORT_DESCRIPTOR_"))
        return "an import library (.dll.a, .lib) of a DLL" if is_import else "a static library (an ar archive)"
    return None


def _mach_o(head: bytes) -> str | None:
    if head[:4] in MACH_O:
        return f"a {MACH_O[head[:4]]} Mach-O file (macOS)"
    if head[:4] == b"\xca\xfe\xba\xbe" and len(head) >= 8:
        architectures = int.from_bytes(head[4:8], "big")  # the versions of Java class files begin at 45
        return "a universal Mach-O file (macOS)" if architectures < 40 else "a Java class file"
    return None


def _coff(head: bytes) -> str | None:
    """Whether it is COFF, which has no magic number: a known machine, no optional header, a possible section count."""
    if head.startswith(b"\x00\x00\xff\xff"):
        return "a COFF import object or a bigobj object file"
    if len(head) < 20:
        return None
    machine, sections, _, _, _, optional, _ = struct.unpack_from("<HHIIIHH", head)
    if machine in COFF_MACHINES and optional == 0 and 0 < sections < 0xFF00:
        return "a COFF object file, not linked yet"
    return None


def _other(head: bytes) -> str | None:
    return next((name for magic, name in OTHERS if head.startswith(magic)), None)


def _text(head: bytes) -> str | None:
    if b"\0" in head:
        return None
    try:
        text = head[: HEAD - 4].decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "GNU ld script" in text or text.lstrip().startswith(("INPUT", "GROUP", "OUTPUT_FORMAT")):
        return "a linker script (text that names the real library)"
    return "a text file"
