"""How files become OCaml modules: `src/deep/my-thing/fooBar.re` is the module `FooBar`, its object `Pkg__FooBar`."""

from __future__ import annotations

import os
from typing import NamedTuple

IMPLEMENTATIONS = (".ml", ".re")
INTERFACES = (".mli", ".rei")
SUFFIXES = IMPLEMENTATIONS + INTERFACES

# Units of the standard library that a compilation may read even if its source names nothing.
INITIAL = ("Stdlib", "CamlinternalFormatBasics", "CamlinternalLazy", "CamlinternalMod", "CamlinternalOO")


def module_name(path: str) -> str:
    """The module that the compiler makes of a source file: its base name with a capital first letter."""
    base = os.path.basename(path).split(".", 1)[0]
    return base[:1].upper() + base[1:]


def is_interface(path: str) -> bool:
    return path.endswith(INTERFACES)


def is_reason(path: str) -> bool:
    return path.endswith((".re", ".rei"))


def object_name(namespace: str, module: str) -> str:
    """The name of a compilation unit inside a namespace. A trailing `__` of the namespace is the separator itself."""
    if not namespace:
        return module
    return namespace + module if namespace.endswith("__") else f"{namespace}__{module}"


class Naming(NamedTuple):
    """How the modules of one package or program are named, for compilers and for its users.

    namespace: the generated alias module that its own sources open, '' if units keep their short names. With `__` at
        its end it is not for users.
    public: the handwritten module that is the public interface of a package (`foo.ml` of package `foo`), or ''.
    face: the generated module with aliases of all modules that are not private, or ''.
    private: the modules that are not visible to users.
    wrapped: whether the names of all units are prefixed with the namespace; otherwise only those of private modules
        are, and users refer to the others as the sources of the package do.
    """

    namespace: str
    public: str = ""
    face: str = ""
    private: frozenset[str] = frozenset()
    wrapped: bool = True

    def unit(self, module: str) -> str:
        """The name of a module's compilation unit."""
        is_short = module == self.public or not self.wrapped and module not in self.private
        return module if is_short else object_name(self.namespace, module)

    def is_visible(self, module: str) -> bool:
        """Whether users can name a module."""
        return module not in self.private and self.public in ("", module)

    @property
    def title(self) -> str:
        """The module that represents all of them, or ''."""
        return (self.public or self.face or self.namespace.removesuffix("__")) if self.wrapped else ""
