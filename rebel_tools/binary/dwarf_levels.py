"""How much a unit contains: whether it has types at all, and whether it has what DWARF 5 added.

With -g1, compilers write functions and lines but no types. Every function then looks like `void f(void)`, whatever it
is. With -gstrict-dwarf, versions before 5 have no alignment of `alignas`, and do not mark functions that are defaulted,
deleted, or never return.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rebel_tools.binary.dwarf_constants import C_LANGUAGES, CPLUSPLUS, At, Tag
from rebel_tools.binary.dwarf_unit import Unit

STRICT = "-gstrict-dwarf"
ADDED = range(0x6F, 0x8D)
"""The attributes of DWARF 5."""
EXTENSIONS = range(0x2111, 0x211B)
"""Those of GNU that tell calls and deleted functions. GCC writes some of them with every function."""
TELLING_GCC = 7
"""The first version that writes attributes of DWARF 5 whatever version is asked for."""
_GCC = re.compile(r"GNU \S+ (\d+)")
_LEVEL = re.compile(r"-g(?:gdb|stabs|xcoff|vms|dwarf|dwarf-[2-5])?([0-3]?)")
FULL = 2


def tells_types(unit: Unit) -> bool:
    """Whether a function without a type in this unit has none in the source.

    GCC usually writes its options into the unit. Otherwise, a unit without any type is taken to be one of -g1 unless it
    has an attribute that the compilers leave out with -g1: with Clang, that a function is external; with others, that
    a function of C has a prototype.
    """
    level = _gcc_level(unit.producer)
    if level is not None:
        return level >= FULL
    if any(abbrev.has(At.TYPE) for abbrev in unit.abbrevs.values()):
        return True
    functions = [abbrev for abbrev in unit.abbrevs.values() if abbrev.tag == Tag.SUBPROGRAM]
    language = unit.top.number(At.LANGUAGE, None)
    if language not in C_LANGUAGES | CPLUSPLUS:
        return False
    sign = At.EXTERNAL if is_clang(unit) else At.PROTOTYPED
    return any(abbrev.has(sign) for abbrev in functions)


def _gcc_level(producer: str) -> int | None:
    """The level of debug information by GCC's options; None if they are not written. -g does not lower a level."""
    level = None
    for word in producer.split() if producer.startswith("GNU") else ():
        match = _LEVEL.fullmatch(word)
        if match:
            level = int(match[1]) if match[1] else max(level or 0, FULL)
    return level


def is_clang(unit: Unit) -> bool:
    return "clang" in unit.producer


def is_strict(unit: Unit) -> bool:
    """Whether it is known that what DWARF 5 added is left out of an older version; only GCC says so.

    Type units and partial units do not name their compiler, and are taken for strict where one of the file is.
    """
    if unit.sizes.version >= 5:
        return False
    if not unit.producer:
        return unit.dwarf.has_strict_units
    version, is_told = _gcc(unit.producer)
    if version < TELLING_GCC or is_told is not None:
        return version >= TELLING_GCC and bool(is_told)
    specs = (spec[0] for abbrev in unit.abbrevs.values() for spec in abbrev.specs)
    return not any(attribute in ADDED or attribute in EXTENSIONS for attribute in specs)


def tells_attributes(unit: Unit) -> bool:
    """Whether what has no attribute of DWARF 5 is known to be without, as far as compilers write it at all."""
    if unit.sizes.version >= 5:
        return True
    is_new = _gcc(unit.producer)[0] >= TELLING_GCC or not unit.producer
    return is_new and not is_strict(unit)


@lru_cache(maxsize=16)
def _gcc(producer: str) -> tuple[int, bool | None]:
    """GCC's version, 0 for other compilers, and whether its options say that it is strict: None without options."""
    match, words = _GCC.match(producer), producer.split()
    has_options = any(word.startswith("-") for word in words)
    return int(match[1]) if match else 0, STRICT in words if has_options else None
