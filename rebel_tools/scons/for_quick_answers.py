"""Stores, at the end of a build, what `rebel build` can check instead of loading SCons."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Union

from rebel_tools.memory import up_to_date
from rebel_tools.memory.question import question
from rebel_tools.project.model import Project
from rebel_tools.scons import build_folder, report, saving, shared
from rebel_tools.scons.target import TargetSession
from rebel_tools.sconstruct import BUILD_FOLDER, rebel_arguments

if TYPE_CHECKING:
    from rebel_tools.scons.bucklescript import BuckleScriptTargets

    # Classes that make the nodes of a group of targets.
    Run = Union[TargetSession, BuckleScriptTargets]


def store_at_the_end(project: Project, sessions: list[tuple[str, Run]]) -> None:
    """When all sessions have finished, store what `rebel build` can check instead of loading SCons.

    sessions: to be filled; if one of the default targets has none, an exception has occurred.
    """
    folder = build_folder.folder_of(project.root.root)
    up_to_date.forget(folder)
    arguments = rebel_arguments(sys.argv[1:])
    if arguments is None or project.warnings:
        return
    asked = question(arguments, os.environ)
    if asked is not None and all(target.engine in ("native", "byte") for target in project.default_targets):
        saving.at_the_end(lambda: _store(folder, asked, sessions, len(project.default_targets)))


def _store(folder: str, asked: str, sessions: list[tuple[str, Run]], wanted: int) -> None:
    if len(sessions) == wanted:
        made = [path for path, _ in sessions]
        runs = {run.memory.manifest.path: run for _, run in sessions if isinstance(run, TargetSession)}
        said = {(each.about, each.text): each.target for run in runs.values() for each in run.said()}
        result = report.up_to_date(made, report.warnings(text for _, text in said))
        summary = up_to_date.Summary(result, made, [(said[each], each[1]) for each in sorted(said)])
        up_to_date.remember(folder, asked, {path: run.memory.identity for path, run in runs.items()}, summary)
        if folder == os.path.join(os.getcwd(), BUILD_FOLDER):
            shared.keep_build(list(runs.values()), summary)
