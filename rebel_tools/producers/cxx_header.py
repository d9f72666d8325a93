"""Reads C++ headers through GCC.

1. GCC's dump of the syntax tree lists the declared names and the functions without a body (`cxx_dump`).
2. A probe with a using-declaration for each name makes the compiler describe it, with all overloads, members and
   mangled names, in the debug information of a linked file.
3. The declarations in both are the interface.

Operators outside of classes have no name in the dump; all of them are tried, and those without an error exist.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rebel_tools.abi.types import Declarations, Function, Variable
from rebel_tools.binary.dwarf import read_declarations
from rebel_tools.binary.dwarf_headers import EVERY
from rebel_tools.errors import Place
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.producers.bench import Bench, with_constants, with_opaque_types
from rebel_tools.producers.cxx_dump import Node, declared
from rebel_tools.producers.itanium import structor_kind, symbols, with_types
from rebel_tools.producers.templates import completed

DEBUG = ("-O0", "-g", "-gdwarf-5", "-femit-class-debug-always", "-fPIC")
UNUSED = ("-fno-eliminate-unused-debug-symbols", "-fno-eliminate-unused-debug-types")
PRIVATE = "-fno-access-control"
"""Lets the probe name members of private classes, which are exported like all others."""

_OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "&",
    "|",
    "~",
    "!",
    "=",
    "<",
    ">",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "^=",
    "&=",
    "|=",
    "<<",
    ">>",
    ">>=",
    "<<=",
    "==",
    "!=",
    "<=",
    ">=",
    "<=>",
    "&&",
    "||",
    "++",
    "--",
    ",",
    "->*",
    "->",
    "()",
    "[]",
]


def read_cxx(headers: Sequence[str], bench: Bench) -> tuple[Declarations, set[str]]:
    """The functions (under their mangled names), data and types, and the files left out that declare functions."""
    include = bench.include(headers)
    bench.compile(include, "list", f"-fdump-lang-raw={bench.path('dump')}", *bench.dependencies)
    files, dump = bench.files(headers), bench.read("dump")
    nodes = list(declared(dump, _bare(files.counted)))
    others = {node.file for node in declared(dump, _bare(files.left_out)) if node.role == "function"}
    bench.compile(include + _probe(_usable(include, nodes, bench)), "probe", *DEBUG, *UNUSED, PRIVATE)
    described = with_opaque_types(read_declarations(bench.link("probe", ()), headers=EVERY))

    def selected(found: Declarations) -> Declarations:
        return _select(found, nodes, files.counted)

    found = completed(bench.with_relative_places(described), selected, include, DEBUG, bench)
    interface = with_constants(selected(found), found.enumerations, files.counted)
    return interface, {path for path in files.left_out if os.path.basename(path) in others}


def _bare(paths: Iterable[str]) -> frozenset[str]:
    """The names of files in the dump, which are without folders."""
    return frozenset(map(os.path.basename, paths))


def _usable(include: str, nodes: Iterable[Node], bench: Bench) -> list[str]:
    """Declarations that make the compiler describe what the headers declare; see `_probe`."""
    functions: dict[str, Node] = {}
    others: dict[str, None] = {}
    for node in nodes:
        scope = "::" + "".join(f"{name}::" for name in node.scopes)
        if node.in_class:  # members are described with their class, except classes, which are described where used
            others.update({f"{scope}{node.name} *used": None} if node.role == "type" else {})
        elif node.role == "operator":
            others.update(dict.fromkeys(f"using {scope}operator{operator}" for operator in _OPERATORS))
        elif node.role == "function":
            functions[f"using {scope}{node.name}"] = node
        elif node.role == "type":
            others[f"using {scope}{node.name}"] = None
    existing = _existing(include, [*functions, *others], bench)
    for declaration, node in functions.items():
        if declaration not in existing:
            message = f"the compiler cannot name {node.name} from outside of its scope"
            raise InterfaceSourceError(message, place=Place(node.file, node.line))
    return existing


def _existing(include: str, candidates: list[str], bench: Bench) -> list[str]:
    """The candidates that compile without an error."""
    text = include + '#line 1 "rebel-probe"\n' + _probe(candidates)
    done = bench.compiler.attempt(bench.words(text, "candidates", "-fmax-errors=0", PRIVATE), plain=True)
    wrong = {int(line) for line in re.findall(r"^rebel-probe:(\d+):\d+: error", done.stderr, re.MULTILINE)}
    return [text for line, text in enumerate(candidates, 1) if line not in wrong]


def _probe(declarations: Iterable[str]) -> str:
    """A line and a namespace for each declaration, since names of several scopes may clash."""
    return "".join(f"namespace rebel_probe_{number} {{ {text}; }}\n" for number, text in enumerate(declarations))


def _select(found: Declarations, nodes: Iterable[Node], files: frozenset[str]) -> Declarations:
    """The functions of the debug information that are declared and not defined according to the dump, and the data."""
    known = {(node.file, node.line, _dwarf_name(node)): node for node in nodes if node.role not in ("type", "constant")}
    constants = {(node.file, node.line, node.name) for node in nodes if node.role == "constant"}
    functions: dict[str, Function] = {}
    for function in found.functions.values():
        if function.declared_at is None or function.declared_at.path not in files:
            continue
        node = known.get(_identity(function))
        if node is not None:
            for name in symbols(function.name, node.is_virtual):
                functions[name] = _promised(function, name, node)
    variables = {
        name: replace(variable, tls=None)  # not in the debug information of a declaration
        for name, variable in found.variables.items()
        if variable.declared_at and variable.declared_at.path in files and _identity(variable) not in constants
    }
    return with_types(functions, variables, found.types)


def _promised(function: Function, name: str, node: Node) -> Function:
    """The function under one of its names, without the argument that GCC adds to declared destructors only.

    `noreturn` is dropped, because the other readers of headers do not get it.
    """
    parameters = function.parameters[:1] if node.role == "destructor" else function.parameters
    return replace(function, name=name, parameters=parameters, noreturn=False)


def _identity(function: Function | Variable) -> tuple[str, int, str]:
    """File, line and unqualified name; structors and operators by their role."""
    assert function.declared_at is not None
    path, line = function.declared_at.path, function.declared_at.line
    name = _unqualified(function.display or function.name)
    kind = structor_kind(function.name)
    if kind is not None:
        name = "<constructor>" if kind == "C" else "<destructor>"
    elif re.match(r'operator(?!")\W', name):  # a literal operator has a name in the dump
        name = "<operator>"
    return (os.path.basename(path), line or 0, name)


def _dwarf_name(node: Node) -> str:
    return node.name if node.role == "function" else f"<{node.role}>"


def _unqualified(display: str) -> str:
    """The last part of a qualified name; operators may hold colons of their own."""
    match = re.search(r"(?:^|::)(operator\W.*)$", display)
    return match[1] if match else display.rpartition("::")[2]
