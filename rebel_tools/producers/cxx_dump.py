"""What a C++ header declares, from GCC's dump of its syntax tree (`-fdump-lang-raw`).

The dump is a list of nodes, `@12 function_decl name: @6 scpe: @3 srcp: core.hpp:11 ...`, with references to names and
scopes. Types are not read from it, only the declared names, and which functions have no body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NODE = re.compile(r"^@(\d+) +(\w+) +", re.MULTILINE)
_FIELD = re.compile(r"(\w+) ?: (\S+)")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_KINDS = ("function_decl", "type_decl", "var_decl")
_SCOPES = ("namespace_decl", "record_type", "union_type", "identifier_node", "type_decl")
MAX_SCOPES = 64

Nodes = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Node:
    """A function or type. `file` is a bare name; `scopes` are namespaces and classes from the outside in.

    role: "function", "constructor", "destructor", "operator", "type", or "constant" for data that the header
        initialises.
    in_class: whether the innermost scope is a class.
    """

    role: str
    name: str
    file: str
    line: int
    scopes: tuple[str, ...]
    in_class: bool
    is_virtual: bool = False


def declared(dump: str, files: frozenset[str]) -> Iterator[Node]:
    """Functions that are declared but not defined, types, and initialised data, in files of these bare names."""
    nodes = _split(dump)
    for kind, text in nodes.values():
        if kind in _KINDS and "srcp: " in text:
            fields = dict(_FIELD.findall(text))
            file, _, line = fields.get("srcp", "").rpartition(":")
            if file in files:
                node = _node(kind, text, fields, file, int(line), nodes)
                if node is not None:
                    yield node


def _split(dump: str) -> Nodes:
    """(kind, text) of the nodes that can matter, by reference."""
    nodes: Nodes = {}
    matches = list(_NODE.finditer(dump))
    for match, following in zip(matches, [*matches[1:], None]):
        if match[2] in _KINDS or match[2] in _SCOPES:
            nodes["@" + match[1]] = (match[2], dump[match.end() : following.start() if following else None])
    return nodes


def _node(kind: str, text: str, fields: dict[str, str], file: str, line: int, nodes: Nodes) -> Node | None:
    scopes = _scopes(fields.get("scpe"), nodes)
    if scopes is None:
        return None
    path, in_class = scopes
    name = _name(fields.get("name"), nodes)
    if kind == "type_decl":
        return Node("type", name, file, line, path, in_class) if _IDENTIFIER.fullmatch(name) else None
    if kind == "var_decl":
        return Node("constant", name, file, line, path, in_class) if "init: @" in text else None
    if not _is_exported(text):
        return None
    role = next((word for word in ("constructor", "destructor", "operator") if f"note: {word}" in text), "function")
    return Node(role, name, file, line, path, in_class, "spec: virt" in text)


def _is_exported(text: str) -> bool:
    """Whether a function has a symbol that the core has to export: not if it has a body, is pure virtual, is made from
    a template, or was added by the compiler.
    """
    undefined = "body: undefined" in text and "body: @" not in text
    made_up = "note: artificial" in text or "pseudo tmpl" in text or "spec: pure" in text
    return undefined and not made_up and "link: extern" in text


def _name(reference: str | None, nodes: Nodes) -> str:
    kind, text = nodes.get(reference or "", ("", ""))
    if kind == "type_decl":
        return _name(dict(_FIELD.findall(text)).get("name"), nodes)
    match = re.search(r"strg: (.*?) +lngt:", text)
    return match[1] if match else ""


def _scopes(reference: str | None, nodes: Nodes) -> tuple[tuple[str, ...], bool] | None:
    """The names of the scopes, and whether the innermost is a class; None in a function or an unnamed scope."""
    path: list[str] = []
    in_class = False
    while reference and reference in nodes and len(path) < MAX_SCOPES:
        kind, text = nodes[reference]
        fields = dict(_FIELD.findall(text))
        name = _name(fields.get("name"), nodes)
        if name == "::":
            break
        if not name:
            return None
        in_class = in_class or (not path and kind in ("record_type", "union_type"))
        path.insert(0, name)
        reference = fields.get("scpe") or _scope_of_type(fields.get("name"), nodes)
    return tuple(path), in_class


def _scope_of_type(reference: str | None, nodes: Nodes) -> str | None:
    """The scope of a class, which is in the declaration of its name."""
    kind, text = nodes.get(reference or "", ("", ""))
    return dict(_FIELD.findall(text)).get("scpe") if kind == "type_decl" else None
