"""The names of the modules of a package, for compilers and for its users."""

from __future__ import annotations

from rebel_tools.ocaml.names import Naming
from rebel_tools.project.model import Package, Target


def top_level(package: Package, target: Target) -> Package:
    """The root package as part of one of its targets: the modules of a program have no users outside it."""
    if target.is_library:
        return package
    return package._replace(module=target.module, public_module=False, wrapped=True, private=())


def naming(package: Package) -> Naming:
    """How the modules of a package are named."""
    module, private = package.module, frozenset(package.private)
    if package.public_module:
        return Naming(f"{module}__", public=module)
    if not package.wrapped:
        return Naming(f"{module}__", private=private, wrapped=False)
    return Naming(f"{module}__", face=module, private=private) if private else Naming(module)
