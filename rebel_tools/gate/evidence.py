"""The levels of evidence for a symbol, which a user can require.

name       the symbol is exported
kind       it is a function or data as declared, and data has the declared size if the format has sizes (ELF)
prototype  its DWARF prototype, or the DWARF type of data, is the declared one
layout     every record and enumeration that its type uses has the declared layout in DWARF
contents   the library's digest object contains the digest of the interface

Each of the first four includes those before it. `contents` is independent of them: it proves that library and interface
were made from the same declarations, but not how a compiler has translated these.
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

    levels: words, or one text with commas or spaces between them. Errors: RebelError for an unknown word.
    """
    words = levels.replace(",", " ").split() if isinstance(levels, str) else list(levels)
    for word in words:
        if word not in LEVELS:
            raise RebelError(f"unknown evidence level {word!r}", expected="one or more of " + ", ".join(LEVELS))
    highest = max((LADDER.index(word) for word in words if word in LADDER), default=0)
    return LADDER[: highest + 1] + ((CONTENTS,) if CONTENTS in words else ())
