"""What a header declares, from Clang's dump of its syntax tree (`-Xclang -ast-dump=json`).

The dump of a C++ header that includes some of the standard library has 100 MB. Only the declarations in the wanted
files are decoded; of the others only the last location is read, because each location contains only the parts that
differ from the one before it. Source: clang/lib/AST/JSONNodeDumper.cpp, `writeBareSourceLocation`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from rebel_tools.errors import Place

FUNCTION, METHOD, CONSTRUCTOR, DESTRUCTOR, DATA, CLASS = (
    "function",
    "method",
    "constructor",
    "destructor",
    "data",
    "class",
)

_KINDS = {
    "FunctionDecl": FUNCTION,
    "CXXMethodDecl": METHOD,
    "CXXConversionDecl": METHOD,
    "CXXConstructorDecl": CONSTRUCTOR,
    "CXXDestructorDecl": DESTRUCTOR,
    "VarDecl": DATA,
}
_WITHOUT_SYMBOL = ("isImplicit", "explicitlyDeleted", "explicitlyDefaulted", "pure")
_BODIES = ("CompoundStmt", "CXXTryStmt")

_START = b"\n    {\n"
"""How a declaration outside of all others begins: the dump is indented by two."""
_LAST_FILE = re.compile(rb'"file": ("(?:[^"\\]|\\.)*"),\s+"line"')
"""A `file` without `line` is not a location but the file that includes it."""
_LAST_LINE = re.compile(rb'"line": (\d+)')


class Declared(NamedTuple):
    """A function, method, piece of data or class.

    symbol: the linker's name with the platform's decoration; "" for a class. It begins with U+0001 if the source sets
        it with an asm label.
    scopes: the names of namespaces and classes around it, from the outside in; `classes` of them are classes.
    type: as Clang spells it, with the names that hold in the scope of the declaration.
    has_body: of a function; for data whether it is initialised.
    is_virtual: as written; a function that overrides a virtual one need not say so.
    is_final: of a class that none can be derived from.
    """

    kind: str
    name: str
    symbol: str
    scopes: tuple[str, ...]
    classes: int
    type: str
    place: Place
    has_body: bool
    is_inline: bool = False
    is_virtual: bool = False
    is_thread_local: bool = False
    is_final: bool = False

    @property
    def path(self) -> str:
        """The qualified name, from the global namespace on."""
        return "::" + "::".join((*self.scopes, self.name))


def declarations(dump: bytes, wanted: Callable[[str], bool]) -> list[Declared]:
    """All external declarations in the files for which `wanted` (called with the compiler's paths) returns true.

    Declarations without a symbol of their own are left out: templates, deleted, defaulted and pure virtual functions,
    and everything in a scope without a name.
    """
    reader = _Reader(wanted)
    found: list[Declared] = []
    start = dump.find(_START)
    while start >= 0:
        end = dump.find(_START, start + 1)
        found += reader.top(dump[start + 1 : end if end >= 0 else dump.rfind(b"\n  ]")])
        start = end
    return found


class _Reader:
    """Reads the dump in the order in which it was written, and keeps the last location."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self.wanted = wanted
        self.file = ""
        self.line = 0

    def top(self, text: bytes) -> Iterator[Declared]:
        """The declarations in the text of one top-level declaration."""
        head = text[: text.find(b'"range": {')]  # in a macro there are two files: of its definition and of its use
        if any(map(self.wanted, (self.file, *map(json.loads, _LAST_FILE.findall(head))))):
            yield from self.node(json.loads(text.rstrip().rstrip(b",")), (), 0)
        else:
            self.skip(text)

    def skip(self, text: bytes) -> None:
        """Keep the last location in the text."""
        at = text.rfind(b'"file": ')
        while at >= 0:
            match = _LAST_FILE.match(text, at)
            if match:
                self.file = json.loads(match[1])
                break
            at = text.rfind(b'"file": ', 0, at)
        at = text.rfind(b'"line": ')
        match = _LAST_LINE.match(text, at) if at >= 0 else None
        self.line = int(match[1]) if match else self.line

    def node(self, node: dict[str, Any], scopes: tuple[str, ...], classes: int) -> Iterator[Declared]:
        """The declarations in a node and below it."""
        kind, name = node.get("kind"), node.get("name", "")
        place = self.locate(node.get("loc"))
        self.pass_over(node.get("range"))
        inner = node.get("inner", [])
        if kind in ("NamespaceDecl", "LinkageSpecDecl"):
            below = (*scopes, name) if kind == "NamespaceDecl" else scopes
            if kind == "LinkageSpecDecl" or name:
                for child in inner:
                    yield from self.node(child, below, classes)
                return
        elif kind == "CXXRecordDecl" and name and node.get("completeDefinition") and self.wanted(place.path):
            yield self.declared(CLASS, node, scopes, classes, place)
            for child in inner:
                yield from self.node(child, (*scopes, name), classes + 1)
            return
        elif kind in _KINDS and self.is_external(node, place, classes):
            yield self.declared(_KINDS[kind], node, scopes, classes, place)
        self.pass_over(inner)

    def is_external(self, node: dict[str, Any], place: Place, classes: int) -> bool:
        """Whether a function or piece of data has a symbol that its core has to export."""
        if not node.get("mangledName") or not self.wanted(place.path):
            return False
        specialized = any(child.get("kind") == "TemplateArgument" for child in node.get("inner", []))
        if specialized or any(node.get(word) for word in _WITHOUT_SYMBOL):
            return False
        is_static = node.get("storageClass") == "static"
        return is_static if classes and node["kind"] == "VarDecl" else classes > 0 or not is_static

    def declared(
        self, kind: str, node: dict[str, Any], scopes: tuple[str, ...], classes: int, place: Place
    ) -> Declared:
        return Declared(
            kind,
            node["name"],
            node.get("mangledName", ""),
            scopes,
            classes,
            node.get("type", {}).get("qualType", ""),
            place,
            "init" in node or any(child.get("kind") in _BODIES for child in node.get("inner", [])),
            bool(node.get("inline") or node.get("constexpr")),
            bool(node.get("virtual")),
            "tls" in node,
            node.get("tagUsed") == "union" or any(c.get("kind") == "FinalAttr" for c in node.get("inner", [])),
        )

    def locate(self, location: dict[str, Any] | None) -> Place:
        """The place of a location; for a macro, the place of its use. Call this once for every location, in order."""
        for name in ("spellingLoc", "expansionLoc"):
            if location and name in location:
                self.locate(location[name])
        if location and "offset" in location:
            self.file, self.line = location.get("file", self.file), location.get("line", self.line)
        return Place(self.file, self.line)

    def pass_over(self, value: object) -> None:
        """Call `locate` for all locations in a part of the dump that is not needed otherwise, of any depth."""
        work = [value]
        while work:
            part = work.pop()
            if isinstance(part, list):
                work += reversed(part)
            elif isinstance(part, dict):
                if "offset" in part:
                    self.locate(part)
                work += reversed([p for p in part.values() if isinstance(p, (dict, list))])
