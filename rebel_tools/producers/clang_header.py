"""Reads C and C++ headers through Clang.

1. The dump of the syntax tree lists what the headers declare, with file, line and the linker's names (`clang_ast`).
2. A probe has a pointer to each function, a function that returns the address of each piece of data, and a pointer to
   each class; its debug information has the types and layouts, and the methods of the classes. For what cannot be named
   (a constructor, or one of several functions with one name) the probe has a pointer to its type, as the header spells
   it, in the scope of the declaration.
3. The probe is linked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from rebel_tools.abi.types import Array, Declarations, Function, Parameter, Pointer, Variable, Void
from rebel_tools.binary.dwarf import read_declarations
from rebel_tools.binary.dwarf_headers import EVERY
from rebel_tools.binary.model import undecorate
from rebel_tools.errors import Place
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.producers import clang_ast as ast
from rebel_tools.producers.bench import Bench, hidden, with_constants, with_opaque_types
from rebel_tools.producers.header import PROBE, pointed_to
from rebel_tools.producers.itanium import symbols, with_types
from rebel_tools.producers.templates import completed

Symbol = TypeVar("Symbol", Function, Variable)

_NOEXCEPT = re.compile(r" (?:noexcept|throw)\b(?:\([^()]*\))?")
"""Before C++17 it is not a part of a type, and is not allowed in a type alias."""

DEBUG = ("-O0", "-g", "-fstandalone-debug", "-fno-eliminate-unused-debug-types", "-fPIC")


def read_clang(headers: Sequence[str], bench: Bench) -> tuple[Declarations, set[str]]:
    """The functions, data and types that headers declare, and the files left out that declare functions."""
    include = bench.include(headers)
    words = bench.words(include, "list", *bench.dependencies, "-fsyntax-only", "-Xclang", "-ast-dump=json")
    bench.compiler.run(words, output=bench.path("tree"))
    files = bench.files(headers)
    with open(bench.path("tree"), "rb") as stream:
        listed = ast.declarations(stream.read(), lambda path: bench.relative(path) in files.counted | files.left_out)
    counted = [item for item in listed if bench.relative(item.place.path) in files.counted]
    others = {bench.relative(item.place.path) for item in listed if item.kind == ast.FUNCTION} & files.left_out
    return _Probe(_promised(counted, bench.language), bench).read(include, files.counted), others


def _promised(items: Sequence[ast.Declared], language: str) -> list[ast.Declared]:
    """Classes, and the symbols without a body; in C also inline functions, whose code has to be in the core."""
    defined = {item.symbol for item in items if item.has_body and (language == "c++" or item.kind == ast.DATA)}
    named = {item.symbol: item for item in reversed(items) if item.symbol and item.symbol not in defined}
    classes = {item.path: item for item in items if item.kind == ast.CLASS}
    return [*classes.values(), *(item for _, item in sorted(named.items()))]


class _Probe:
    """A source text that makes the compiler describe each item, under the item's number."""

    def __init__(self, items: Sequence[ast.Declared], bench: Bench) -> None:
        self.items = items
        self.bench = bench
        self.is_cxx = bench.language == "c++"
        self.overloads = Counter(item.path for item in items if item.kind == ast.FUNCTION)
        self.inside: frozenset[str] = frozenset()
        self.classes = {item.path: number for number, item in enumerate(items) if item.kind == ast.CLASS}

    def read(self, include: str, files: frozenset[str]) -> Declarations:
        """What the debug information says about the items, and the enumerations of these files."""
        aliases = "".join(self.alias(n, item) for n, item in enumerate(self.items))
        lines = "".join(self.line(n, item) for n, item in enumerate(self.items))
        options: tuple[str, ...] = DEBUG
        if self.is_cxx:
            lines, options = f'extern "C" {{\n{lines}}}\n', (*DEBUG, "-fno-access-control")
        self.inside = hidden(self.bench.compile(include + aliases + lines, "probe", *options))
        is_windows = self.bench.described.target.os == "windows"
        labels = [item.symbol.removeprefix("\1") for item in self.items if item.symbol]
        labels = [label for label in labels if is_windows or label in self.inside]  # ELF leaves others undefined
        library = self.bench.link("probe", labels)
        found = read_declarations(library, headers=EVERY)
        found = self.bench.with_relative_places(with_opaque_types(found))
        if self.is_cxx:
            found = completed(found, self.select, include, DEBUG, self.bench)
        return with_constants(self.select(found), found.enumerations, files)

    # the source

    def by_type(self, item: ast.Declared) -> bool:
        """Whether an item cannot be pointed to by its name."""
        return item.kind == ast.CONSTRUCTOR or self.overloads[item.path] > 1

    def alias(self, number: int, item: ast.Declared) -> str:
        """A name for the type of an item, in the item's own scope: for a class the scope of one that is derived."""
        if not self.by_type(item):
            return ""
        namespaces, around = _namespaces(item), "::" + "::".join(item.scopes)
        is_open = item.classes and not self.items[self.classes[around]].is_final
        base = f" : {around}" if is_open else ""
        opening = "".join(f"namespace {name} {{ " for name in namespaces)
        text = f"struct {PROBE}_scope_{number}{base} {{ using type = {_NOEXCEPT.sub('', item.type)}; }};"
        return f"{opening}{text}{' }' * len(namespaces)}\n"

    def line(self, number: int, item: ast.Declared) -> str:
        """The declaration that the compiler describes."""
        name, probe = item.path if self.is_cxx else item.name, f"{PROBE}_{number}"
        if item.kind == ast.CLASS:
            return f"{name} *{probe};\n"
        if item.kind == ast.METHOD:
            return ""  # the debug information of its class describes it
        if item.kind == ast.DESTRUCTOR:
            return f"char {probe}[1 + __has_virtual_destructor(::{'::'.join(item.scopes)})];\n"
        if self.by_type(item):
            alias = "::".join(("", *_namespaces(item), f"{PROBE}_scope_{number}", "type"))
            return f"{alias} *{probe}{f' = {name}' if item.kind == ast.FUNCTION else ''};\n"
        kind = f"__decltype({name})" if self.is_cxx else f"__typeof__({name})"
        macro = f"#undef {item.name}\n" if item.name.isidentifier() else ""
        if item.kind == ast.FUNCTION:
            return f"{macro}{kind} *{probe} = {name};\n"
        star, address = ("", "") if _is_reference(item) else ("*", "&")
        return f"{macro}{kind} {star}{probe}(void) {{ return {address}{name}; }}\n"

    # what the compiler made of it

    def select(self, found: Declarations) -> Declarations:
        """The items as the debug information describes them."""
        functions: dict[str, Function] = {}
        variables: dict[str, Variable] = {}
        for number, item in enumerate(self.items):
            place = item.place._replace(path=self.bench.relative(item.place.path))
            name = self.linked(item.symbol)
            if item.symbol.removeprefix("\1") in self.inside:
                continue
            display = "::".join((*item.scopes, item.name)) if self.is_cxx and item.symbol.startswith("_Z") else None
            if item.kind == ast.DATA:
                kind = _described(found.functions.get(f"{PROBE}_{number}"), place).result
                kind = kind.target if isinstance(kind, Pointer) and not _is_reference(item) else kind
                variables[name] = Variable(name, kind, item.is_thread_local, display, place)
            elif item.kind != ast.CLASS:
                function = replace(self.function(found, number, item, place), display=display, declared_at=place)
                for symbol in symbols(name, self.is_virtual(found, number)):
                    plain = undecorate(symbol)
                    functions[plain.name] = replace(function, name=plain.name, convention=plain.convention)
        return with_types(functions, variables, found.types)

    def linked(self, symbol: str) -> str:
        """The symbol without the prefix of the platform."""
        return symbol.removeprefix("\1").removeprefix(self.bench.described.prefix)

    def function(self, found: Declarations, number: int, item: ast.Declared, place: Place) -> Function:
        if item.kind == ast.METHOD:
            methods = (found.functions.get(symbol) for symbol in (item.symbol, self.linked(item.symbol)))
            return _described(next(filter(None, methods), None), place)
        if item.kind == ast.FUNCTION:
            return pointed_to(found.variables, number, place)
        around = found.variables.get(f"{PROBE}_{self.classes['::' + '::'.join(item.scopes)]}")
        this = Parameter(None, _described(around, place).type)
        if item.kind == ast.DESTRUCTOR:
            return Function("", Void(), (this,))
        constructor = pointed_to(found.variables, number, place)
        return replace(constructor, parameters=(this, *constructor.parameters))

    def is_virtual(self, found: Declarations, number: int) -> bool:
        """Whether this is a virtual destructor, whose probe has two elements."""
        probe = found.variables.get(f"{PROBE}_{number}")
        return probe is not None and isinstance(probe.type, Array) and probe.type.count == 2


def _is_reference(item: ast.Declared) -> bool:
    """Whether data is a reference, also to an array or a function, whose type Clang spells as `int (&)[3]`."""
    return item.type.endswith("&") or re.search(r"&\)[\[(]", item.type) is not None


def _namespaces(item: ast.Declared) -> tuple[str, ...]:
    return item.scopes[: len(item.scopes) - item.classes]


def _described(found: Symbol | None, place: Place) -> Symbol:
    if found is None:
        raise InterfaceSourceError("the compiler did not describe this declaration", place=place)
    return found
