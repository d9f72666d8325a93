"""Reads an interface and a library and compares them: the entry point of SCons and of the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable

from rebel_tools.binary.debug_search import ONLY_SYSTEM, DebugPath, debug_path
from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.library import Library, open_library
from rebel_tools.binary.model import ExportTable
from rebel_tools.gate.facts import read_facts
from rebel_tools.gate.report import Report
from rebel_tools.gate.verify import Policy, verify
from rebel_tools.interface.file import read_interface
from rebel_tools.interface.model import Interface


def check(
    interface: Interface, library: Library, policy: Policy, name: str, path: DebugPath = ONLY_SYSTEM
) -> tuple[Report, ExportTable]:
    """Compare an open library with an interface, which is called `name` in the report.

    path: where to search for debug information besides the folder of the library. Errors: UnreadableBinary.
    """
    known = read_facts(library, interface, policy, path)
    return verify(interface, known, policy, name), known.table


def check_files(
    interface: str, library: str, policy: Policy, debug_folders: Iterable[str] = ()
) -> tuple[Report, ExportTable]:
    """The same with files. debug_folders: searched for debug information before the folders of the system.

    Errors: UnreadableBinary, UnreadableInterface.
    """
    with open_library(library) as opened:
        return check(read_interface(interface), opened, policy, os.fspath(interface), debug_path(debug_folders))


def files_beside(library: str, debug_folders: Iterable[str] = ()) -> tuple[str, ...]:
    """The files with debug information of a library that `check_files` can read; none if it is not a library."""
    from rebel_tools.binary.dwarf import debug_files

    try:
        with open_library(library) as opened:
            return debug_files(opened, debug_path(debug_folders))
    except UnreadableBinary:
        return ()
