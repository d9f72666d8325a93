"""Where a build has put what it made of a project, as `scons/target.py` and `scons/goals.py` decide it."""

from __future__ import annotations

import os
from typing import NamedTuple

from rebel_tools.project.groups import Group, groups_of
from rebel_tools.project.model import Package, Project, Source, Target

GENERATED = ".generated"
"""Below the folder of a group, what rules of packages have made."""

ARCHIVE = {"native": ".cmxa", "byte": ".cma"}
_PROGRAM = {"jsoo": ".js", "bucklescript": ".js"}


class Places(NamedTuple):
    """build: the folder for all that is built (`_build`), as an absolute path; profile: that of a profile below it,
    with a `/` at its end, or ''.
    """

    project: Project
    build: str
    profile: str = ""

    def folder(self, target: Target) -> str:
        return os.path.join(self.build, self.profile + target.name)

    def group(self, target: Target) -> Group:
        """The targets that share what is compiled with this one."""
        return next(group for group in groups_of(self.project) if target in group.targets)

    def program(self, target: Target) -> str:
        """The path of a program."""
        return os.path.join(self.folder(target), "src", f"app{_PROGRAM.get(target.engine, '.out')}")

    def units(self, package: Package, target: Target) -> str:
        """The folder of the compiled files of a package, as those have them who use it; target: one of these."""
        group = self.group(target)
        own = (each for each in group.targets if each.is_library and self.project.package_of(each) is package)
        return os.path.join(self.folder(next(own, group.home)), package.name)

    def stubs(self, package: Package, target: Target) -> str:
        """The folder of what is made of the C of a package."""
        return os.path.join(self.folder(self.group(target).home), package.name)

    def source(self, package: Package, target: Target, source: Source) -> str:
        """The path of a source, which may be made by a rule."""
        if not source.made:
            return os.path.join(package.root, source.path)
        return os.path.join(self.folder(self.group(target).home), GENERATED, package.name, source.made)
