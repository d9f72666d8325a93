"""A .cmt is written if anything changed that the types of its module depend on, and kept if only native code did.

Modules are compiled again for the native code of other modules only in the profile `release`.
"""

from __future__ import annotations

import json

import pytest

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

SCONSTRUCT = """
import rebel_tools
DefaultEnvironment(tools=[])
Environment(tools=["rebel"], toolpath=[rebel_tools.TOOLPATH]).Rebel(profile="release")
"""


@pytest.fixture
def app(project):
    project.write("SConstruct", SCONSTRUCT)
    project.write("package.json", json.dumps({"name": "app", "rebel": {}}))
    project.write("src/a.mli", "val x : int\n")
    project.write("src/a.ml", "let x = 1\n")
    project.write("src/index.ml", "let () = print_int A.x\n")
    project.scons()
    return project


def compilation(run) -> str:
    (line,) = (line for line in run.out.splitlines() if line.endswith("src/index.ml"))
    return line


CMT = "_build/_release/default/src/Default_Tar__Index.cmt"


def test_native_code_changes(app):
    before = app.path(CMT).stat()
    app.write("src/a.ml", "let x = 2\n")
    assert "-bin-annot" not in compilation(app.scons("verbose=1"))
    after = app.path(CMT).stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert app.run("_build/_release/default/src/app.out").out == "2" and app.up_to_date()


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.write("src/a.mli", "val x : int\nval y : int\n"),
        lambda project: project.write("src/index.ml", "let () = print_int (A.x + 1)\n"),
        lambda project: project.path(CMT).unlink(),
        lambda project: project.path(CMT).write_bytes(b""),
    ],
)
def test_more_than_native_code_changes(app, change):
    app.write("src/a.ml", "let x = 2\nlet y = 3\n")
    change(app)
    assert "-bin-annot" in compilation(app.scons("verbose=1"))
    incremental = app.path(CMT).read_bytes()
    app.scons("-c")
    app.scons()
    assert app.path(CMT).read_bytes() == incremental


def test_a_graph_of_all_steps_writes_it(app):
    """SCons removes a file that it knows as a target."""
    app.write("src/a.ml", "let x = 2\n")
    assert "-bin-annot" in compilation(app.scons("-k", "verbose=1"))
    assert app.path(CMT).exists()
