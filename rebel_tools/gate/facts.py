"""Reads what a check needs of a library: export table, DWARF of the interface's symbols, digest object."""

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
    """Everything about a library that is relevant to `interface`. Errors: UnreadableBinary if it has no readable
    exports.

    DWARF is not searched for if only names are required. DWARF that cannot be read is not an error here: the check
    reports it as a finding.
    """
    debug = DebugInfo(None, Reason("only names were required"))
    if policy.required != ("name",):
        headers = (policy.headers or EVERY) if interface.declarations.enumerations else ()
        debug = read_debug(library, set(interface.symbols), path, headers)
    digest = _digest(library, interface, CONTENTS in policy.required)
    known = (debug.declarations, debug.reason, digest, debug.is_unreadable, debug.undescribed)
    return LibraryFacts(library.table, *known)


def _digest(library: Library, interface: Interface, is_required: bool) -> str | None:
    """The text in the digest object, without the final NUL."""
    export = library.table.find(interface.digest_symbol) if interface.digest_symbol else None
    if export is None:
        return None
    try:
        return library.contents(export, len(interface.digest)).decode("ascii", "backslashreplace")
    except UnreadableBinary:
        if is_required:
            raise
        return None
