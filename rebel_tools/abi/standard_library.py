"""Types of the C++ standard library. Their layout is guaranteed by it, not by a library that uses them.

Incompatible versions of them have different mangled names, and a library's debug information may lack them.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

_FOREIGN = ("std::", "__gnu_cxx::", "__cxxabiv1::")
_CONTAINERS = {
    **dict.fromkeys(("array", "deque", "forward_list", "list", "multiset", "optional", "set", "stack", "queue"), 1),
    **dict.fromkeys(("priority_queue", "unordered_multiset", "unordered_set", "valarray", "vector"), 1),
    **dict.fromkeys(("map", "multimap", "pair", "unordered_map", "unordered_multimap"), 2),
}
"""How many of the first arguments of a template are the types of the values that its objects contain."""
_KINDS = ("struct", "union", "enum", "typedef")
_BEHIND = ("*", "&", ")")
"""The ends of the names of pointers, references and functions."""
_NAME = re.compile(r"(?<![\w:])[A-Za-z_][\w:]*")
_LANGUAGE = (
    "void", "bool", "char", "wchar_t", "char8_t", "char16_t", "char32_t", "short", "int", "long", "signed", "unsigned",
    "float", "double", "const", "volatile", "true", "false", "__int128", "_Float16", "__float128", "decltype",
    "nullptr",
)  # fmt: skip
"""Words in the names of types that are not names of declared types."""


def is_standard(name: str) -> bool:
    """Whether a type is one of the standard library's, by its qualified name or its key."""
    kind, space, rest = name.partition(" ")
    return (rest if space and kind.isidentifier() else name).startswith(_FOREIGN)


def is_all_standard(name: str) -> bool:
    """Whether a type, by its qualified name, and all its template arguments are types of the standard library."""
    return is_standard(name) and not own_names(name)


def own_names(name: str) -> tuple[str, ...]:
    """The names of a type's template arguments, and of their arguments, that are not in the standard library."""
    return tuple(dict.fromkeys(_own_names(name)))


def own_types(key: str, definitions: Container[str]) -> list[str]:
    """The keys in `definitions` of a standard type's own types (see `own_names`); none for any other type."""
    if "<" not in key or not is_standard(key):
        return []
    keys = (f"{kind} {name}" for name in own_names(key.partition(" ")[2]) for kind in _KINDS)
    return [own for own in keys if own in definitions]


def _own_names(text: str) -> Iterator[str]:
    at = 0
    while match := _NAME.search(text, at):
        at = match.end()
        if match[0] in _LANGUAGE or match[0].startswith(_FOREIGN):
            continue  # its arguments follow
        at = _end_of_arguments(text, at)
        yield text[match.start() : at]


def _end_of_arguments(text: str, start: int) -> int:
    """Where the arguments end that begin at `start`; `start` itself where none do."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(text[at], 0)
        if depth <= 0:
            return at + 1 if at > start else start
    return len(text)


def elements(key: str) -> tuple[str, ...]:
    """The names of the element types of a container of the standard library, by its key; () for other types.

    Their sizes are compiled into programs, because the container's code is inlined there.
    """
    name, _, arguments = key.partition(" ")[2].partition("<")
    count = _CONTAINERS.get(name.rpartition("::")[2], 0) if name.startswith("std::") else 0
    return tuple(_arguments(arguments))[:count]


def untold(key: str, definitions: Container[str]) -> list[str]:
    """Of the types that the values of a container are made of, those that `definitions` lack. What is behind pointers
    need not be there.
    """
    names = (own for name in elements(key) if not name.endswith(_BEHIND) for own in own_names(name))
    return [own for own in names if not any(f"{kind} {own}" in definitions for kind in _KINDS)]


def _arguments(text: str) -> Iterator[str]:
    """The arguments of a template, from the text after its `<`."""
    depth = start = 0
    for at, character in enumerate(text):
        if depth == 0 and character in ",>":
            yield text[start:at].strip()
            start = at + 1
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(character, 0)
        if depth < 0:
            return
