"""Names of exports: patterns that users give, and names that no source declares."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

LINKER_MADE = ("_init", "_fini", "_edata", "_end", "__bss_start", "_start", "_etext", "__end__")
COMPILER_MADE = ("_ZT[VTISCWH]*", "_ZTh*", "_ZTv*", "_ZTc*", "_ZG[VR]*")
"""Itanium C++ ABI, section 5.1.4: vtables, type information, thunks, guards. `_ZTH` (GCC and Clang) initializes
thread-local data, and programs check whether it exists."""


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the shell patterns matches the whole name, case-sensitively."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
