"""The types of symbols in a library's debug information, or the reason why there are none."""

from __future__ import annotations

from typing import NamedTuple

from rebel_tools.abi.types import Declarations
from rebel_tools.binary.debug_search import ONLY_SYSTEM, DebugPath
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.library import Library
from rebel_tools.gate.not_compared import Reason


class DebugInfo(NamedTuple):
    """The declarations in debug information, or None with the reason.

    is_unreadable: whether there is debug information that cannot be read. undescribed: the reason why a symbol is not
    in the declarations.
    """

    declarations: Declarations | None
    reason: Reason = Reason("")
    is_unreadable: bool = False
    undescribed: Reason = Reason("")


def read_debug(
    library: Library, names: set[str], path: DebugPath = ONLY_SYSTEM, headers: tuple[str, ...] = ()
) -> DebugInfo:
    """What the library's DWARF, in the library or in other files, says about these symbols and the enumerations of
    these headers.
    """
    from rebel_tools.binary.dwarf import read_debug_information

    name = library.source.name
    try:
        found = read_debug_information(library, names, path, headers)
    except UnreadableBinary as error:
        where = error.place.path if error.place and error.place.path != name else None
        text = f"the debug information of {name} cannot be read: {f'{where}: ' if where else ''}{error.message}"
        return DebugInfo(None, Reason(text, error.hint or ""), is_unreadable=True)
    if found.missing:
        reason = _missing(name, found.missing)
        has_any = bool(found.declarations.functions or found.declarations.variables)
        return DebugInfo(found.declarations if has_any else None, reason, undescribed=reason)
    if not found.is_there:
        return DebugInfo(None, Reason(f"{name} has no debug information", "compile with -g"))
    if not found.tells_types:
        return DebugInfo(
            None, Reason(f"the debug information of {name} has functions and lines only", "compile with -g")
        )
    text = f"the debug information of {name} does not describe them"
    return DebugInfo(found.declarations, undescribed=Reason(text, "compile all of it with -g"))


def _missing(name: str, files: tuple[str, ...]) -> Reason:
    more = f" and {len(files) - 1} more files" if len(files) > 1 else ""
    text = f"debug information of {name} is in {files[0]}{more}, which cannot be found"
    return Reason(text, "install it, or name its folder with --debug-dir (EXPORT_DEBUG_DIR in SCons)")
