"""The enumerations that headers declare, whether symbols use them or not.

For example, a function that takes an `int` may be called with constants of an enumeration that is not in its prototype.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from itertools import chain

from rebel_tools.abi import types as t
from rebel_tools.abi.standard_library import is_standard
from rebel_tools.binary.dwarf_constants import Tag
from rebel_tools.binary.dwarf_find import SCOPES, UNITS, shared_units, walk
from rebel_tools.binary.dwarf_reader import Dwarf
from rebel_tools.binary.dwarf_types import TypeReader
from rebel_tools.binary.dwarf_unit import Unit

ENUMERATIONS = frozenset({Tag.ENUMERATION})
EVERY = ("*",)
"""The pattern of all files."""


def is_header(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern, which may have wildcards, matches a file: its path, the end of its path, or a folder above."""
    path = f"/{path.lstrip('/')}"
    ends = [f"*/{pattern.strip('/')}" for pattern in patterns]
    return any(fnmatchcase(path, end) or fnmatchcase(path, f"{end}/*") for end in ends)


def read_enumerations(
    reader: TypeReader, dwarf: Dwarf, whole: Callable[[Unit], Unit | None], patterns: tuple[str, ...]
) -> tuple[t.Enum, ...]:
    """The enumerations of all matching headers, in the order of the debug information, each definition once."""
    units = chain(map(whole, dwarf.units), shared_units(dwarf))
    found = (enum for unit in units for enum in _of_unit(reader, unit))
    ours = (enum for enum in found if enum.declared_at is not None and is_header(enum.declared_at.path, patterns))
    return tuple(dict.fromkeys(ours))


def nested_enumerations(reader: TypeReader) -> Iterator[t.Enum]:
    """Those in the classes that were read, for programs name their constants; the standard library's are its own."""
    for die in reader.nested:
        enum = reader.enumeration(die)
        if enum.values and not is_standard(enum.name or ""):
            yield enum


def _of_unit(reader: TypeReader, unit: Unit | None) -> Iterator[t.Enum]:
    if unit is not None:
        for offset, _, _ in walk(unit, UNITS | SCOPES, ENUMERATIONS):
            enum = reader.enumeration(unit.die(offset))
            if enum.values:
                yield enum
