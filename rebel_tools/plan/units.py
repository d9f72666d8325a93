"""Checks that unit names are unique: compilers take the first of two units with one name, and linkers reject both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Callable, NamedTuple

from rebel_tools.errors import Place, RebelError
from rebel_tools.plan.model import Scope


class Namespace(NamedTuple):
    """The units that one program or package contributes to a program.

    name: as its users write it, or ''.
    units: returns the source of each unit by its name for compilers; for an alias module, the folder.
    """

    name: str
    units: Callable[[], Mapping[str, str]]


def namespace_of(scope: Scope) -> Namespace:
    def units() -> dict[str, str]:
        generated = {module.object: scope.outdir for module in scope.generated}
        return {**generated, **{module.object: module.sources[-1] for module in scope.modules.values()}}

    return Namespace(scope.naming.title, units)


def check_units(namespaces: Iterable[Namespace]) -> None:
    """Errors: RebelError that names both files when two of the `namespaces` of one program have a unit in common."""
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
    """Whether the names of the namespaces alone prove that no unit occurs twice.

    A unit is named by its namespace, `__` and its module, so it is ambiguous only if one namespace contains `__`.
    """
    names = [namespace.name for namespace in namespaces]
    return all(names) and len(set(names)) == len(names) and not any("__" in name for name in names)


def _error(unit: str, *found: tuple[str, Namespace]) -> RebelError:
    described = [f"{file} of {namespace.name}" if namespace.name else file for file, namespace in found]
    return RebelError(
        f"two modules have the compilation unit name {unit}: {' and '.join(described)}",
        place=Place(found[-1][0]),
        expected="one unit of each name in a program",
        hint="rename one of them, or its package",
    )
