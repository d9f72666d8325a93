"""`--remote-executor` and RPython translations: what a translation needs is sent, and a worker makes the same."""

from __future__ import annotations

import os
import re

import pytest
from casd import running_casd
from user_project import Project

pytest.importorskip("grpc", reason="needs the extra `remote`: grpcio")

SCRIPT = """
import rebel_tools
env = Environment(tools=['default', 'rpython', 'remote'], toolpath=[rebel_tools.TOOLPATH],
                  RPYTHON_PYTHON={python!r}, RPYTHON_PATH={rpython!r}, SANDBOX_TOOLCHAIN=[{home!r}])
env.RPythonCore('core', 'core.py')
"""

# The module is found by listing a folder, so a first translation on a worker does not have it.
CORE = """import os
from importlib import import_module
from sepcomp import export

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'helpers')
NAMES = sorted(name for name in os.listdir(FOLDER) if name.endswith('.py') and name != '__init__.py')
triple = import_module('helpers.' + NAMES[0][:-3]).triple


@export(int)
def six(n):
    return triple(n) * 2
"""

COUNT = re.compile(r"remote cache: (\d+) commands, (\d+) of them from the cache, (\d+) on the executor")


def test_a_worker_makes_the_same_interface(toolchain, tmp_path) -> None:
    home = os.path.dirname(os.path.dirname(os.path.realpath(toolchain.python)))
    project = Project(tmp_path / "project")
    project.write("SConstruct", SCRIPT.format(python=toolchain.python, rpython=str(toolchain.rpython), home=home))
    project.write("core.py", CORE)
    project.write("helpers/__init__.py", "")
    project.write("helpers/one.py", "def triple(n):\n    return 3 * n\n")
    bound = [] if home == "/usr" else [f"--runner-arg=--ro-bind-mount={home}:{home}"]
    with running_casd(tmp_path / "casd", *bound) as casd:
        option = f"--remote-executor={casd.url}"
        run = project.scons(option)
        assert COUNT.search(run.err).groups() == ("1", "0", "0"), run.text
        names = ("core.interface", "core.templates", "core.exports", "core.d")
        here = {name: project.path(name).read_bytes() for name in names}
        project.path("libcore.so").unlink()
        run = project.scons(option)
        assert COUNT.search(run.err).groups() == ("1", "0", "1"), run.text
        assert {name: project.path(name).read_bytes() for name in names} == here
    assert project.up_to_date()
