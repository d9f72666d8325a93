"""Reads C headers through the target's own compiler.

1. `gcc -aux-info` lists every function that the headers declare, with file and line.
2. A probe takes the address of each, is compiled with debug information for the target, and thereby holds the
   prototypes and layouts of exactly that ABI as DWARF; its assembly shows the names as the linker sees them.
   `-fno-eliminate-unused-debug-symbols` adds the declared data.
3. The probe is linked, with a label for every address, because debug information is only whole in a linked file.

What counts as declared is what stands in the headers themselves or in files that they include, without the system's.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rebel_tools.abi.reach import definitions_for
from rebel_tools.abi.types import Declarations, Function, Variable
from rebel_tools.binary.dwarf import read_declarations
from rebel_tools.binary.model import undecorate
from rebel_tools.errors import Place
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.producers.compiler import Compiler

PROBE = "rebel_tools_probe"
QUIET = ("-w", "-fno-lto", "-gno-split-dwarf")

_AUX_INFO = re.compile(r"/\* (?P<path>.*):(?P<line>\d+):[NOI][CF] \*/ (?P<text>.*)")
_DECLARED_NAME = re.compile(r"(\w+) \((?!\*)")
_THREAD = re.compile(r"tls|tpoff|tprel|gottp", re.IGNORECASE)
"""What the operands of thread-local data look like in the assemblies that GCC writes (`@tpoff`, `__emutls_v`)."""
_ADDRESS = re.compile(r"\s+\.\w+\s+(\S+)$")


@dataclass(frozen=True)
class Declared:
    """A function that a header declares: its name in C and where it stands."""

    name: str
    place: Place


def read_c(headers: Sequence[str], compiler: Compiler) -> Declarations:
    """The functions, data and types that C headers declare."""
    with tempfile.TemporaryDirectory(prefix="rebel-") as folder:
        include = "".join(f'#include "{quoted(header, compiler)}"\n' for header in headers)
        functions, files = _list_functions(include, folder, compiler)
        names, library = _compile_probe(include, sorted(functions), folder, compiler)
        found = with_relative_places(read_declarations(library), compiler)
        declared = _select(found, functions, names, files)
        return replace(declared, variables=_with_threads(include, declared.variables, compiler))


def quoted(header: str, compiler: Compiler) -> str:
    """The path that the compiler's working folder can use, as a C string."""
    return os.path.join(compiler.cwd or os.getcwd(), header).replace("\\", "/").replace('"', '\\"')


def _list_functions(include: str, folder: str, compiler: Compiler) -> tuple[dict[str, Declared], set[str]]:
    """Every function that the headers declare and do not define themselves, and the files that count."""
    listing, rule = os.path.join(folder, "functions"), os.path.join(folder, "files")
    options = ["-x", "c", "-aux-info", listing, "-MMD", "-MF", rule, "-MT", "x", "-fsyntax-only", *QUIET, "-"]
    compiler.run(options, stdin=include)
    files = {relative(path, compiler) for path in makefile_names(read_text(rule))}
    return _listed(read_text(listing), files, compiler), files


def _listed(listing: str, files: set[str], compiler: Compiler) -> dict[str, Declared]:
    """The functions of one -aux-info file that stand in these files."""
    functions: dict[str, Declared] = {}
    for line in listing.splitlines():
        match = _AUX_INFO.match(line)
        path = relative(match["path"], compiler) if match else None
        if path in files and not match["text"].startswith("static "):
            name = _DECLARED_NAME.search(match["text"])
            if name:
                functions.setdefault(name[1], Declared(name[1], Place(path, int(match["line"]))))
    return functions


def read_text(path: str) -> str:
    if not os.path.exists(path):
        raise InterfaceSourceError("the compiler did not write what -aux-info or -MMD ask for", expected="GCC")
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        return stream.read()


def makefile_names(rule: str) -> set[str]:
    """The prerequisites of the one rule in a file that -MMD wrote."""
    names = rule.partition(":")[2].replace("\\\n", " ")
    words = re.findall(r"(?:\\[ #]|[^ \n])+", names)
    return {re.sub(r"\\([ #])", r"\1", word).replace("$$", "$") for word in words}


