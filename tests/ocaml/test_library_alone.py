"""A root package without programs, and the target `check`: everything is compiled and typed, nothing is linked."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from user_project import outputs

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")


def rebel(project, *arguments, rc=0):
    return project.run(sys.executable, "-m", "rebel_tools", *arguments, rc=rc)


def commands(run):
    """The sources that were compiled and the files that were made, in order."""
    return [line.split(" ")[-1] for line in run.out.splitlines() if line.startswith("[")]


def write(project, rebel=None, dependencies=("base",), name="my-lib"):
    data = {"dependencies": dict.fromkeys(dependencies, "*"), "rebel": {"targets": [], **(rebel or {})}}
    project.write("package.json", json.dumps({"name": name, **data}))
    project.write("node_modules/base/package.json", '{"rebel": {}}')
    project.write("node_modules/base/src/text.ml", 'let word = "base"')
    project.write("src/deep/reader.ml", "let go = Base.Text.word")
    project.write("src/public.ml", "let run () = Reader.go")
    project.write("src/public.mli", "val run : unit -> string")


def test_a_library_keeps_the_five_promises(project):
    write(project)
    rebel(project, "build", "-j1")
    made = {"MyLib.cmxa", "MyLib.a", "MyLib.cma", "MyLib__Reader.cmx", "MyLib__Reader.cmo", "MyLib__Public.cmti"}
    assert made <= {path.name for path in project.path("_build/default/my-lib").iterdir()}
    assert "B _build/default/my-lib" in project.path(".merlin").read_text()
    assert "up to date" in rebel(project, "build").out
    assert commands(project.scons("-f", project_script())) == []
    project.write("src/deep/reader.ml", "let go = Base.Text.word (* a comment *)")
    assert set(commands(rebel(project, "build"))) == {"src/deep/reader.ml"}
    project.write("src/public.mli", "val run : unit -> string\nval twice : unit -> string")
    project.write("src/public.ml", "let run () = Reader.go\nlet twice () = run () ^ run ()")
    project.write("src/new.ml", "let x = Public.twice ()")
    rebel(project, "build")
    before = outputs(project)
    rebel(project, "clean")
    assert not project.path("_build").exists() and not project.path(".merlin").exists()
    rebel(project, "build", "-j8")
    assert outputs(project) == before


def project_script():
    from rebel_tools.sconstruct import shipped_sconstruct

    return shipped_sconstruct()


@pytest.mark.parametrize("command", ["build", "check"])
def test_an_error_of_a_library(project, command):
    write(project)
    project.write("src/wrong.ml", 'let x : int = "no"')
    run = rebel(project, command, rc=2)
    assert 'File "src/wrong.ml", line 1' in run.err
    project.write("src/wrong.ml", "let x : int = 1")
    rebel(project, command)


def test_those_who_depend_on_it_get_the_same_units(project):
    """The name and the contents of each unit are those of the package below node_modules."""
    write(project, {"private": ["Reader"], "module": "Mine"})
    rebel(project, "build")
    own = outputs(project)
    shutil.copytree(project.path("."), project.path("user/node_modules/my-lib"), ignore=shutil.ignore_patterns("user"))
    project.write("user/package.json", '{"dependencies": {"my-lib": "*"}, "rebel": {}}')
    project.write("user/src/Index.ml", "let () = print_string (Mine.Public.run ())")
    project.run(sys.executable, "-m", "rebel_tools", "build", cwd="user")
    for name in ("Mine.cmi", "Mine__Public.cmi", "Mine__Reader.cmi"):
        path = f"default/my-lib/{name}"
        assert project.path(f"user/_build/{path}").read_bytes() == own[path]


@pytest.mark.parametrize(
    "data, said",
    [
        ({"name": "3d"}, 'the name "3d" gives the module 3d, which OCaml does not allow'),
        ({"name": "stdlib"}, "the module Stdlib belongs to OCaml itself"),
        ({"name": "base", "dependencies": {"@other/base": "*"}}, "@other/base has the module Base"),
    ],
)
def test_a_library_without_a_right_name(project, data, said):
    project.write("package.json", json.dumps({**data, "rebel": {"targets": []}}))
    project.write("src/a.ml", "")
    project.write("node_modules/@other/base/package.json", '{"name": "@other/base", "rebel": {}}')
    assert said in rebel(project, "build", rc=2).err


def test_a_check_makes_no_native_code_and_no_program(project):
    """It uses the flags of the target, except those that ocamlc does not accept."""
    compile_flags = ["-O3", "-inline", "100"]
    write(project, {"targets": [{"unstable_flags": {"compile": compile_flags}}]})
    project.write("src/Index.ml", "let () = print_string (Public.run () ^ Base.Text.word)")
    run = rebel(project, "check")
    assert {"src/Index.ml", "src/public.ml", "node_modules/base/src/text.ml"} <= set(commands(run))
    names = [path.name for path in project.path("_build").rglob("*")]
    assert not [name for name in names if name.endswith((".cmx", ".o", ".cmxa", ".out"))]
    assert commands(rebel(project, "check")) == []
    rebel(project, "clean", "check")
    assert not list(project.path("_build").rglob("*.cm*"))


def test_a_target_that_is_called_check(project):
    write(project, {"targets": [{"target": "check", "entry": "src/public.ml"}]})
    rebel(project, "check")
    assert project.path("_build/check/src/app.out").exists()
