"""One table of unit names: of two units of one name a compiler takes whichever it finds first, and a linker neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Callable, NamedTuple

from rebel_tools.errors import Place, RebelError
from rebel_tools.plan.model import Scope


class Namespace(NamedTuple):
    """What one program or package contributes to a program.

    name: as its users write it, '' for none.
    units: gives the source of each unit, by the name that it has for compilers; of an alias module the folder.
    """

    name: str
    units: Callable[[], Mapping[str, str]]


def namespace_of(scope: Scope) -> Namespace:
    def units() -> dict[str, str]:
        generated = {module.object: scope.outdir for module in scope.generated}
        return {**generated, **{module.object: module.sources[-1] for module in scope.modules.values()}}

    return Namespace(scope.naming.title, units)


def check_units(namespaces: Iterable[Namespace]) -> None:
    """RebelError that names both files when two of the `namespaces` of one program have a unit in common."""
    namespaces = list(namespaces)
    if _are_apart(namespaces):
        return
    first: dict[str, tuple[str, Namespace]] = {}
    for namespace in namespaces:
        for unit, file in namespace.units().items():
            other = first.setdefault(unit, (file, namespace))
            if other[1] is not namespace:
                raise _error(unit, other, (file, namespace))


def _are_apart(namespaces: list[Namespace]) -> bool:
    """Whether their names alone tell that no unit is there twice.

    A unit is a namespace, `__` and a module. It is another namespace's as well only if one of the two has `__` inside.
    """
    names = [namespace.name for namespace in namespaces]
    return all(names) and len(set(names)) == len(names) and not any("__" in name for name in names)


def _error(unit: str, *found: tuple[str, Namespace]) -> RebelError:
    described = [f"{file} of {namespace.name}" if namespace.name else file for file, namespace in found]
    return RebelError(
        f"two modules are the compilation unit {unit}: {' and '.join(described)}",
        place=Place(found[-1][0]),
        expected="one unit of a name in a program",
        hint="rename one of them, or its package",
    )
