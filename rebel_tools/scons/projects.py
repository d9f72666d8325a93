"""Projects that a resident process reads in its idle time, for the next build."""

from __future__ import annotations

import os
import time

from rebel_tools.memory.stamp import Stamp, stamp, stamps_before
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.load import load_project
from rebel_tools.project.model import Project

ASKED: list[str] = []  # the root packages that this process has asked for
_ready: dict[str, tuple[Project, dict[str, Stamp], list[str | None]]] = {}


def project_of(root: str, consulted: set[str]) -> Project:
    """Like load_project, without reading what was read ahead and has not changed since."""
    ASKED.append(root)
    if not _is_ready(root):
        return load_project(root, consulted)
    project, *_ = _ready.pop(root)
    consulted.update(project.consulted)
    return project


def prepare(root: str) -> None:
    """Load a project ahead of its build. One with an error is dropped: the build loads it again and reports it."""
    if _is_ready(root):
        return
    started = time.time_ns()
    try:
        project = load_project(root)
    except ProjectError:
        return
    stamps = stamps_before(project.consulted, started)
    if stamps:
        _ready[root] = project, stamps, _environment()


def _is_ready(root: str) -> bool:
    if root not in _ready:
        return False
    _, stamps, environment = _ready[root]
    return environment == _environment() and all(stamp(path) == known for path, known in stamps.items())


def _environment() -> list[str | None]:
    """What determines a project besides files: where findlib looks for libraries in `rebel.select`."""
    return [os.environ.get(name) for name in ("PATH", "OCAMLPATH", "OCAMLFIND", "OCAMLFIND_CONF")]
