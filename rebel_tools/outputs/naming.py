"""What the modules of a package are called, by compilers and by its users."""

from __future__ import annotations

from rebel_tools.ocaml.names import Naming
from rebel_tools.project.model import Package, Target


def top_level(package: Package, target: Target) -> Package:
    """The root package as one of its targets has it: nobody uses the modules of a program from outside."""
    if target.is_library:
        return package
    return package._replace(module=target.module, public_module=False, wrapped=True, private=())


def naming(package: Package) -> Naming:
    """What the modules of a package are called."""
    module, private = package.module, frozenset(package.private)
    if package.public_module:
        return Naming(f"{module}__", public=module)
    if not package.wrapped:
        return Naming(f"{module}__", private=private, wrapped=False)
    return Naming(f"{module}__", face=module, private=private) if private else Naming(module)