def relative(path: str, compiler: Compiler) -> str:
    """A path below the working folder is told relative to it: interfaces do not depend on where they are made."""
    base = compiler.cwd or os.getcwd()
    below = os.path.relpath(path, base) if os.path.isabs(path) else os.path.normpath(path)
    return path if below.startswith("..") else below.replace(os.sep, "/")


def with_relative_places(found: Declarations, compiler: Compiler) -> Declarations:
    """The same with the places of declarations told as `relative` tells them."""

    def moved(items: Mapping) -> dict:
        return {name: _moved(item, compiler) for name, item in items.items()}

    return Declarations(moved(found.functions), moved(found.variables), moved(found.types), found.conflicts)


def _moved(item, compiler: Compiler):
    place = item.declared_at
    return replace(item, declared_at=place._replace(path=relative(place.path, compiler))) if place else item


def _compile_probe(
    include: str, functions: Sequence[str], folder: str, compiler: Compiler
) -> tuple[dict[str, str], str]:
    """The linker's name of each function, and a linked file with the debug information of all of them."""
    addresses = ", ".join(f"(void *){name}" for name in functions)
    assembly, library = os.path.join(folder, "probe.s"), os.path.join(folder, "probe.so")
    options = ["-x", "c", "-S", "-o", assembly, "-O0", "-g", "-fno-eliminate-unused-debug-symbols", *QUIET, "-"]
    compiler.run(options, stdin=f"{include}void *{PROBE}[] = {{ {addresses or '0'} }};\n")
    underscore, labels = _addresses(read_text(assembly), len(functions))
    with open(assembly, "a", encoding="utf-8") as stream:
        stream.write("\t.text\n" + "".join(f"\t.globl {label}\n{label}:\n" for label in dict.fromkeys(labels)))
    compiler.run(["-shared", "-nostdlib", "-o", library, assembly, *QUIET])
    return {name: label.removeprefix(underscore) for name, label in zip(functions, labels)}, library


def _addresses(assembly: str, count: int) -> tuple[str, list[str]]:
    """The platform's leading underscore, and the labels in the probe's array, which keeps the order of its source."""
    lines = assembly.splitlines()
    for underscore in ("", "_"):
        label = f"{underscore}{PROBE}:"
        if label in lines:
            start = lines.index(label) + 1
            found = [match[1] for match in map(_ADDRESS.match, lines[start : start + count]) if match]
            if len(found) == count:
                return underscore, found
    raise InterfaceSourceError("the compiler's assembly does not hold the probe as expected", expected="GCC's assembly")


def _select(
    found: Declarations, functions: dict[str, Declared], names: dict[str, str], files: set[str]
) -> Declarations:
    """What the headers declare, under the names of the linker."""
    selected = {}
    for name, declared in functions.items():
        described = found.functions.get(name) or found.functions.get(names[name])
        if described is None:
            raise InterfaceSourceError(f"the compiler did not describe {name}", place=declared.place)
        function = _linked(described, names[name], declared.place)
        selected[function.name] = function
    variables = {n: v for n, v in found.variables.items() if v.declared_at and v.declared_at.path in files}
    return Declarations(selected, variables, definitions_for([*selected.values(), *variables.values()], found.types))


def _with_threads(include: str, variables: Mapping[str, Variable], compiler: Compiler) -> dict[str, Variable]:
    """Which data are thread-local: the debug information of a declaration does not say, but code that uses it does."""
    if not variables:
        return {}
    functions = "".join(f"void *{PROBE}_{n}(void) {{ return (void *)&{name}; }}\n" for n, name in enumerate(variables))
    assembly = compiler.run(["-x", "c", "-S", "-o", "-", "-O0", "-g0", "-fPIC", *QUIET, "-"], stdin=include + functions)
    bodies = re.split(rf"^_?{PROBE}_\d+:$", assembly, flags=re.MULTILINE)[1:]
    return {
        name: replace(variable, tls=bool(_THREAD.search(body.replace(name, ""))))
        for (name, variable), body in zip(variables.items(), bodies)
    }


def _linked(function: Function, label: str, place: Place) -> Function:
    plain = undecorate(label)
    return replace(function, name=plain.name, convention=plain.convention, display=None, declared_at=place)
