"""The types that a library's debug information gives to symbols, or why there are none."""

from __future__ import annotations

from typing import NamedTuple

from rebel_tools.abi.types import Declarations
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.library import Library
from rebel_tools.gate.not_compared import Reason


class DebugInfo(NamedTuple):
    """What debug information says, or None with the reason; `is_unreadable` when there is some that cannot be read."""

    declarations: Declarations | None
    reason: Reason = Reason("")
    is_unreadable: bool = False


def read_debug(library: Library, names: set[str]) -> DebugInfo:
    """What the library's DWARF says about these symbols."""
    from rebel_tools.binary.dwarf import has_debug_information, read_declarations

    try:
        if not has_debug_information(library):
            return DebugInfo(None, Reason(f"{library.source.name} has no debug information", "compile with -g"))
        return DebugInfo(read_declarations(library, names))
    except UnreadableBinary as error:
        text = f"the debug information of {library.source.name} cannot be read: {error.message}"
        return DebugInfo(None, Reason(text, error.hint or ""), is_unreadable=True)
