"""Checks plugins against the program that loads them when they are linked, instead of at run time."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

from rebel_tools.errors import RebelError
from rebel_tools.memory.stamp import stamp
from rebel_tools.ocaml import loaded
from rebel_tools.ocaml.imports import read_imports
from rebel_tools.plan.model import NATIVE
from rebel_tools.plan.step import LinkPlugin
from rebel_tools.project.document import Document, Path
from rebel_tools.project.manifest import document_of
from rebel_tools.project.model import Package, Target
from rebel_tools.scons.compat import Nodes
from rebel_tools.scons.failures import refusal
from rebel_tools.scons.session import Session
from rebel_tools.scons.target import TargetSession
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.text import quote


def check(run: Session, step: LinkPlugin, target: Nodes) -> None:
    """Remove a plugin that its program cannot load. Errors: BuildError, with the key in package.json that names the
    program where there is one.
    """
    goals = [goal for goal in run.goals if goal.step is step] if isinstance(run, TargetSession) else []
    top = run.plan.disk.root
    if isinstance(run, TargetSession) and goals and goals[0].target.plugin:
        host = host_path(run, goals[0].target, goals[0].package)
    elif step.host and not goals:
        host = os.path.join(top, step.host.key)
    else:
        return  # the archive of a package
    path, shown = os.path.join(top, step.key), os.path.relpath(host, top)
    try:
        found = list(loaded.differences(units_of(host, step.engine), _plugin(path, step.engine)))
    except (RebelError, OSError) as error:
        TERMINAL.say(sys.stderr, f"rebel: warning: {step.key} is not checked against {shown}: {error}\n")
        return
    if found:
        os.unlink(path)
        refused = _error(goals[0].target, goals[0].package, shown) if goals else RebelError(_message(shown, step.key))
        refused.expected = "units compiled against the same interfaces, and linked into the program"
        refused.hint = "build both from the same packages, and link the program with -linkall"
        refused.details = tuple(found[:20])
        raise refusal(target[0], refused)


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


def _error(target: Target, package: Package, host: str) -> RebelError:
    document, keys = _place(target, package)
    return document.error(keys, _message(host, target.name))


def _message(host: str, plugin: str) -> str:
    return f"the program {quote(host)} cannot load the plugin {quote(plugin)}"
