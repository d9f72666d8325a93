"""An interface from its source: a C or C++ header, or a Python file of declarations."""

from __future__ import annotations

import os
from collections.abc import Sequence

import rebel_tools
from rebel_tools.errors import Place
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.interface.model import Interface, Producer
from rebel_tools.producers.compiler import Compiler

C_SUFFIXES = (".h",)
CXX_SUFFIXES = (".hpp", ".hh", ".hxx", ".h++", ".H", ".ipp", ".tpp")
PYTHON_SUFFIXES = (".py",)

PRODUCER = Producer("rebel-tools", rebel_tools.__version__)


def language_of(sources: Sequence[str]) -> str:
    """ "c", "c++" or "python" by the suffixes, which must agree."""
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
    sources: Sequence[str], compiler: Compiler, language: str | None = None, digest_symbol: str | None = None
) -> Interface:
    """The interface that the sources declare for the compiler's target.

    language: overrides what the suffixes say.
    digest_symbol: the data object of the core that will hold the interface's digest.
    """
    language = language or language_of(sources)
    exceptions = {}
    if language == "python":
        from rebel_tools.producers.python_source import read_python

        if len(sources) != 1:
            raise InterfaceSourceError("several Python files", place=Place(sources[1]), expected="one file")
        target = compiler.target("c")
        declarations, exceptions = read_python(sources[0], target)
    elif language == "c":
        from rebel_tools.producers.header import read_c

        target = compiler.target("c")
        declarations = read_c(sources, compiler)
    else:
        from rebel_tools.producers.cxx_header import read_cxx

        target = compiler.target("c++")
        declarations = read_cxx(sources, compiler)
    if not declarations.functions and not declarations.variables:
        expected = "functions or data that the source declares and does not define"
        raise InterfaceSourceError("the source declares nothing", place=Place(sources[0]), expected=expected)
    flags = compiler.abi_flags()
    return Interface(
        target,
        PRODUCER,
        declarations,
        language="c" if language == "python" else language,
        options={"flags": flags} if flags else {},
        exceptions=exceptions,
        digest_symbol=digest_symbol or None,
    )


_DIGEST = """\
/* Pairs a library with the interface of this digest. INTERFACE_DIGEST_API is how the library exports data; define it as
   nothing for a DLL that exports everything because nothing in it says __declspec(dllexport). */
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
