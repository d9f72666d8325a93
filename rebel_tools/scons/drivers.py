"""The programs that rewrite sources: one for each set of ppx rewriters, shared by all packages that have the set.

A program is linked from the archives of its rewriters, of findlib and of the project, and a main module that calls
ppxlib. Compilers and ocamldep run it with `-ppx`. Rewriters of the project, and their dependencies, are always compiled
to native code; if the target has flags of its own, or another engine, they are compiled separately for this purpose.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from rebel_tools.errors import RebelError
from rebel_tools.memory.hashes import text_digest
from rebel_tools.ocaml.flags import LINK_ALL
from rebel_tools.ocaml.names import Naming
from rebel_tools.ocaml.reason import DATA
from rebel_tools.ocaml.toolchain import FindlibError
from rebel_tools.plan.model import NATIVE, Scope
from rebel_tools.plan.step import Link
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.manifest import document_of
from rebel_tools.project.model import Package
from rebel_tools.project.ppx import place_of
from rebel_tools.scons.compat import Nodes
from rebel_tools.scons.scopes import library_step, program_step
from rebel_tools.scons.settings import settings
from rebel_tools.scons.words import extended

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession

MAIN = os.path.join(DATA, "rebel_ppx_driver.ml")
LIBRARY = "ppxlib"
_FOLDER = ".ppx"
_LONGEST = 120


class Driver(NamedTuple):
    """scope: of its main module; step: the link."""

    scope: Scope
    step: Link


class Drivers:
    """run: the session of the targets."""

    def __init__(self, run: TargetSession) -> None:
        self.run = run
        self._scopes: dict[str, Scope] = {}
        self._drivers: dict[tuple[str, ...], Driver] = {}

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        """The packages whose sources are rewritten."""
        return tuple(package for package in self.run.packages if package.ppx.names)

    def _folder(self, names: tuple[str, ...]) -> str:
        name = "+".join(name.replace("/", "=") for name in names)
        return f"{self.run.rules.folder}/{_FOLDER}/{name if len(name) < _LONGEST else text_digest(*names)}"

    def _path(self, package: Package) -> str:
        return f"{self._folder(package.ppx.names)}/driver.out"

    def variables(self, package: Package, used: tuple[Package, ...]) -> dict[str, object]:
        """Construction variables of the environment of a package. used: it and all of its dependencies."""
        names = {name for each in used for name in each.ppx.findlib} - {*package.ocamlfind}
        found: dict[str, object] = {"_OCAMLREWRITERS": tuple(names)} if names else {}
        if package.ppx.names:
            found["_OCAMLPPX"] = (self._path(package), "--as-ppx", *package.ppx.flags)
        return found

    # In the plan

    def add(self, package: Package) -> None:
        """Add the program for a package to the plan, if it needs one that is not in it. Errors: ProjectError."""
        names = package.ppx.names
        if names and names not in self._drivers:
            try:
                self._drivers[names] = self._driver(package)
            except FindlibError as error:
                raise self.at_its_key(error, package) or error from None

    def _driver(self, package: Package) -> Driver:
        run, names = self.run, package.ppx.names
        rewriters = [run.project.package(name) for name in package.ppx.packages]
        every = dict.fromkeys(each for one in rewriters for each in (*run.project.closure(one), one))
        uses = [self._scope(each) for each in every]
        libraries = [*package.ppx.findlib, *(name for each in every for name in each.ocamlfind), LIBRARY]
        base = run.base
        env = base.Override(
            {
                "OCAMLENGINES": [NATIVE],
                "OCAMLPACKAGES": extended([], dict.fromkeys(libraries)),
                "OCAMLLINKFLAGS": extended(base["OCAMLLINKFLAGS"], [LINK_ALL]),
                "_OCAMLDRIVER": True,
            }
        )
        run.target_environments.prepare(env)
        folder = self._folder(names)
        scope = Scope(folder, Naming(""), (NATIVE,), settings(env), tuple(uses))
        module = scope.add("Rebel_ppx_driver", MAIN, None)
        run.add_scope(scope, env)
        run.plan.add_scope(scope)
        return Driver(scope, program_step(env, run, scope, f"{folder}/driver.out", (), module))

    @cached_property
    def _is_shared(self) -> bool:
        """Whether the packages as compiled for programs can also be linked into rewriters."""
        flags = self.run.home.unstable_flags
        return self.run.engine == NATIVE and not (flags.dep or flags.compile or flags.envvars)

    def _scope(self, package: Package) -> Scope:
        """The scope of a rewriter or of one of its dependencies, with its archive in the plan."""
        if package.name not in self._scopes:
            uses = {each.name: self._scope(each) for each in self.run.project.closure(package)}
            if self._is_shared:
                scope = self.run.packages_in_plan.library(package)
            else:
                outdir = f"{self.run.rules.folder}/{_FOLDER}/.lib/{package.name}"
                scope = self.run.packages_in_plan.rewriter(package, outdir, uses)
            self._scopes[package.name] = scope
            library_step(self.run.environments[scope], self.run, scope, NATIVE, scope.path(package.module))
        return self._scopes[package.name]

    def with_rewriters(self, scopes: set[Scope]) -> set[Scope]:
        """These scopes, and those of the programs that rewrite their sources."""
        found: set[Scope] = set()
        todo = list(scopes)
        while todo:
            scope = todo.pop()
            if scope not in found:
                found.add(scope)
                driver = self._driver_of(scope)
                todo += [driver.scope, *driver.scope.uses] if driver else []
        return found

    def _driver_of(self, scope: Scope) -> Driver | None:
        package = self.run.package_of.get(scope)
        return self._drivers.get(package.ppx.names) if package else None

    @property
    def steps(self) -> list[Link]:
        return [driver.step for driver in self._drivers.values()]

    # Nodes

    def nodes(self) -> Nodes:
        return [self.run.node(step) for step in self.steps]

    def nodes_for(self, scope: Scope) -> Nodes:
        """The program that rewrites the sources of a scope."""
        driver = self._driver_of(scope)
        return [self.run.node(driver.step)] if driver else []

    @property
    def paths(self) -> set[str]:
        """The paths of the programs, relative to the folder of the SConstruct."""
        return {step.key for step in self.steps}

    # Errors

    def at_its_key(self, error: FindlibError, package: Package) -> RebelError | None:
        """The error about a missing findlib package at the key of package.json that names it; None if none does."""
        every = {**self.run.project.rewriters([package]), package.name: package}
        used = (*self.run.project.closure(package), *every.values())
        owners = [each for each in reversed(used) if error.package in (*each.ocamlfind, *each.ppx.findlib)]
        return _at_key(error, owners[0]) if owners and error.package else None


def _at_key(error: FindlibError, package: Package) -> ProjectError:
    document = document_of(package)
    keys, is_key = place_of(document, error.package)
    message, hint = error.message, error.hint
    if keys[1:2] == ("ppx",):
        message = f'the ppx rewriter "{error.package}" is neither a package in `dependencies` nor a findlib package'
    return document.error(keys, message, key=is_key, expected=error.expected, hint=hint)
