"""`--package-programs`: whether building a package below node_modules may start programs that the package names.

These are preprocessors (-pp, -ppx), commands of the linker, and refmt and bsc of the npm package bs-platform. What
findlib has installed is the machine's, and not a package's. docs/security.md says what else a package can do.
"""

from __future__ import annotations

import os
from functools import cache

import SCons.Script

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.flags import first_program
from rebel_tools.project.document import Path, quoted, read_document
from rebel_tools.project.model import Package, Project
from rebel_tools.text import quote
from rebel_tools.tools import npm_package

ALL, LISTED, NONE = "all", "listed", "none"
KEY = "packagePrograms"

# The construction variable that holds the permission.
VARIABLE = "_PACKAGEPROGRAMS"


@cache
def add_option() -> None:
    """Add the option to SCons' own."""
    SCons.Script.AddOption(
        "--package-programs",
        dest="package_programs",
        choices=[ALL, LISTED, NONE],
        default=ALL,
        help="which packages below node_modules may have programs of theirs run: all (the default), those that are "
        f"listed under rebel.{KEY} in the package.json of the root package, or none",
    )


class Permission:
    """Whose programs may run: those of all packages, of the `listed` ones, or none."""

    def __init__(self, policy: str = ALL, listed: tuple[str, ...] = ()) -> None:
        self.policy = policy
        self.listed = listed

    def allows(self, package: str) -> bool:
        return self.policy == ALL or self.policy == LISTED and package in self.listed

    def hint(self, package: str) -> str:
        key = f'"rebel": {{"{KEY}": ["{package}"]}}'
        return f"if you trust it: {key} in your package.json, and --package-programs={LISTED}"


def permission(project: Project) -> Permission:
    """What the user said for a project, after a check that its packages keep to it. Errors: RebelError."""
    found = Permission(SCons.Script.GetOption("package_programs"), project.package_programs)
    if found.policy != ALL:
        for package in project.packages:
            if is_installed(package, project) and not found.allows(package.name):
                _check(package, found)
    return found


def is_installed(package: Package, project: Project) -> bool:
    """Whether a package lies below node_modules, and is not the root package or one of its workspace."""
    below = os.path.relpath(package.root, project.root.root)
    where = package.root if below.startswith("..") else below
    return package is not project.root and "node_modules" in where.split(os.sep)


def _check(package: Package, allowed: Permission) -> None:
    for key, words in (("dep", package.flags.dep), ("compile", package.flags.compile), ("link", package.flags.link)):
        at = first_program(words, linking=key == "link")
        if at is not None:
            raise _refusal(package, key, at, words, allowed)


def _refusal(package: Package, key: str, at: int, words: tuple[str, ...], allowed: Permission) -> RebelError:
    document = read_document(os.path.join(package.root, "package.json"))
    keys: Path = ("rebel", "flags", key)
    if isinstance(document.value["rebel"]["flags"][key], list):
        keys = (*keys, at)
    said = quote(" ".join(words[at : at + 2]))
    return document.error(
        keys,
        f"the package {package.name} may start a program with {quoted(keys)}, which is {said}",
        expected=f"flags that start none, because of --package-programs={allowed.policy}",
        hint=allowed.hint(package.name),
    )


def check_tool(program: str, env) -> None:
    """A tool that was found in node_modules is a program of a package, too. Errors: RebelError."""
    package, allowed = npm_package(program), env.get(VARIABLE, Permission())
    if package is not None and not allowed.allows(package):
        name = os.path.basename(program).partition(".")[0]
        raise RebelError(
            f"{name} is a program of the package {package}: {program}",
            expected=f"no programs of such packages, because of --package-programs={allowed.policy}",
            hint=f"set {name.upper()} to one that you trust, or, " + allowed.hint(package),
        )
