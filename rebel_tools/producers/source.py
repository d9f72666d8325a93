"""Makes an interface from its source: C or C++ headers, or a Python file of declarations."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace

from rebel_tools.abi.types import Declarations
from rebel_tools.abi.values import is_constant
from rebel_tools.errors import Place
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.interface.model import ExceptionType, Interface, Target
from rebel_tools.producers.bench import Bench
from rebel_tools.producers.compiler import Compiler
from rebel_tools.producers.producer import PRODUCER
from rebel_tools.producers.selection import DEFAULT, Selection

C_SUFFIXES = (".h",)
CXX_SUFFIXES = (".hpp", ".hh", ".hxx", ".h++", ".H", ".ipp", ".tpp")
PYTHON_SUFFIXES = (".py",)


def language_of(sources: Sequence[str]) -> str:
    """ "c", "c++" or "python", by the suffixes. Errors: InterfaceSourceError if they differ or are unknown."""
    found = {_language(source) for source in sources}
    if len(found) != 1:
        raise InterfaceSourceError(
            "the sources of one interface are of several languages",
            place=Place(sources[0]) if sources else None,
            expected="C headers, C++ headers, or one Python file",
        )
    return found.pop()


def _language(source: str) -> str:
    suffix = os.path.splitext(source)[1]
    for language, suffixes in (("c", C_SUFFIXES), ("c++", CXX_SUFFIXES), ("python", PYTHON_SUFFIXES)):
        if suffix in suffixes:
            return language
    expected = "one of " + " ".join(C_SUFFIXES + CXX_SUFFIXES + PYTHON_SUFFIXES)
    message = f"no language is known for the suffix {suffix!r}"
    raise InterfaceSourceError(message, place=Place(source), expected=expected)


def read_source(
    sources: Sequence[str],
    compiler: Compiler,
    language: str | None = None,
    digest_symbol: str | None = None,
    selection: Selection = DEFAULT,
    left_out: Callable[[str], None] = lambda path: None,
) -> Interface:
    """The interface that the sources declare for the compiler's target.

    language: overrides what the suffixes say.
    digest_symbol: the data object of the core that will hold the interface's digest.
    selection: which included headers count.
    left_out: called with each file below the working folder that declares functions but does not count by default.
    Errors: InterfaceSourceError, MissingTool.
    """
    language = language or language_of(sources)
    exceptions: dict[str, ExceptionType] = {}
    with tempfile.TemporaryDirectory(prefix="rebel-") as folder:
        described = compiler.describe("c++" if language == "c++" else "c", folder)
        if language == "python":
            declarations, exceptions = _read_python(sources, described.target)
        else:
            bench = Bench(compiler, language, folder, described, selection)
            _check_that_they_exist(sources, bench.base)
            declarations, others = _read_headers(sources, bench)
            declarations = _with_constants(declarations)
            for path in sorted(others):
                left_out(path)
    if not declarations.functions and not declarations.variables:
        expected = "functions or data that the source declares and does not define"
        raise InterfaceSourceError("the source declares nothing", place=Place(sources[0]), expected=expected)
    flags = compiler.abi_flags()
    return Interface(
        described.target,
        PRODUCER,
        declarations,
        language="c" if language == "python" else language,
        options={"flags": flags} if flags else {},
        exceptions=exceptions,
        digest_symbol=digest_symbol or None,
    )


def _check_that_they_exist(sources: Sequence[str], base: str) -> None:
    """Otherwise the compiler would report an error in a generated #include."""
    for source in sources:
        if not os.path.isfile(os.path.join(base, source)):
            raise InterfaceSourceError("there is no such file", place=Place(source), expected="a header")


def _read_python(sources: Sequence[str], target: Target) -> tuple[Declarations, dict[str, ExceptionType]]:
    from rebel_tools.producers.python_source import read_python

    if len(sources) != 1:
        raise InterfaceSourceError("several Python files", place=Place(sources[1]), expected="one file")
    return read_python(sources[0], target)


def _read_headers(sources: Sequence[str], bench: Bench) -> tuple[Declarations, set[str]]:
    """The declarations of headers, and the files left out that declare functions."""
    if bench.described.is_clang:
        from rebel_tools.producers.clang_header import read_clang

        return read_clang(sources, bench)
    if bench.language == "c++":
        from rebel_tools.producers.cxx_header import read_cxx

        return read_cxx(sources, bench)
    from rebel_tools.producers.header import read_c

    return read_c(sources, bench)


def _with_constants(declarations: Declarations) -> Declarations:
    """The declarations with `writable` for data, which in C and C++ follows from the type."""
    variables = {name: replace(v, writable=not is_constant(v.type)) for name, v in declarations.variables.items()}
    return replace(declarations, variables=variables)


_DIGEST = """\
/* Ties a library to the interface with this digest. INTERFACE_DIGEST_API is how the library exports data; define it as
   empty for a DLL without __declspec(dllexport), which exports everything. */
#ifndef INTERFACE_DIGEST_API
#ifdef _WIN32
#define INTERFACE_DIGEST_API __declspec(dllexport)
#else
#define INTERFACE_DIGEST_API __attribute__((visibility("default")))
#endif
#endif
extern INTERFACE_DIGEST_API const char {symbol}[];
const char {symbol}[] = "{digest}";
"""


def digest_source(interface: Interface) -> str:
    """A C file that defines the digest object; compiled into the core, it pairs core and interface."""
    if interface.digest_symbol is None:
        hint = "set INTERFACE_DIGEST_SYMBOL to its name before env.Interface"
        raise InterfaceSourceError("the interface names no digest object", expected="a digest_symbol", hint=hint)
    return _DIGEST.format(symbol=interface.digest_symbol, digest=interface.digest)
