"""Whether a unit has types at all: with -g1, compilers write functions and lines but no types.

Every function then looks like `void f(void)`, whatever it is.
"""

from __future__ import annotations

import re

from rebel_tools.binary.dwarf_constants import C_LANGUAGES, CPLUSPLUS, At, Tag
from rebel_tools.binary.dwarf_unit import Unit

_LEVEL = re.compile(r"-g(?:gdb|stabs|xcoff|vms|dwarf|dwarf-[2-5])?([0-3]?)")
FULL = 2


def tells_types(unit: Unit) -> bool:
    """Whether a function without a type in this unit has none in the source.

    GCC usually writes its options into the unit. Otherwise, a unit without any type is taken to be one of -g1 unless it
    has an attribute that the compilers leave out with -g1: with Clang, that a function is external; with others, that
    a function of C has a prototype.
    """
    producer = unit.string(unit.top.values.get(At.PRODUCER)) or ""
    level = _gcc_level(producer)
    if level is not None:
        return level >= FULL
    if any(abbrev.has(At.TYPE) for abbrev in unit.abbrevs.values()):
        return True
    functions = [abbrev for abbrev in unit.abbrevs.values() if abbrev.tag == Tag.SUBPROGRAM]
    language = unit.top.number(At.LANGUAGE, None)
    if language not in C_LANGUAGES | CPLUSPLUS:
        return False
    sign = At.EXTERNAL if "clang" in producer else At.PROTOTYPED
    return any(abbrev.has(sign) for abbrev in functions)


def _gcc_level(producer: str) -> int | None:
    """The level of debug information by GCC's options; None if they are not written. -g does not lower a level."""
    level = None
    for word in producer.split() if producer.startswith("GNU") else ():
        match = _LEVEL.fullmatch(word)
        if match:
            level = int(match[1]) if match[1] else max(level or 0, FULL)
    return level
