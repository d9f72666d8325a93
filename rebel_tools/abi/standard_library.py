"""Types of the C++ standard library: their layout is its promise and not that of a library that uses them.

Incompatible versions of them have other mangled names, and a library's debug information need not hold them.
"""

from __future__ import annotations

_FOREIGN = ("std::", "__gnu_cxx::", "__cxxabiv1::")


def is_standard(name: str) -> bool:
    """Whether a type is one of the standard library's, by its qualified name or its key."""
    kind, space, rest = name.partition(" ")
    return (rest if space and kind.isidentifier() else name).startswith(_FOREIGN)
