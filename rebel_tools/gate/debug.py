"""The types that a library's debug information gives to symbols, or why there are none."""

from __future__ import annotations

from rebel_tools.abi.types import Declarations
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.library import Library


def read_debug(library: Library, names: set[str]) -> tuple[Declarations | None, str]:
    """What the library's DWARF says about these symbols, or None and why."""
    from rebel_tools.binary.dwarf import has_debug_information, read_declarations

    try:
        if not has_debug_information(library):
            return None, "the library has no debug information"
        return read_declarations(library, names), ""
    except UnreadableBinary as error:
        return None, f"its debug information cannot be read: {error.message}"
