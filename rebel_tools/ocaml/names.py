"""How files become OCaml modules: `src/deep/my-thing/fooBar.re` is the module `FooBar`, its object `Pkg__FooBar`."""

from __future__ import annotations

import os

IMPLEMENTATIONS = (".ml", ".re")
INTERFACES = (".mli", ".rei")
SUFFIXES = IMPLEMENTATIONS + INTERFACES


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
