"""What a build depends on besides its files: the code of this package, and environment variables."""

from __future__ import annotations

import os

from rebel_tools import __version__
from rebel_tools.memory.hashes import text_digest
from rebel_tools.memory.stamp import stamps_text

TYPE_CHECKING = False
if TYPE_CHECKING:  # a build without work does not load `typing`
    from collections.abc import Iterable, Mapping

OCAML_VARIABLES = (
    "OCAMLPATH",
    "OCAMLFIND_CONF",
    "OCAMLFIND_TOOLCHAIN",
    "OCAMLPARAM",
    "OCAMLLIB",
    "CAMLLIB",
    "CAML_LD_LIBRARY_PATH",
    "BUILD_PATH_PREFIX_MAP",
    "LIBRARY_PATH",
)
_C_VARIABLES = (
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "COMPILER_PATH",
    "GCC_EXEC_PREFIX",
    "SOURCE_DATE_EPOCH",
    "PKG_CONFIG_PATH",
    "PKG_CONFIG_LIBDIR",
    "PKG_CONFIG_SYSROOT_DIR",
    "PKG_CONFIG_DISABLE_UNINSTALLED",
)
_VARIABLES = (*OCAML_VARIABLES, *_C_VARIABLES, "PATH", "REFMT", "REBEL_PROFILE", "XDG_CACHE_HOME", "HOME")


def identity(environ: Mapping[str, object], others: Iterable[str]) -> str:
    """A digest over this package, the variables in `environ` that compilers and findlib read, and `others`."""
    return text_digest(__version__, own_code(), *(f"{name}={environ.get(name)}" for name in _VARIABLES), *others)


_code: list[str] = []  # what `own_code` has found


def own_code() -> str:
    """A digest that changes with the code of this package, also in a checkout whose version stays the same."""
    if _code:
        return _code[0]
    _code.append(text_digest(stamps_text(own_files())))
    return _code[0]


def own_files() -> list[str]:
    """The files of this package that a build depends on."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [os.path.join(package, name) for name in ("cache", "memory", "ocaml", "plan", "project", "scons")]
    return sorted(entry.path for folder in folders for entry in os.scandir(folder) if entry.is_file())
