"""A check from files: reads interface and library and compares them. What SCons and the command line share."""

from __future__ import annotations

import os

from rebel_tools.binary.library import Library, open_library
from rebel_tools.binary.model import ExportTable
from rebel_tools.gate.facts import read_facts
from rebel_tools.gate.report import Report
from rebel_tools.gate.verify import Policy, verify
from rebel_tools.interface.file import read_interface
from rebel_tools.interface.model import Interface


def check(interface: Interface, library: Library, policy: Policy, name: str) -> tuple[Report, ExportTable]:
    """An open library against an interface that the report calls `name`; UnreadableBinary when it cannot be read."""
    known = read_facts(library, interface, policy)
    return verify(interface, known, policy, name), known.table


def check_files(interface: str, path: str, policy: Policy) -> tuple[Report, ExportTable]:
    """The same with files; raises UnreadableInterface too."""
    with open_library(path) as library:
        return check(read_interface(interface), library, policy, os.fspath(interface))
