"""Which targets can share compiled files: those with the same compiler and the same flags for it."""

from __future__ import annotations

from typing import NamedTuple

from rebel_tools.project.model import Project, Target

# js_of_ocaml translates the bytecode that ocamlc makes.
_COMPILERS = {"jsoo": "byte"}


class Group(NamedTuple):
    """Targets that differ only in what they link, and how.

    targets: in the order of package.json.
    home: the target whose folder holds the shared files: the first one that is built by default, or the first.
    """

    targets: tuple[Target, ...]
    home: Target


def groups_of(project: Project) -> tuple[Group, ...]:
    """All targets of a project, `check` and tests included, each in one group, in the order of their first targets."""
    found: dict[object, list[Target]] = {}
    for target in project.every_target:
        found.setdefault(_key(target), []).append(target)
    return tuple(_group(targets, project) for targets in found.values())


def _key(target: Target) -> object:
    flags = target.unstable_flags
    apart = target.package if target.engine == "bucklescript" else ""
    return _COMPILERS.get(target.engine, target.engine), apart, flags.dep, flags.compile, flags.envvars


def _group(targets: list[Target], project: Project) -> Group:
    default = [target for target in targets if target in project.default_targets]
    return Group(tuple(targets), (default or targets)[0])
