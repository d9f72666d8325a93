"""Readers of shared libraries: ELF and PE into an immutable ExportTable, DWARF into the types of an interface.

Data passes through `source` (bounded bytes) -> `elf_image`, `pe_image` (headers, addresses) -> `elf`, `pe` (tables)
-> `library` (one entry point).
"""

from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.library import Library, open_library, read_table
from rebel_tools.binary.model import Decoration, Export, ExportTable, TableFinding, undecorate

__all__ = [
    "Decoration",
    "Export",
    "ExportTable",
    "Library",
    "TableFinding",
    "UnreadableBinary",
    "open_library",
    "read_table",
    "undecorate",
]
