"""The OCaml modules for names of npm packages, files and targets, as in the original rebel; and valid names."""

from __future__ import annotations

import re

MODULE = "[A-Z][A-Za-z0-9_']*"
PACKAGE = "(@[A-Za-z0-9~_-][A-Za-z0-9~_.-]*/)?[A-Za-z0-9~_-][A-Za-z0-9~_.-]*"
PART = "[A-Za-z0-9_][A-Za-z0-9_-]*"
TARGET = "[A-Za-z][A-Za-z0-9_.-]*"
SOURCES = r"!?(?![/!])(?!(?:.*/)?\.\.(?:/|$))[^\x00-\x1f\x7f\\]+"
FILE = r"(?![/!])(?!(?:.*/)?\.{0,2}(?:/|$))[^\x00-\x1f\x7f\\*?\[]+"
C_LIBRARY = "[A-Za-z0-9_][A-Za-z0-9_.+-]*"
FINDLIB = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
INSTALLED = "(?!(?:stublibs|ocaml|stdlib)$)[A-Za-z0-9_][A-Za-z0-9_-]*"

# Names become names of files, which have at most 255 bytes (NAME_MAX); a compilation unit gets up to 25 more for its
# suffixes and as part of the names of alias modules.
MAX_UNIT = 200
MAX_MODULE = 100
MAX_PACKAGE = 214  # npm's limit

# The namespace of the root package, unless it is a library; the original rebel used this for the target `default`.
ROOT_MODULE = "Default_Tar"

_MODULE = re.compile(MODULE)
_PACKAGE = re.compile(PACKAGE)


def is_module(name: str) -> bool:
    """Whether `name` can be the name of an OCaml module (manual, 7.1 "Lexical conventions": capitalized-ident)."""
    return _MODULE.fullmatch(name) is not None


def is_package(name: str) -> bool:
    """Whether `name` is a valid npm package name, and thus a safe relative path."""
    return len(name) <= MAX_PACKAGE and _PACKAGE.fullmatch(name) is not None


def package_module(npm_name: str) -> str:
    """The module of a package: `foo-bar` and `@scope/foo-bar` are `FooBar`, `foo_bar` is `Foo_bar`.

    The scope is not part of it: it says who publishes a package, and programs would have to repeat it in every line. If
    the result is not a module name (`3d`), `is_module` is false, and the package needs the key `rebel.module`.
    """
    first, *rest = [word for word in re.split("[-.]", npm_name.rpartition("/")[2]) if word] or [""]
    return capitalize(first) + "".join(capitalize(word) for word in rest)


def findlib_name(npm_name: str) -> str:
    """The findlib name of an installed package; a `.` would make it a subpackage."""
    return npm_name.rpartition("/")[2].replace(".", "-").replace("~", "-").lstrip("-")


def capitalize(name: str) -> str:
    """`name` with its first letter in upper case and the others left alone, as the compilers do with file names."""
    return name[:1].upper() + name[1:]
