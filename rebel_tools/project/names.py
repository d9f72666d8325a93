"""From names of npm packages, files and targets to OCaml modules, as rebel did; and which names can be any of these."""

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

# The namespace of the root package, unless it is a library; rebel had one for each target, and this for `default`.
ROOT_MODULE = "Default_Tar"

_MODULE = re.compile(MODULE)
_PACKAGE = re.compile(PACKAGE)


def is_module(name: str) -> bool:
    """Whether `name` can be the name of an OCaml module (manual, 7.1 "Lexical conventions": capitalized-ident)."""
    return _MODULE.fullmatch(name) is not None


def is_package(name: str) -> bool:
    """Whether `name` can be the name of an npm package, so that it is also a safe relative path."""
    return len(name) <= MAX_PACKAGE and _PACKAGE.fullmatch(name) is not None


def package_module(npm_name: str) -> str:
    """The module of a package: `foo-bar` and `@scope/foo-bar` are `FooBar`, `foo_bar` is `Foo_bar`.

    The scope says who publishes a package, not what it is; programs would have to repeat it in every line. Where the
    result is no module name (`3d`), `is_module` says so, and the package needs the key `rebel.module`.
    """
    first, *rest = [word for word in re.split("[-.]", npm_name.rpartition("/")[2]) if word] or [""]
    return capitalize(first) + "".join(capitalize(word) for word in rest)


def findlib_name(npm_name: str) -> str:
    """What findlib calls a package that is installed: a `.` would make it a part of another one."""
    return npm_name.rpartition("/")[2].replace(".", "-").replace("~", "-").lstrip("-")


def capitalize(name: str) -> str:
    """`name` with its first letter in upper case and the others left alone, as the compilers do with file names."""
    return name[:1].upper() + name[1:]
