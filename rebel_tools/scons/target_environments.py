"""The construction environments of a group of targets: for compiling packages, and for linking programs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from rebel_tools.ocaml.flags import LINK_ALL
from rebel_tools.plan.model import ARCHIVE, NATIVE
from rebel_tools.project.model import Flags, Package, Target
from rebel_tools.scons import profiles
from rebel_tools.scons.compat import Environment
from rebel_tools.scons.linker_choice import LOOKED_FOR, Choice, choose
from rebel_tools.scons.output import install_output
from rebel_tools.scons.package_environment import package_environment
from rebel_tools.scons.settings import config_of, environ_of, map_places

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession


class TargetEnvironments:
    """run: the session of the targets."""

    def __init__(self, run: TargetSession) -> None:
        self.run = run

    def of_package(
        self, package: Package, is_whole: bool = False, link: Iterable[str] = (), rewrites: bool = False
    ) -> Environment:
        """The environment of a package: its flags, and the findlib packages of its dependencies.

        is_whole: whether it is compiled for both engines. rewrites: whether it is compiled for programs that rewrite
        sources. For the rest see `package_environment`.
        """
        run = self.run
        used = (*run.project.closure(package), package)
        more = {**run.stubs.variables(package, used), **run.drivers.variables(package, used)}
        engines = [NATIVE] if rewrites else [run.engine, *(e for e in ARCHIVE if is_whole and e != run.engine)]
        flags = Flags() if rewrites else run.home.unstable_flags
        env = package_environment(run.base, run.project, package, engines, flags, more, link)
        self.prepare(env)
        return env

    def of_goal(self, target: Target, package: Package) -> Environment:
        """The environment in which the program or archive of a target is linked."""
        link = (*target.unstable_flags.link, *self._linker.words) if target.entry else ()
        env = self.of_package(package, target in self.run.project.as_library, link)
        return env.Override({LOOKED_FOR: self._linker.looked_for, **self._loading(target)})

    def prepare(self, env: Environment) -> None:
        """Set up an environment for the commands of this session."""
        install_output(env)
        map_places(env)

    @cached_property
    def whole(self) -> set[str]:
        """The names of the packages that are compiled for both engines: libraries, and if they are to be installed (see
        `outputs.library`) their dependencies, too.
        """
        run = self.run
        libraries = [goal.package for goal in run.goals if goal.target in run.project.as_library]
        used = (run.project.closure(package) for package in libraries if run.base[profiles.VARIABLE].installs)
        return {package.name for each in (libraries, *used) for package in each}

    @property
    def has_plugins(self) -> bool:
        """Whether native code can be loaded on this machine."""
        return config_of(self.run.base, "OCAMLC").get("supports_shared_libraries") == "true"

    @cached_property
    def _linker(self) -> Choice:
        return choose(self.run.project, environ_of(self.run.base))

    def _loading(self, target: Target) -> dict[str, str]:
        """Construction variables for the link of a program that loads plugins, and of a plugin."""
        hosts = {each.plugin for each in self.run.project.targets if each.package == target.package}
        if target.plugin and not target.has_program_elsewhere:
            return {"_OCAMLSTUBLINK": ""}  # the program has the stubs
        return {"_OCAMLHOST": LINK_ALL} if target.name.rpartition("/")[2] in hosts else {}
