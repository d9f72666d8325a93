"""When the files for editors of a group of targets are written, and when they are removed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rebel_tools.ocaml.editors import FILE
from rebel_tools.scons import build_folder, profiles

if TYPE_CHECKING:
    from rebel_tools.scons.goals import Goal
    from rebel_tools.scons.target import TargetSession


class ForEditors:
    """The files of the group whose session is `run`."""

    def __init__(self, run: TargetSession) -> None:
        self.run = run

    @property
    def goals(self) -> list[Goal]:
        """There is one .merlin in a folder; it is about the first default target of the package there, which comes
        before its libraries.
        """
        project = self.run.project
        first = {project.package_of(target).root: target for target in reversed(project.default_targets)}
        return [goal for goal in self.run.goals if first.get(goal.package.root) == goal.target]

    @property
    def are_written(self) -> bool:
        return bool(self.goals) and self.run.base[profiles.VARIABLE].writes_for_editors

    @property
    def files(self) -> list[str]:
        """The paths of the files that are written."""
        if not self.are_written:
            return []
        merlin = (os.path.join(goal.package.root, ".merlin") for goal in self.goals)
        return [*merlin, os.path.join(self.run.top, self.run.folder, FILE)]

    def write(self) -> None:
        from rebel_tools.scons.editors import tell_areas, write_for_editors

        run = self.run
        environments = {scope: run.environments[scope] for scope in run.plan.scopes}
        for goal in () if build_folder.chosen() else self.goals:  # nothing is written beside the sources
            packages, scope = (*run.project.closure(goal.package), goal.package), goal.last_step.scope
            write_for_editors(packages, scope, environments[scope], goal.target, run.top, run.folder)
        tell_areas(environments, run.top, run.folder)

    def remove(self) -> None:
        if not build_folder.chosen():
            from rebel_tools.scons.editors import remove_for_editors

            for goal in self.goals:
                remove_for_editors(goal.package)
