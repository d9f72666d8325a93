"""Reads C headers through GCC.

1. `gcc -aux-info` lists every function that the headers declare, with file and line.
2. A probe has a pointer to each function and is compiled for the target with debug information, so its DWARF has the
   prototypes and layouts of exactly that ABI; its assembly has the names as the linker sees them.
   `-fno-eliminate-unused-debug-symbols` adds the declared data (and declared functions since GCC 11 only), and
   `-fno-eliminate-unused-debug-types` the enumerations that no function leads to.
3. The probe is linked, with a label for every address.

Only declarations in the files that `selection` chooses count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rebel_tools.abi.reach import definitions_for
from rebel_tools.abi.spell import peel
from rebel_tools.abi.types import Declarations, Function, FunctionType, Parameter, Pointer, Variable
from rebel_tools.binary.dwarf import read_declarations
from rebel_tools.binary.dwarf_headers import EVERY
from rebel_tools.binary.model import undecorate
from rebel_tools.errors import Place
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.producers.bench import Bench, hidden, with_constants
from rebel_tools.producers.selection import Files

PROBE = "rebel_tools_probe"
DEBUG = ("-O0", "-g", "-gdwarf-5", "-fno-eliminate-unused-debug-symbols", "-fno-eliminate-unused-debug-types")

_AUX_INFO = re.compile(r"/\* (?P<path>.*):(?P<line>\d+):[NOI][CF] \*/ (?P<text>.*)")
_DECLARED_NAME = re.compile(r"(\w+) (?=\((?!\*))|\w+(?=;$)")
"""The name before its arguments, or at the end: a function can be declared by a typedef (`handler f;`)."""
_THREAD = re.compile(r"tls|tpoff|tprel|gottp", re.IGNORECASE)
"""A part of the operands of thread-local data in GCC's assemblies (`@tpoff`, `__emutls_v`)."""
_ADDRESS = re.compile(r"\s+\.\w+\s+(\S+)$")


@dataclass(frozen=True)
class Declared:
    """A function that a header declares: its name in C and the place of the declaration."""

    name: str
    place: Place


def read_c(headers: Sequence[str], bench: Bench) -> tuple[Declarations, set[str]]:
    """The functions, data and types that C headers declare, and the files left out that declare functions."""
    include = bench.include(headers)
    files, functions, others = _list_functions(include, headers, bench)
    pointers = "".join(
        f"#undef {f.name}\n__typeof__({f.name}) *{PROBE}_{n} = {f.name};\n" for n, f in enumerate(functions)
    )
    addresses = ", ".join(f"(void *){f.name}" for f in functions)
    text = f"{include}{pointers}void *{PROBE}[] = {{ {addresses or '0'} }};\n"
    assembly = bench.compile(text, "probe", *DEBUG)
    underscore, labels = _addresses(assembly, len(functions))
    inside = hidden(assembly)
    found = bench.with_relative_places(read_declarations(bench.link("probe", labels), headers=EVERY))
    selected = {}
    for n, declared in enumerate(functions):
        if labels[n] in inside:
            continue
        function = pointed_to(found.variables, n, declared.place)
        linked = undecorate(labels[n].removeprefix(underscore))
        selected[linked.name] = replace(function, name=linked.name, convention=linked.convention)
    data = {n: v for n, v in found.variables.items() if v.declared_at and v.declared_at.path in files.counted}
    variables = _with_threads(include, data, bench)
    types = definitions_for([*selected.values(), *variables.values()], found.types)
    return with_constants(Declarations(selected, variables, types), found.enumerations, files.counted), others


def _list_functions(include: str, headers: Sequence[str], bench: Bench) -> tuple[Files, list[Declared], set[str]]:
    """The files, the functions without a body in files that count, and the paths of other files with functions."""
    bench.compile(include, "list", "-aux-info", bench.path("functions"), *bench.dependencies)
    files = bench.files(headers)
    functions: dict[str, Declared] = {}
    others: set[str] = set()
    for line in bench.read("functions").splitlines():
        match = _AUX_INFO.match(line)
        if match is None or match["text"].startswith("static "):
            continue
        path, name = bench.relative(match["path"]), _DECLARED_NAME.search(match["text"])
        if path in files.counted and name:
            function = name[1] or name[0]
            functions.setdefault(function, Declared(function, Place(path, int(match["line"]))))
        elif path in files.left_out:
            others.add(path)
    return files, [functions[name] for name in sorted(functions)], others


def pointed_to(variables: Mapping[str, Variable], number: int, place: Place) -> Function:
    """The function that the pointer with this number in a probe points to. Its name is "", to be replaced."""
    variable = variables.get(f"{PROBE}_{number}")
    kind = variable.type if variable else None
    target = peel(kind.target) if isinstance(kind, Pointer) else None
    if not isinstance(target, FunctionType):
        raise InterfaceSourceError("the compiler did not describe the function", place=place)
    parameters = tuple(Parameter(None, parameter) for parameter in target.parameters)
    return Function("", target.result, parameters, target.varargs, target.convention, declared_at=place)


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
    raise InterfaceSourceError("the probe was not found in the compiler's assembly", expected="GCC's assembly")


def _with_threads(include: str, variables: Mapping[str, Variable], bench: Bench) -> dict[str, Variable]:
    """The variables with `tls`, which is not in the debug information of a declaration: from code that uses them.

    Those that are hidden are left out.
    """
    if not variables:
        return {}
    functions = "".join(f"void *{PROBE}_{n}(void) {{ return (void *)&{name}; }}\n" for n, name in enumerate(variables))
    assembly = bench.compile(include + functions, "threads", "-O0", "-g0", "-fPIC")
    bodies = re.split(rf"^_?{PROBE}_\d+:$", assembly, flags=re.MULTILINE)[1:]
    inside = hidden(assembly)
    return {
        name: replace(variable, tls=bool(_THREAD.search(re.sub(rf"\b{re.escape(name)}\b", "", body))))
        for (name, variable), body in zip(variables.items(), bodies)
        if name not in inside
    }
