"""Whether a unit tells types at all: with -g1 compilers write functions and lines, and no types.

A function without a type and parameters then looks like `void f(void)`, which it need not be.
"""

from __future__ import annotations

import re

from rebel_tools.binary.dwarf_constants import C_LANGUAGES, CPLUSPLUS, At, Tag
from rebel_tools.binary.dwarf_unit import Unit

_LEVEL = re.compile(r"-g(?:gdb|stabs|xcoff|vms|dwarf|dwarf-[2-5])?([0-3]?)")
FULL = 2


def tells_types(unit: Unit) -> bool:
    """Whether what has no type in this unit has none in the source.

    GCC says with which options it compiled, unless it is told not to. Else a unit in which nothing has a type is one of
    -g1, as far as the compiler tells nothing that it leaves out there: Clang that a function is external, and both
    that one of C has a prototype.
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
    """What the options of GCC amount to; None where it does not say. -g leaves a higher level as it is."""
    level = None
    for word in producer.split() if producer.startswith("GNU") else ():
        match = _LEVEL.fullmatch(word)
        if match:
            level = int(match[1]) if match[1] else max(level or 0, FULL)
    return level
