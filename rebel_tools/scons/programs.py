"""`--package-programs`: whether building a package below node_modules may run programs that the package names.

These are preprocessors, commands of rules and of the linker, and refmt and bsc of the npm package bs-platform. Findlib
packages belong to the machine and not to a package, and so do ocamllex, ocamlyacc and menhir. docs/security.md says
what else a package can do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import SCons.Script

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.flags import first_program, first_program_of_c
from rebel_tools.project.document import Path, quoted
from rebel_tools.project.manifest import document_of
from rebel_tools.project.model import COMMAND, PREPROCESSOR, Flags, Package, Project
from rebel_tools.project.ppx import place_of
from rebel_tools.scons.compat import Environment
from rebel_tools.scons.options import Option
from rebel_tools.text import quote
from rebel_tools.tools import npm_package

ALL, LISTED, NONE = "all", "listed", "none"
KEY = "packagePrograms"

# The construction variable that holds the permission.
VARIABLE = "_PACKAGEPROGRAMS"


OPTION = Option(
    "--package-programs",
    "package_programs",
    "which packages below node_modules may run programs of their own: all (the default), those that are "
    f"listed under rebel.{KEY} in the package.json of the root package, or none",
    choices=(ALL, LISTED, NONE),
    default=ALL,
)


class Permission:
    """Which packages' programs may run: those of all packages, of the `listed` ones, or none."""

    def __init__(self, policy: str = ALL, listed: tuple[str, ...] = ()) -> None:
        self.policy = policy
        self.listed = listed

    def allows(self, package: str) -> bool:
        return self.policy == ALL or self.policy == LISTED and package in self.listed

    def hint(self, package: str) -> str:
        key = f'"rebel": {{"{KEY}": ["{package}"]}}'
        return f"if you trust it: {key} in your package.json, and --package-programs={LISTED}"


def permission(project: Project) -> Permission:
    """The user's permission for a project, after checking that its packages respect it. Errors: RebelError."""
    found = Permission(SCons.Script.GetOption("package_programs"), project.package_programs)
    if found.policy != ALL:
        for package in project.packages:
            if is_installed(package, project) and not found.allows(package.npm_name):
                _check(package, found)
            _check_started(package, project, found)
    return found


def _check_started(package: Package, project: Project, allowed: Permission) -> None:
    """Errors: RebelError if a package, also the user's own, runs a program of a package that is not permitted to."""
    for name in package.ppx.packages:
        owner = project.package(name)
        if is_installed(owner, project) and not allowed.allows(owner.npm_name):
            document = document_of(package)
            keys, is_key = place_of(document, name)
            raise document.error(
                keys,
                f"the package {name} rewrites sources",
                key=is_key,
                expected=f"no programs of such packages, because of --package-programs={allowed.policy}",
                hint=allowed.hint(owner.npm_name),
            )
    for rule in package.rules:
        if not rule.program:
            continue
        owner = project.package(rule.program[0])
        if is_installed(owner, project) and not allowed.allows(owner.npm_name):
            document = document_of(package)
            raise document.error(
                (*rule.command_keys, 0),
                f"{quote(rule.words[0])} is a program of the package {owner.name}",
                expected=f"no programs of such packages, because of --package-programs={allowed.policy}",
                hint=allowed.hint(owner.npm_name),
            )


def is_installed(package: Package, project: Project) -> bool:
    """Whether a package is below node_modules, and is neither the root package nor one of its workspace."""
    below = os.path.relpath(package.root, project.root.root)
    where = package.root if below.startswith("..") else below
    return package is not project.root and "node_modules" in where.split(os.sep)


def _check(package: Package, allowed: Permission) -> None:
    document = document_of(package)
    for keys, words, at in _programs(package):
        value: Any = document.value
        for key in keys:
            value = value[key]
        where: Path = (*keys, at) if isinstance(value, list) else keys
        said = quote(" ".join(words[at : at + 2]))
        raise document.error(
            where,
            f"the package {package.name} may start a program with {quoted(where)}, which is {said}",
            expected=f"nothing that starts one, because of --package-programs={allowed.policy}",
            hint=allowed.hint(package.npm_name),
        )


def _programs(package: Package) -> Iterator[tuple[Path, tuple[str, ...], int]]:
    """Where a package names programs: the keys of a list of words, the words, and the index of the program in them."""
    tables: list[tuple[Path, Flags]] = [(("rebel", "flags"), package.flags)]
    tables += [(("rebel", "profiles", name), flags) for name, flags in package.profiles]
    every: list[tuple[Path, tuple[str, ...]]] = []
    for keys, flags in tables:
        every += [((*keys, "dep"), flags.dep), ((*keys, "compile"), flags.compile), ((*keys, "link"), flags.link)]
    every += [(("rebel", "moduleFlags", module), words) for module, words in package.module_flags]
    for keys, words in every:
        at = first_program(words, linking=keys[-1] == "link")
        if at is not None:
            yield keys, words, at
    at = first_program_of_c(package.stubs.flags)
    if at is not None:
        yield ("rebel", "stubs", "flags"), package.stubs.flags, at
    for rule in package.rules:
        if rule.kind in (COMMAND, PREPROCESSOR):
            yield rule.command_keys, rule.words, 0


def check_tool(program: str, env: Environment) -> None:
    """Check a tool: one found in node_modules is a program of a package, too. Errors: RebelError."""
    package, allowed = npm_package(program), env.get(VARIABLE, Permission())
    if package is not None and not allowed.allows(package):
        name = os.path.basename(program).partition(".")[0]
        raise RebelError(
            f"{name} is a program of the package {package}: {program}",
            expected=f"no programs of such packages, because of --package-programs={allowed.policy}",
            hint=f"set {name.upper()} to one that you trust, or, " + allowed.hint(package),
        )
