"""A check from files: reads interface and library and compares them. What SCons and the command line share."""

from __future__ import annotations

import os

from rebel_tools.binary.model import ExportTable
from rebel_tools.gate.facts import read_facts
from rebel_tools.gate.report import Report
from rebel_tools.gate.verify import Policy, verify
from rebel_tools.interface.file import read_interface
from rebel_tools.interface.model import Interface


def check(interface: Interface, library: str, policy: Policy, name: str) -> tuple[Report, ExportTable]:
    """One library against an interface that the report calls `name`; UnreadableBinary when it cannot be read."""
    known = read_facts(library, interface, policy)
    return verify(interface, known, policy, name), known.table


def check_files(interface: str, library: str, policy: Policy) -> tuple[Report, ExportTable]:
    """The same with an interface file; raises UnreadableInterface too."""
    return check(read_interface(interface), library, policy, os.fspath(interface))
