"""Reads of a library what a check needs: table, DWARF of the interface's names, digest object."""

from __future__ import annotations

from rebel_tools.binary.debug_search import ONLY_SYSTEM, DebugPath
from rebel_tools.binary.dwarf_headers import EVERY
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.library import Library
from rebel_tools.gate.debug import DebugInfo, read_debug
from rebel_tools.gate.evidence import CONTENTS
from rebel_tools.gate.not_compared import Reason
from rebel_tools.gate.verify import LibraryFacts, Policy
from rebel_tools.interface.model import Interface


def read_facts(library: Library, interface: Interface, policy: Policy, path: DebugPath = ONLY_SYSTEM) -> LibraryFacts:
    """Everything about a library that bears on `interface`; UnreadableBinary when its exports cannot be read.

    DWARF is not looked for when only names are required. DWARF that cannot be read is no evidence, but no reason to
    give up either: the check says so.
    """
    debug = DebugInfo(None, Reason("only names were asked for"))
    if policy.required != ("name",):
        headers = (policy.headers or EVERY) if interface.declarations.enumerations else ()
        debug = read_debug(library, set(interface.symbols), path, headers)
    digest = _digest(library, interface, CONTENTS in policy.required)
    known = (debug.declarations, debug.reason, digest, debug.is_unreadable, debug.undescribed)
    return LibraryFacts(library.table, *known)


def _digest(library: Library, interface: Interface, is_required: bool) -> str | None:
    """The text in the digest object, without the NUL that a C string ends with."""
    export = library.table.find(interface.digest_symbol) if interface.digest_symbol else None
    if export is None:
        return None
    try:
        return library.contents(export, len(interface.digest)).decode("ascii", "backslashreplace")
    except UnreadableBinary:
        if is_required:
            raise
        return None
