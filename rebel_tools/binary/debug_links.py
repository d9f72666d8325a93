"""Links in a file to the rest of its debug information, and the build that this must belong to.

Formats: "Debugging Information in Separate Files" in the manual of GDB (.gnu_debuglink, build ids), the manual of dwz
and DWARF 5, section 7.3.6 (supplementary files).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from rebel_tools.binary.model import ByteOrder

GNU_BUILD_ID = 3
Sections = Mapping[str, bytes]


class DebugLink(NamedTuple):
    """The name of the file with the debug information, without a folder, and the CRC-32 of its contents."""

    name: str
    crc: int


class Supplement(NamedTuple):
    """The file with what dwz found in several files: its path relative to this file's folder, and its build id."""

    path: str
    build_id: bytes


def build_id(sections: Sections, byteorder: ByteOrder) -> bytes | None:
    """The identifier of a file's build, from its note; None without a usable note."""
    note = sections.get(".note.gnu.build-id", b"")
    name_size, size, kind = (int.from_bytes(note[at : at + 4], byteorder) for at in (0, 4, 8))
    found = note[16 : 16 + size]
    return found if name_size == 4 and kind == GNU_BUILD_ID and found and len(found) == size else None


def debug_link(sections: Sections, byteorder: ByteOrder) -> DebugLink | None:
    """The link that `objcopy --add-gnu-debuglink` writes; None without a usable one."""
    data = sections.get(".gnu_debuglink", b"")
    name = os.path.basename(os.fsdecode(data.partition(b"\0")[0]))
    at = (data.find(b"\0") + 4) & ~3
    if not name or at + 4 > len(data):
        return None
    return DebugLink(name, int.from_bytes(data[at : at + 4], byteorder))


def supplement_link(sections: Sections) -> Supplement | None:
    """The link that `dwz -m` writes, in the form of GNU or of DWARF 5; None without a usable one."""
    path, end, identity = sections.get(".gnu_debugaltlink", b"").partition(b"\0")
    if not end:  # DWARF 5: version, whether this is the supplement itself, path, size of the checksum, checksum
        data = sections.get(".debug_sup", b"")
        path, end, rest = data[3:].partition(b"\0")
        if data[2:3] != b"\0" or not end:
            return None
        identity = rest[1 : 1 + rest[0]] if rest else b""
    return Supplement(os.fsdecode(path), identity) if path else None
