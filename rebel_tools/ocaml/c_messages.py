"""Errors of C compilers and linkers whose cause can be in a package.json.

Sources: messages of GCC 10 to 14, Clang 14 to 19, GNU ld, gold, lld and of Apple's linker.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
_NO_HEADER = re.compile(r"""fatal error: ['"]?([^'":\n]+?)['"]?(?:: No such file or directory|(?<=') file not found)""")
_UNDEFINED = re.compile(
    r"""undefined (?:reference to|symbol:) [`']?([^\s'`]+)'?|^\s+"_?(\w+)", referenced from""", re.M
)
_LIBRARY = re.compile(r"\blib([\w.+~-]+_stubs)\.a\b")
# For bytecode whose primitives are in shared libraries.
_NO_PRIMITIVE = re.compile(r"""external function ["`]([^'"`]+)['"] is not available""")
_NO_LIBRARY = re.compile(r"cannot find -l([\w.+-]+)|unable to find library -l([\w.+-]+)|library ['`]?(\w+)'? not found")


class Undefined(NamedTuple):
    """An undefined symbol; library: the stubs that need it, as named by `-l`, if the linker printed it."""

    symbol: str
    library: str


def missing_header(text: str) -> str | None:
    """The header that a compiler did not find."""
    found = _NO_HEADER.search(_COLOUR.sub("", text))
    return found[1].strip() if found else None


def missing_library(text: str) -> str | None:
    """The library that a linker did not find."""
    found = _NO_LIBRARY.search(_COLOUR.sub("", text))
    return next(filter(None, found.groups()), None) if found else None


def undefined(text: str) -> Iterator[Undefined]:
    """The undefined symbols in a linker's output, each once, with the library that was mentioned last."""
    library, seen = "", set()
    for line in _COLOUR.sub("", text).splitlines():
        spoken = _LIBRARY.search(line)
        library = spoken[1] if spoken else library
        found = _UNDEFINED.search(line) or _NO_PRIMITIVE.search(line)
        symbol = next(filter(None, found.groups()), "") if found else ""
        if symbol and symbol not in seen:
            seen.add(symbol)
            yield Undefined(symbol, library)


def declared_at(symbol: str, sources: Iterable[str]) -> tuple[str, int] | None:
    """The OCaml or Reason source, and the line, with an `external` for this symbol."""
    pattern = re.compile(rf'\bexternal\b[^"]*(?:"[^"]*"\s*)*?"{re.escape(symbol)}"')
    for path in sources:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:  # it was removed in the meantime
            continue
        found = pattern.search(text)
        if found:
            return path, text.count("\n", 0, found.end()) + 1
    return None
