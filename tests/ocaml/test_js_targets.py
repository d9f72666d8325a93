"""Targets that become JavaScript, built by the real bsc and js_of_ocaml, and run by node."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from user_project import ROOT

from rebel_tools import tools
from rebel_tools.errors import MissingTool
from rebel_tools.ocaml.javascript import find_bsc

SCONSTRUCT = ROOT / "rebel_tools" / "scons" / "SConstruct"
STATE = (".rebel-tools.json",)
OUT = "_build/web/src"

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="ocamlfind is missing")

SOURCES = {
    "node_modules/bar/package.json": '{"name": "bar", "rebel": {}}',
    "node_modules/bar/src/index.ml": "let z = 1000 [@@bs.inline]\n",
    "src/deep/b.rei": "let y: int;\n",
    "src/b.re": "let y = 41;\n",
    "src/c.rei": "module Alias = B;\n",
    "src/c.re": "module Alias = B;\n",
    "src/list.ml": "let sum = List.fold_left (+) 0\n",
    "src/a.re": "let f = x => List.sum([x, C.Alias.y, Bar.Index.z]);\n",
    "src/index.ml": "let () = Js.log (string_of_int (A.f 1))\n",
}


def manifest(**more) -> str:
    targets = [{"target": "web", "engine": "bucklescript", "entry": "src/index.ml"}]
    return json.dumps({"name": "app", "dependencies": {"bar": "1.0.0"}, "rebel": {"targets": targets, **more}})


@pytest.fixture
def app(project):
    """A program of two packages in both languages, with bs-platform where npm installs it."""
    try:
        bsc = find_bsc(str(ROOT))
    except MissingTool as error:
        pytest.skip(str(error))
    project.write("package.json", manifest())
    for name, text in SOURCES.items():
        project.write(name, text)
    project.path("node_modules/bs-platform").symlink_to(Path(bsc).parents[1])
    return project


def build(project, *arguments, **options):
    return project.scons("-f", SCONSTRUCT, *arguments, **options)


def steps(run) -> list[str]:
    """The steps of a build, without numbers."""
    return [line.partition("] ")[2] for line in run.out.splitlines() if line.startswith("[")]


def files(project) -> set:
    """All files of the project, without SCons' records."""
    found = set()
    for folder, _, names in os.walk(project.root):
        found.update(os.path.relpath(os.path.join(folder, name), project.root) for name in names)
    return found - {".sconsign.dblite"}


def run(project, name="app.js") -> str:
    return project.run("node", f"{OUT}/{name}").out


@needs_node
def test_packages_interfaces_and_both_languages(app):
    before = files(app)
    first = build(app)
    assert first.out.count("bsc src/") == 7
    assert run(app) == run(app, "Default_Tar__Index.js") == "1042\n"
    assert steps(build(app)) == []
    assert app.up_to_date("-f", SCONSTRUCT, "web")
    made = app.snapshot("_build", ignore=STATE)
    build(app, "-c")
    assert files(app) == before
    build(app, "-j8", "--random")
    assert app.snapshot("_build", ignore=STATE) == made


@needs_node
def test_only_what_a_change_reaches_is_compiled_again(app):
    build(app)
    app.write("src/b.re", "/* nothing\n\n but a comment */\nlet y = 41;\n")
    assert steps(build(app)) == ["bsc src/b.re"]
    app.write("src/list.ml", "(* nothing\n\n but a comment *)\n" + SOURCES["src/list.ml"])  # it has no interface
    assert steps(build(app)) == ["bsc src/list.ml"]
    app.write("node_modules/bar/src/index.ml", "let z = 2000 [@@bs.inline]\n")
    bar = "bsc node_modules/bar/src/index.ml"
    above = ["bsc src/a.re", "bsc src/index.ml", f"writing {OUT}/app.js"]
    assert steps(build(app)) == [bar, *above]
    assert run(app) == "2042\n"
    app.write("node_modules/bar/src/index.ml", "let z = 3000 [@@bs.inline]\nlet more = 1\n")
    assert steps(build(app)) == [bar, *above]
    assert run(app) == "3042\n"


@needs_node
def test_an_interface_that_is_reached_through_an_alias(app):
    """a.re names only C, and gets B's types through C; C.cmi does not change with B.cmi."""
    build(app)
    app.write("src/deep/b.rei", "let y: string;\n")
    app.write("src/b.re", 'let y = "41";\n')
    failed = build(app, rc=2)
    assert "src/a.re:1:27-35" in failed.err
    assert failed.err.count("We've found a bug for you!") == 1
    app.write("src/a.re", "let f = x => List.sum([x, int_of_string(C.Alias.y), Bar.Index.z]);\n")
    build(app)
    assert run(app) == "1042\n"
    incremental = app.snapshot("_build", ignore=STATE)
    build(app, "-c")
    build(app)
    assert app.snapshot("_build", ignore=STATE) == incremental


def test_the_outputs_of_a_source_that_is_gone(app):
    clean = build(app) and app.snapshot("_build", ignore=STATE)
    app.write("src/unused.ml", "let x = 1\n")
    build(app)
    assert app.path(f"{OUT}/Default_Tar__Unused.js").exists()
    app.path("src/unused.ml").unlink()
    build(app)
    assert app.snapshot("_build", ignore=STATE) == clean


def test_flags_and_outputs_by_path(app):
    build(app, f"{OUT}/Default_Tar__B.js")
    assert app.path(f"{OUT}/Default_Tar__B.js").exists()
    assert not app.path(f"{OUT}/Default_Tar__A.js").exists()
    app.write("package.json", manifest(flags={"compile": "-w +a-4 -warn-error +a"}))
    app.write("src/b.re", "let y = { let unused = 1; 41 };\n")
    assert "unused" in build(app, rc=2).err


def test_without_bsc_only_this_target_fails(project):
    native = {"target": "default", "entry": "src/index.ml"}
    targets = [native, {**native, "target": "web", "engine": "bucklescript"}]
    project.write("package.json", json.dumps({"name": "app", "rebel": {"targets": targets}}))
    project.write("src/index.ml", 'let () = print_endline "hello"\n')
    build(project)
    assert project.run("_build/default/src/app.out").out == "hello\n"
    failed = build(project, "web", rc=2, env={"BSC": ""})
    assert "OCaml, engine bucklescript needs it" in failed.err
    assert "npm install bs-platform@9.0.2" in failed.err
    assert "Traceback" not in failed.text


@needs_node
@pytest.mark.skipif(not tools.find("js_of_ocaml"), reason="js_of_ocaml is missing")
def test_js_of_ocaml(app):
    targets = [{"target": "web", "engine": "jsoo", "entry": "src/index.ml"}]
    app.write("package.json", json.dumps({"name": "app", "dependencies": {"bar": "1"}, "rebel": {"targets": targets}}))
    app.write("src/index.ml", "let () = print_endline (string_of_int (A.f 1))\n")
    before = files(app)
    build(app)
    assert run(app) == "1042\n"
    assert steps(build(app)) == []
    app.write("node_modules/bar/src/index.ml", "let z = 2000\n")
    build(app)
    assert run(app) == "2042\n"
    build(app, "-c")
    assert files(app) == before
