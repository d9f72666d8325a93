"""`rebel build` does not start scons if there is nothing to do, and does start it after any change that may matter."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest
from needs import needs_reason
from user_project import ROOT, unquoted

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

NOTHING = "_build/default/src/app.out is up to date\n"


@pytest.fixture
def app(project):
    """A built project with one package, whose .merlin files exist and whose manifest holds."""
    project.write("package.json", json.dumps({"name": "app", "dependencies": {"dep": "*"}, "rebel": {}}))
    project.write("node_modules/dep/package.json", json.dumps({"name": "dep", "rebel": {}}))
    project.write("node_modules/dep/src/a.ml", "let x = 1\n")
    project.write("src/index.ml", "let () = print_int Dep.A.x\n")
    build(project)
    build(project)  # with sources that are younger than the first build, it cannot be sure
    assert build(project) == NOTHING
    return project


def build(project, *arguments, **options) -> str:
    return project.run(sys.executable, "-m", "rebel_tools", "build", *arguments, **options).text


def starts_scons(project, *arguments, **options) -> bool:
    return "done reading SConscript files" in build(project, "--verbose", *arguments, **options)


def test_arguments_that_make_no_difference(app):
    for arguments in (["-j4"], ["-j", "4"], ["--jobs=4"], ["verbose=1"], ["--verbose"], ["--debug=explain"]):
        assert build(app, *arguments) == NOTHING
    assert build(app, "-Q", "-j4", "verbose=1") == ""


@pytest.mark.parametrize("arguments", [["--tree=all"], ["-n"], ["other=1"], ["default"], ["-j4", "--debug=time"]])
def test_other_arguments_are_for_scons(app, arguments):
    assert starts_scons(app, *arguments)


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.write("src/index.ml", "let () = print_int (Dep.A.x + 1)\n"),
        lambda project: project.write("node_modules/dep/src/a.ml", "let x = 2\n"),
        lambda project: project.write("src/more.ml", "let y = 1\n"),
        lambda project: project.write("node_modules/dep/src/b.ml", "let y = 1\n"),
        lambda project: project.write("package.json", project.path("package.json").read_text() + "\n"),
        lambda project: project.path("_build/default/src/app.out").unlink(),
        lambda project: project.path("_build/default/.rebel-tools.manifest").unlink(),
        lambda project: project.path("_build/.rebel-tools.up-to-date").write_text("{"),
        lambda project: shutil.rmtree(project.path("_build")),
        lambda project: project.path(".merlin").unlink(),
    ],
)
def test_a_change_is_seen(app, change):
    change(app)
    assert starts_scons(app)


def test_another_compiler_on_the_path_is_seen(app):
    app.write("bin/ocamlopt", f'#!/bin/sh\nexec {tools.find("ocamlopt")} "$@"\n').chmod(0o755)
    environ = {"PATH": f"{app.path('bin')}{os.pathsep}{os.environ['PATH']}"}
    assert starts_scons(app, env=environ)
    app.path("bin/ocamlopt").unlink()
    assert starts_scons(app, env=environ)


def test_an_sconstruct_of_the_folder_decides(app):
    app.write("SConstruct", "print('mine')\n")
    assert "mine" in build(app)


def test_a_failed_build_is_not_forgotten(app):
    app.write("src/index.ml", "let () = print_int Dep.A.y\n")
    assert "Unbound value Dep.A.y" in unquoted(build(app, rc=2))
    assert "Unbound value Dep.A.y" in unquoted(build(app, rc=2))


def test_warnings_are_repeated(app):
    app.write("node_modules/dep/package.json", json.dumps({"name": "dep", "rebel": {"nmae": "x"}}))
    assert all('"nmae" is ignored' in build(app) for _ in range(3))


@needs_reason()
def test_another_refmt_is_seen(project):
    refmt = tools.find("refmt", root=str(ROOT))
    runs = project.path("runs")
    own = project.write("refmt", f'#!/bin/sh\necho run >> {runs}\nexec {refmt} "$@"\n')
    own.chmod(0o755)
    environ = {"REFMT": str(own)}
    project.write("package.json", json.dumps({"name": "app", "rebel": {}}))
    project.write("src/index.re", "print_int(1);\n")
    build(project, env=environ)
    build(project, env=environ)
    assert build(project, env=environ) == NOTHING
    assert runs.read_text() == "run\n"
    own.write_text(own.read_text() + "\n")
    assert starts_scons(project, env=environ)
    assert runs.read_text() == "run\nrun\n"


def test_file_that_a_small_edit_has_not_planned(app):
    """The alias file of a module with the same name as something it uses is only planned when its package is sorted."""
    app.write("node_modules/dep/src/list.ml", "let n = List.length [ 1 ]\n")
    build(app)
    build(app)
    alias = app.path("_build/default/dep/Dep__without_List.mli")
    text = alias.read_text()
    alias.write_text(text + "(* by hand *)\n")
    app.write("src/index.ml", "let () = print_int (Dep.A.x + Dep.List.n)\n")
    build(app)
    assert alias.read_text() == text
    build(app)
    assert build(app) == NOTHING
    app.write("node_modules/dep/src/list.ml", "let n = 1\n")
    build(app)
    assert not alias.exists()
    build(app)
    assert build(app) == NOTHING


def explained(project, *arguments) -> str:
    """The reason that `rebel build --explain` gives for running scons."""
    lines = build(project, "--explain", *arguments).splitlines()
    told = [line for line in lines if line.startswith("rebel: running scons")]
    assert len(told) == 1
    return told[0].removeprefix("rebel: running scons: ")


def test_why_scons_is_asked(app):
    assert build(app, "--explain") == NOTHING
    app.write("src/index.ml", "let () = print_int (Dep.A.x + 1)\n")
    assert explained(app) == "`src/index.ml' changed"
    app.write("src/more.ml", "let y = 1\n")
    assert explained(app) == f"`{app.path('src')}' changed"
    known = app.path("_build/.rebel-tools.up-to-date")
    known.write_text("{")
    assert explained(app) == "the record of the last build is damaged"
    known.unlink()
    assert explained(app) == "there is no record of a finished build"
    assert explained(app, "-n") == "there is an option that only SCons can interpret"


def test_why_each_step_runs(app):
    app.write("node_modules/dep/src/a.ml", "let x = 2\n")
    assert "because `node_modules/dep/src/a.ml' changed" in build(app, "--explain")
