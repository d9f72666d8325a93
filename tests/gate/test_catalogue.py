"""All kinds of declarations that C and C++ have, with several compilers and forms of debug information.

The library is compiled from the header that the interface was read from, so every finding is a false alarm, and every
strong export that the interface does not have was overlooked.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rebel_tools.binary.library import open_library
from rebel_tools.gate.check import check
from rebel_tools.gate.evidence import required
from rebel_tools.gate.render import to_text
from rebel_tools.gate.verify import Policy
from rebel_tools.interface.names import COMPILER_MADE, LINKER_MADE, matches
from rebel_tools.producers.compiler import Compiler
from rebel_tools.producers.source import read_source

CATALOGUE = Path(__file__).parent / "catalogue"

FORMS = [
    ("gcc", "-g"),
    ("gcc", "-g -O2 -fno-semantic-interposition"),
    ("gcc", "-gdwarf-4 -O1"),
    ("gcc", "-gdwarf-2"),
    ("gcc", "-g -fdebug-types-section"),
    ("gcc", "-g -gz"),
    ("x86_64-w64-mingw32-gcc", "-g"),
    ("i686-w64-mingw32-gcc", "-g -O2"),
    ("clang", "-g"),
    ("clang", "-gdwarf-4 -O2"),
]


def build(folder: Path, command: str, flags: str, suffix: str) -> Path:
    words = [command, "-w", *flags.split(), "-shared", "-fPIC", "-o", str(folder / "core.lib"), f"core{suffix}"]
    subprocess.run(words, cwd=CATALOGUE, check=True)
    return folder / "core.lib"


def compare(folder: Path, command: str, flags: str, header: str, source: str):
    if not shutil.which(command):
        pytest.skip(f"needs {command}")
    library = build(folder, command, flags, source)
    interface = read_source([header], Compiler((command,), cwd=str(CATALOGUE)))
    with open_library(library) as opened:
        report, table = check(interface, opened, Policy(required("layout")), header)
    older = any(flag in flags for flag in ("-gdwarf-2", "-gdwarf-4")) and source == ".c"
    unknown = {symbol for each in report.not_compared for symbol in each.symbols}
    assert unknown == ({"f_at"} if older else set()), to_text(report)  # `_Atomic` is in debug information since DWARF 5
    assert [finding.rule for finding in report.findings] == ["not-checked"] * older, to_text(report)
    assert not older or "-gdwarf-5 tells what is _Atomic" in to_text(report)
    strong = {export.name.partition("@")[0] for export in table.exports if export.binding in ("global", None)}
    overlooked = strong - set(interface.symbols) - set(LINKER_MADE)
    return {name for name in overlooked if not matches(name, COMPILER_MADE)}


@pytest.mark.parametrize("command, flags", FORMS, ids=map(" ".join, FORMS))
def test_c(tmp_path, command, flags):
    assert compare(tmp_path, command, flags, "core.h", ".c") == set()


CXX_FORMS = [
    ("g++", "-g"),
    ("g++", "-gdwarf-4 -O2 -fno-semantic-interposition"),
    ("x86_64-w64-mingw32-g++", "-g -O2"),
    ("i686-w64-mingw32-g++", "-g"),
]


@pytest.mark.parametrize("command, flags", CXX_FORMS, ids=map(" ".join, CXX_FORMS))
def test_cxx(tmp_path, command, flags):
    overlooked = compare(tmp_path, command, flags, "core.hpp", ".cpp")
    if "mingw" in command:  # a DLL does not distinguish weak exports (inline functions, templates)
        overlooked = {name for name in overlooked if not name.startswith(("_ZN", "_ZS", "_ZZ", "_ZK"))}
    assert overlooked == set()
