"""The toolchain of the tool `rpython`: Python 2.7, the package rpython, and dependencies on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import rebel_tools
from rebel_tools.errors import MissingTool
from rebel_tools.rpython.python27 import require_python27
from rebel_tools.rpython.setup import has_rpython
from rebel_tools.scons.compat import Environment, Nodes

OURS = os.path.dirname(os.path.abspath(rebel_tools.__file__))
SEPCOMP = os.path.join(OURS, "rpython", "sepcomp")
CODEC = os.path.join(OURS, "interface", "codec.py")
"""A module that sepcomp loads, too."""

TOOLS = ".tools"


class Translation(NamedTuple):
    """What the command of a translation reads besides its dependencies.

    packages: files, and folders that are read whole. moved: the folders around them -> their names on a worker.
    listed: the folders whose names the last translation read.
    """

    packages: Sequence[str]
    moved: Mapping[str, str]
    listed: Callable[[], Iterable[str]]


def translation(env: Environment, listed: Callable[[], Iterable[str]]) -> Translation:
    rpython = env["RPYTHON_PATH"]
    return Translation((SEPCOMP, CODEC, rpython), {OURS: "rebel_tools", rpython: "rpython"}, listed)


def find_python27(env: Environment) -> str:
    """The Python 2.7 of an environment. Errors: MissingTool."""
    return require_python27(env.subst(env.get("RPYTHON_PYTHON", "")), _tools_folders(env))


def _tools_folders(env: Environment) -> tuple[str, ...]:
    """Folders in which `python -m rebel_tools.rpython.setup` may have installed: the project's, or ours."""
    return str(env.Dir("#" + TOOLS).abspath), os.path.join(os.path.dirname(OURS), TOOLS)


def require_rpython(env: Environment) -> str:
    """The folder that holds the rpython package. Errors: MissingTool."""
    chosen = env.subst("$RPYTHON_PATH") or os.environ.get("RPYTHON_PATH", "")
    if chosen:
        chosen = str(env.Dir(chosen).abspath)
        if not has_rpython(chosen):
            raise MissingTool(f"$RPYTHON_PATH: there is no rpython package in {chosen}")
        return chosen
    for folder in _tools_folders(env):
        if has_rpython(os.path.join(folder, "rpython")):
            return os.path.join(folder, "rpython")
    raise MissingTool(
        "the rpython package was not found",
        expected=f"it in {TOOLS}/rpython, or in the folder that $RPYTHON_PATH names",
        hint="python -m rebel_tools.rpython.setup",
    )


def depend_on_toolchain(env: Environment, targets: Nodes) -> None:
    """Depend on the translator: the sources of sepcomp, and the version of the rpython package."""
    env.Depends(targets, [env.File(str(path)) for path in (*sorted(Path(SEPCOMP).rglob("*.py")), CODEC)])
    env.Depends(targets, env.Value(_version_of(env["RPYTHON_PATH"])))


@cache
def _version_of(rpython: str) -> str:
    names = sorted(name for name in os.listdir(rpython) if name.startswith("rpython-") and name.endswith(".dist-info"))
    return names[0] if names else "checkout"
