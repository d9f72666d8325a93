"""Types of the C++ standard library: their layout is its promise and not that of a library that uses them.

Incompatible versions of them have other mangled names, and a library's debug information need not hold them.
"""

from __future__ import annotations

from collections.abc import Iterator

_FOREIGN = ("std::", "__gnu_cxx::", "__cxxabiv1::")
_CONTAINERS = {
    **dict.fromkeys(("array", "deque", "forward_list", "list", "multiset", "optional", "set", "stack", "queue"), 1),
    **dict.fromkeys(("priority_queue", "unordered_multiset", "unordered_set", "valarray", "vector"), 1),
    **dict.fromkeys(("map", "multimap", "pair", "unordered_map", "unordered_multimap"), 2),
}
"""How many of the first arguments of a template are types whose values its objects hold."""


def is_standard(name: str) -> bool:
    """Whether a type is one of the standard library's, by its qualified name or its key."""
    kind, space, rest = name.partition(" ")
    return (rest if space and kind.isidentifier() else name).startswith(_FOREIGN)


def elements(key: str) -> tuple[str, ...]:
    """The names of the types whose values a container of the standard library holds, by its key; () for others.

    Code that is compiled into programs allocates them and steps from one to the next.
    """
    name, _, arguments = key.partition(" ")[2].partition("<")
    count = _CONTAINERS.get(name.rpartition("::")[2], 0) if name.startswith("std::") else 0
    return tuple(_arguments(arguments))[:count]


def _arguments(text: str) -> Iterator[str]:
    """The arguments of a template, from what stands behind its `<`."""
    depth = start = 0
    for at, character in enumerate(text):
        if depth == 0 and character in ",>":
            yield text[start:at].strip()
            start = at + 1
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(character, 0)
        if depth < 0:
            return
