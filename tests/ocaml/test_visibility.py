"""The keys `rebel.wrapped` and `rebel.private`: which names users of a package can use."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")


def write_package(project, name, rebel=None, dependencies=(), **sources):
    folder = f"node_modules/{name}" if name else "."
    data = {"dependencies": dict.fromkeys(dependencies, "*"), "rebel": rebel or {}}
    project.write(f"{folder}/package.json", json.dumps(data))
    for module, text in sources.items():
        suffix = "" if "." in module else ".ml"
        project.write(f"{folder}/src/{module}{suffix}", text)


def build(project, *arguments, rc=0):
    return project.run(sys.executable, "-m", "rebel_tools", "build", *arguments, rc=rc)


def output(project):
    return subprocess.check_output([project.path("_build/default/src/app.out")], text=True)


ENGINES = pytest.mark.parametrize("engine", ["native", "byte"])


def root(project, text, *dependencies, engine="native"):
    write_package(project, "", {"targets": [{"engine": engine}]}, dependencies, Index=text)


def outputs(project, ignored):
    files = project.snapshot("_build").items()
    return {path: data for path, data in files if ".rebel-tools" not in path and not path.endswith(ignored)}


def same_as_clean(project, ignored=()):
    """The outputs are those of a clean build, and there is nothing to do."""
    before = outputs(project, ignored)
    assert "up to date" in build(project).out
    build(project, "-c")
    assert not list(project.path("_build").rglob("*.*"))
    build(project, "-j8")
    assert outputs(project, ignored) == before


@ENGINES
def test_modules_of_an_unwrapped_package_are_named_directly(project, engine):
    write_package(project, "files", {"wrapped": False}, FilePath='let sep = "/"', FileUtil="let join = FilePath.sep")
    write_package(project, "other", {}, ["files"], Use="let x = FileUtil.join ^ FilePath.sep")
    root(project, "let () = print_string (FilePath.sep ^ FileUtil.join ^ Other.Use.x)", "files", "other", engine=engine)
    build(project)
    assert output(project) == "////"
    project.write("node_modules/files/src/FilePath.ml", '(* a comment *)let sep = "/"')
    assert len([line for line in build(project).out.splitlines() if "ocaml" in line]) == 1
    project.write("node_modules/files/src/FilePath.ml", 'let sep = "+"')
    build(project)
    assert output(project) == "++++"
    same_as_clean(project)


def test_an_unwrapped_package_may_have_modules_with_interfaces_and_of_the_names_of_ocamls(project):
    sources = {"list.ml": "let n = List.length [1]", "a.mli": "val x : int", "a.ml": "let x = List.n"}
    write_package(project, "flat", {"wrapped": False}, **sources)
    root(project, "let () = print_int (A.x + List.n)", "flat")
    build(project)
    assert output(project) == "2"
    project.write("node_modules/flat/src/list.ml", "let n = List.length [1; 2]")
    build(project)
    assert output(project) == "4"
    # Annotations record which modules of the standard library were hidden at that moment.
    same_as_clean(project, ignored=(".cmt", ".cmti"))


def test_a_module_that_left_an_unwrapped_package_is_gone(project):
    write_package(project, "flat", {"wrapped": False}, a="let x = 1", b="let x = 2")
    root(project, "let () = print_int (A.x + B.x)", "flat")
    build(project)
    project.path("node_modules/flat/src/b.ml").unlink()
    assert "Unbound module" in build(project, rc=2).text


def test_two_unwrapped_packages_with_one_module(project):
    for name in ("one", "two"):
        write_package(project, name, {"wrapped": False}, util="")
    root(project, "", "one", "two")
    text = build(project, rc=2).text
    assert "compilation unit name Util" in text
    assert "node_modules/one/src/util.ml" in text and "node_modules/two/src/util.ml" in text


@ENGINES
def test_private_modules_are_for_their_package(project, engine):
    sources = {"secret": 'let x = "s"', "open_": "let x = Secret.x", "self": "let x = Lib.Open_.x"}
    write_package(project, "lib", {"private": ["Secret"]}, **sources)
    root(project, "let () = print_string (Lib.Open_.x ^ Lib.Self.x)", "lib", engine=engine)
    build(project)
    assert output(project) == "ss"
    project.write("node_modules/lib/src/secret.ml", 'let x = "t"')
    build(project)
    assert output(project) == "tt"
    same_as_clean(project)
    root(project, "let () = print_string Lib.Secret.x", "lib", engine=engine)
    text = build(project, rc=2).text
    assert "Unbound module" in text and "hint: module Secret of the package Lib is private" in text


def test_privacy_comes_and_goes(project):
    write_package(project, "lib", {}, a="let x = 1", b="let x = 2")
    root(project, "let () = print_int (Lib.A.x + Lib.B.x)", "lib")
    build(project)
    write_package(project, "lib", {"private": ["B"]})
    assert "Unbound module" in build(project, rc=2).text
    write_package(project, "lib", {})
    build(project)
    assert output(project) == "3"
    same_as_clean(project)


def test_a_package_may_have_a_module_of_its_own_name_beside_private_ones(project):
    write_package(project, "lib", {"private": ["B"]}, lib="let x = B.x", b="let x = 2")
    root(project, "let () = print_int Lib.Lib.x", "lib")
    build(project)
    assert output(project) == "2"


def test_all_private(project):
    write_package(project, "lib", {"private": ["B"]}, b="let x = 1")
    root(project, 'let () = print_string "none"', "lib")
    build(project)
    assert output(project) == "none"


@ENGINES
def test_private_modules_of_an_unwrapped_package(project, engine):
    """Two packages may have private modules with the same name, as in dune."""
    for name in ("one", "two"):
        rebel = {"wrapped": False, "private": ["Internal"]}
        write_package(project, name, rebel, **{"internal": f'let x = "{name}"', f"face_{name}": "let x = Internal.x"})
    root(project, "let () = print_string (Face_one.x ^ Face_two.x)", "one", "two", engine=engine)
    build(project)
    assert output(project) == "onetwo"
    same_as_clean(project)
    root(project, "let () = print_string Internal.x", "one", "two", engine=engine)
    assert "Unbound module" in build(project, rc=2).text


def test_the_keys_do_not_matter_for_the_program_of_the_package_itself(project):
    write_package(project, "", {"wrapped": False, "private": ["A"]}, Index="let () = print_int A.x", a="let x = 1")
    build(project)
    assert output(project) == "1"
