"""How sure a check is: the kinds of evidence for one symbol, and what a user can require.

name       the symbol is exported
kind       it is a function or data as declared, and data has the declared size where the format says a size (ELF)
prototype  its DWARF prototype, or the DWARF type of data, is the declared one
layout     every record and enumeration that its type leads to has the declared layout in DWARF
contents   the library's digest object holds the digest of the interface

The first four build on each other. `contents` stands beside them: it proves that library and interface were made
from the same declarations, by any producer, and says nothing about what a compiler made of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from rebel_tools.errors import RebelError

LADDER = ("name", "kind", "prototype", "layout")
CONTENTS = "contents"
LEVELS = (*LADDER, CONTENTS)
DEFAULT = ("kind",)


def required(levels: str | Iterable[str]) -> tuple[str, ...]:
    """All levels that the named ones include, in order: "prototype" is name, kind and prototype.

    Raises RebelError for a word that is no level; several can be in one text, with commas or spaces.
    """
    words = levels.replace(",", " ").split() if isinstance(levels, str) else list(levels)
    for word in words:
        if word not in LEVELS:
            raise RebelError(f"unknown evidence level {word!r}", expected="one or more of " + ", ".join(LEVELS))
    highest = max((LADDER.index(word) for word in words if word in LADDER), default=0)
    return LADDER[: highest + 1] + ((CONTENTS,) if CONTENTS in words else ())
