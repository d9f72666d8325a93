"""A small tree of C, and questions to `rebel scons` in it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

SCONSTRUCT = """\
env = Environment(CPPPATH=['include'])
env.Program('prog', Glob('src/*.c'))
"""


def cache(project) -> Path:
    """The user's cache folder, outside the tree."""
    return project.root.parent / f"{project.root.name}-cache"


def run(project, *arguments: str, rc: int | None = 0, **environ: str):
    environ.setdefault("XDG_CACHE_HOME", str(cache(project)))
    return project.run(sys.executable, "-m", "rebel_tools", "scons", "--explain", *arguments, rc=rc, env=environ)


def why_asked(project, *arguments: str, rc: int | None = 0, **environ: str) -> str:
    """Why SCons was run; '' if it was not."""
    return run(project, *arguments, rc=rc, **environ).err.partition("running scons: ")[2]


def settle(project, *arguments: str, **environ: str) -> None:
    """Build, and run once more without work, so that the next answer does not need SCons."""
    time.sleep(0.04)  # a run proves nothing about files that are younger than a tick of the clock
    run(project, *arguments, **environ)
    run(project, *arguments, **environ)
    assert why_asked(project, *arguments, **environ) == ""
