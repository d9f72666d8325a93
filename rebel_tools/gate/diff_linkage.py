"""Changes of how an export is found by the linker and the loader: removed, weak, unique or protected.

Source: gABI, chapter 4, "Symbol Table"; STB_GNU_UNIQUE and copy relocations as in glibc (elf/dl-lookup.c).
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from rebel_tools.errors import Place
from rebel_tools.gate.diff_report import Change, change
from rebel_tools.gate.rules import NOTE, RISK
from rebel_tools.gate.side import Item

WEAKLY_USED = "_ZTH*"
"""Functions that programs call only if they exist (Itanium C++ ABI, section 2.8, "thread_local")."""


def removed(item: Item, place: Place | None) -> Change:
    """The change for a removed symbol."""
    words = (item.name, "", item.kind, "")
    if fnmatchcase(item.name, WEAKLY_USED):
        why = "programs call it only where it exists; the data are initialized without it"
        return change("symbol-removed", *words, declared_at=place, level=NOTE, why=why)
    return change("symbol-removed", *words, declared_at=place)


def linkage(before: Item, after: Item, place: Place | None) -> Iterator[Change]:
    """Changes of the binding and the visibility of a symbol."""
    if None not in (before.binding, after.binding) and before.binding != after.binding:
        yield _binding(before, after, place)
    if None not in (before.visibility, after.visibility) and before.visibility != after.visibility:
        yield _visibility(before, after, place)


def _binding(before: Item, after: Item, place: Place | None) -> Change:
    words = (before.name, "binding", before.binding or "", after.binding or "")
    if before.binding == "unique":
        why = "libraries that are loaded with RTLD_LOCAL no longer share one object in the process"
        return change("binding-changed", *words, declared_at=place, level=RISK, why=why)
    if after.binding == "unique":
        return change(
            "binding-changed", *words, declared_at=place, why="the library stays in the process when it is closed"
        )
    return change("binding-changed", *words, declared_at=place)


def _visibility(before: Item, after: Item, place: Place | None) -> Change:
    words = (before.name, "visibility", before.visibility or "", after.visibility or "")
    if after.visibility != "protected":
        return change("visibility-changed", *words, declared_at=place)
    if before.kind == "function":
        why = "the library calls its own function where a program or a preloaded library defines another one"
        return change("visibility-changed", *words, declared_at=place, why=why)
    why = "programs that are not position independent use a copy of the data, and the library its own"
    return change("visibility-changed", *words, declared_at=place, level=RISK, why=why)
