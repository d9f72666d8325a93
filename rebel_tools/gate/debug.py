"""The types that a library's debug information gives to symbols, or why there are none."""

from __future__ import annotations

from rebel_tools.abi.types import Declarations
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.library import Library
from rebel_tools.gate.not_compared import Reason


def read_debug(library: Library, names: set[str]) -> tuple[Declarations | None, Reason]:
    """What the library's DWARF says about these symbols, or None and why."""
    from rebel_tools.binary.dwarf import has_debug_information, read_declarations

    try:
        if not has_debug_information(library):
            return None, Reason(f"{library.source.name} has no debug information", "compile with -g")
        return read_declarations(library, names), Reason("")
    except UnreadableBinary as error:
        text = f"the debug information of {library.source.name} cannot be read: {error.message}"
        return None, Reason(text, error.hint or "")
