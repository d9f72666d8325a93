"""Reads C++ headers through the target's own compiler.

1. GCC's dump of the syntax tree tells which functions have no body and which names there are (`cxx_dump`).
2. A probe with a using-declaration for each name makes the compiler describe it, with all overloads, members and
   mangled names, in the debug information of a linked file.
3. What both know is the interface.

Operators outside of classes have no name in the dump; all of them are tried, and the compiler says which exist.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rebel_tools.abi.reach import definitions_for
from rebel_tools.abi.types import Declarations, Enum, Function, Record, Variable
from rebel_tools.binary.dwarf import read_declarations
from rebel_tools.errors import Place
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.producers.compiler import Compiler
from rebel_tools.producers.cxx_dump import Node, declared
from rebel_tools.producers.header import QUIET, makefile_names, quoted, read_text, relative, with_relative_places

DEBUG = ("-O0", "-g", "-gdwarf-5", "-fno-eliminate-unused-debug-symbols", "-femit-class-debug-always", *QUIET)

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
_FOREIGN = re.compile(r"(struct|union) (std|__gnu_cxx|__cxxabiv1)::")
"""Classes of the standard library: their layout is its promise and not the core's, and a core's debug information
need not hold it. Incompatible versions of them have other mangled names."""

_STRUCTOR = re.compile(r"^(_ZN.*)([CD])4(E.*)$")


def read_cxx(headers: Sequence[str], compiler: Compiler) -> Declarations:
    """The functions (under their mangled names), data and types that C++ headers declare."""
    with tempfile.TemporaryDirectory(prefix="rebel-") as folder:
        include = "".join(f'#include "{quoted(header, compiler)}"\n' for header in headers)
        nodes, files = _list(include, folder, compiler)
        names = _usable(include, nodes, compiler)
        library = os.path.join(folder, "probe.so")
        compiler.run(["-x", "c++", "-shared", "-fPIC", *DEBUG, "-o", library, "-"], stdin=include + _probe(names))
        found = with_relative_places(read_declarations(library), compiler)
    return _select(found, nodes, files)


def _list(include: str, folder: str, compiler: Compiler) -> tuple[list[Node], set[str]]:
    """What the headers declare, and the files that count."""
    dump, rule = os.path.join(folder, "dump"), os.path.join(folder, "files")
    options = ["-x", "c++", f"-fdump-lang-raw={dump}", "-MMD", "-MF", rule, "-MT", "x", "-fsyntax-only", *QUIET, "-"]
    compiler.run(options, stdin=include)
    files = {relative(path, compiler) for path in makefile_names(read_text(rule))}
    bare = frozenset(os.path.basename(path) for path in files)
    return list(declared(read_text(dump), bare)), files


def _usable(include: str, nodes: Iterable[Node], compiler: Compiler) -> list[str]:
    """Declarations that make the compiler describe what the headers declare; see `_probe`."""
    functions: dict[str, Node] = {}
    others: dict[str, None] = {}
    for node in nodes:
        scope = "::" + "".join(f"{name}::" for name in node.scopes)
        if node.in_class:  # members come with their class, except classes, which are described when they are used
            others.update({f"{scope}{node.name} *used": None} if node.role == "type" else {})
        elif node.role == "operator":
            others.update(dict.fromkeys(f"using {scope}operator{operator}" for operator in _OPERATORS))
        elif node.role == "function":
            functions[f"using {scope}{node.name}"] = node
        elif node.role == "type":
            others[f"using {scope}{node.name}"] = None
    existing = _existing(include, [*functions, *others], compiler)
    for declaration, node in functions.items():
        if declaration not in existing:
            message = f"the compiler cannot name {node.name} from outside of its scope"
            raise InterfaceSourceError(message, place=Place(node.file, node.line))
    return existing


def _existing(include: str, candidates: list[str], compiler: Compiler) -> list[str]:
    """Those of the candidates that the compiler does not complain about."""
    options = [*compiler.command, "-x", "c++", "-fsyntax-only", "-fmax-errors=0", *QUIET, "-"]
    text = include + '#line 1 "rebel-probe"\n' + _probe(candidates)
    done = subprocess.run(
        options, input=text, capture_output=True, text=True, errors="replace", cwd=compiler.cwd, env=compiler.env
    )
    wrong = {int(line) for line in re.findall(r"^rebel-probe:(\d+):\d+: error", done.stderr, re.MULTILINE)}
    return [text for line, text in enumerate(candidates, 1) if line not in wrong]


def _probe(declarations: Iterable[str]) -> str:
    """A line and a namespace for each declaration, since names of several scopes may clash."""
    return "".join(f"namespace rebel_probe_{number} {{ {text}; }}\n" for number, text in enumerate(declarations))


def _select(found: Declarations, nodes: Iterable[Node], files: set[str]) -> Declarations:
    """The functions of the debug information that the dump knows as declared and not defined, and the data."""
    known = {(node.file, node.line, _dwarf_name(node)): node for node in nodes if node.role not in ("type", "constant")}
    constants = {(node.file, node.line, node.name) for node in nodes if node.role == "constant"}
    functions: dict[str, Function] = {}
    for function in found.functions.values():
        if function.declared_at is None or function.declared_at.path not in files:
            continue
        node = known.get(_identity(function))
        if node is not None:
            for name in _symbols(function.name, node):
                functions[name] = _promised(function, name, node)
    variables = {
        name: replace(variable, tls=None)  # a declaration's debug information does not say
        for name, variable in found.variables.items()
        if variable.declared_at and variable.declared_at.path in files and _identity(variable) not in constants
    }
    ours = {key: _opaque(definition) if _FOREIGN.match(key) else definition for key, definition in found.types.items()}
    types = definitions_for([*functions.values(), *variables.values()], ours)
    return Declarations(functions, variables, types)


def _promised(function: Function, name: str, node: Node) -> Function:
    """The function under one of its names; a declared destructor has an argument that no definition has."""
    parameters = function.parameters[:1] if node.role == "destructor" else function.parameters
    return replace(function, name=name, parameters=parameters)


def _opaque(definition: Record | Enum) -> Record | Enum:
    return replace(definition, size=None, fields=()) if isinstance(definition, Record) else definition


def _identity(function: Function | Variable) -> tuple[str, int | None, str]:
    """File, line and unqualified name; structors and operators by their role."""
    place = function.declared_at
    name = _unqualified(function.display or function.name)
    match = _STRUCTOR.match(function.name)
    if match:
        name = "<constructor>" if match[2] == "C" else "<destructor>"
    elif re.match(r'operator(?!")\W', name):  # a literal operator has a name in the dump
        name = "<operator>"
    return (os.path.basename(place.path), place.line, name)


def _dwarf_name(node: Node) -> str:
    return node.name if node.role == "function" else f"<{node.role}>"


def _unqualified(display: str) -> str:
    """The last part of a qualified name; operators may hold colons of their own."""
    match = re.search(r"(?:^|::)(operator\W.*)$", display)
    return match[1] if match else display.rpartition("::")[2]


def _symbols(name: str, node: Node) -> list[str]:
    """The symbols of a function: constructors and destructors have several (Itanium C++ ABI, section 5.1.4.3)."""
    match = _STRUCTOR.match(name)
    if match is None:
        return [name]
    kinds = ("C1", "C2") if match[2] == "C" else ("D0", "D1", "D2") if node.is_virtual else ("D1", "D2")
    return [match[1] + kind + match[3] for kind in kinds]
