"""Checks plugins against the program that loads them when they are linked, instead of at run time."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from rebel_tools.errors import RebelError
from rebel_tools.memory.stamp import stamp
from rebel_tools.ocaml import loaded
from rebel_tools.ocaml.imports import read_imports
from rebel_tools.plan.model import NATIVE
from rebel_tools.plan.step import Step
from rebel_tools.project.document import Document, Path
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.manifest import document_of
from rebel_tools.project.model import Package, Target
from rebel_tools.scons.compat import Nodes
from rebel_tools.scons.failures import refusal
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.text import quote

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession


def check(run: TargetSession, step: Step, target: Nodes) -> None:
    """Remove a plugin that its program cannot load. Errors: BuildError with the key that names the program."""
    goal = next((goal for goal in run.goals if goal.step is step), None)
    if goal is None or not goal.target.plugin:
        return  # the archive of a package
    path, host = os.path.join(run.top, step.key), host_path(run, goal.target, goal.package)
    try:
        found = list(loaded.differences(units_of(host, step.engine), _plugin(path, step.engine)))
    except (RebelError, OSError) as error:
        TERMINAL.say(sys.stderr, f"rebel: warning: {step.key} is not checked against {run.relative(host)}: {error}\n")
        return
    if found:
        os.unlink(path)
        raise refusal(target[0], _error(goal.target, goal.package, run.relative(host), found))


def host_path(run: TargetSession, target: Target, package: Package) -> str:
    """The path of the program that loads a plugin."""
    if target.has_program_elsewhere:
        return os.path.normpath(os.path.join(package.root, target.plugin))
    return os.path.join(run.top, run.goal_of(target).path)


def units_of_program_elsewhere(run: TargetSession, target: Target, package: Package) -> set[str]:
    """The units of a program of another project. Errors: ProjectError at the key if it cannot be read."""
    path = host_path(run, target, package)
    try:
        engine = run.engine
        return {name for name, unit in units_of(path, engine).items() if unit.is_linked}
    except OSError as error:
        why = error.strerror
    except RebelError as error:
        why = error.message
    document, keys = _place(target, package)
    message = f"the program {quote(target.plugin)} cannot be read: {why}"
    raise document.error(keys, message, expected="an OCaml program that has been built, for the same engine")


def units_of(path: str, engine: str) -> dict[str, loaded.Unit]:
    """The units of a program. Errors: OSError, RebelError."""
    return _units(path, engine, str(stamp(path)))


@cache
def _units(path: str, engine: str, now: str) -> dict[str, loaded.Unit]:
    if engine == NATIVE:
        return loaded.program_units(_contents(path, loaded.PROGRAM_SYMBOL), path)
    with open(path, "rb") as file:
        return loaded.bytecode_program(file.read(), path)


def _plugin(path: str, engine: str) -> list[loaded.Wanted]:
    if engine == NATIVE:
        return loaded.plugin_units(_contents(path, loaded.PLUGIN_SYMBOL), path)
    return loaded.bytecode_plugin(read_imports(path))


def _contents(path: str, symbol: str) -> bytes:
    """The marshalled value at a symbol."""
    from rebel_tools.binary.library import open_library  # imported late: most projects have no plugins

    with open(path, "rb"):  # raises OSError if there is none
        pass
    with open_library(path) as library:
        export = next((each for each in library.table.exports if each.name == symbol), None)
        if export is None:
            raise RebelError(f"{path} has no symbol {symbol}", expected="a program or plugin of ocamlopt")
        size = loaded.marshalled_size(library.contents(export, 32), path)
        return library.contents(export, size)


def _place(target: Target, package: Package) -> tuple[Document, Path]:
    """The document, and the keys with which a target names its host program."""
    document = document_of(package)
    name = target.name.rpartition("/")[2]
    value: Any = document.value  # it has been checked
    rows = value["rebel"]["targets"]
    index = next(at for at, row in enumerate(rows) if row.get("target", "default") == name)
    keys: Path = ("rebel", "targets", index, "plugin")
    return document, keys


def _error(target: Target, package: Package, host: str, found: list[str]) -> ProjectError:
    document, keys = _place(target, package)
    error = document.error(
        keys,
        f'the program {quote(host)} cannot load the plugin "{target.name}"',
        expected="units compiled against the same interfaces, and linked into the program",
        hint="build both from the same packages, and link the program with -linkall",
    )
    error.details = tuple(found[:20])
    return error
