"""If two packages or libraries need the same name, that is an error before anything is compiled."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from tool_project import sconstruct

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")


def write_package(project, folder, dependencies=(), rebel=None, **sources):
    data = {"dependencies": dict.fromkeys(dependencies, "*"), "rebel": rebel or {}}
    project.write(f"{folder}/package.json", json.dumps(data))
    for name, text in sources.items():
        project.write(f"{folder}/src/{name}.ml", text)


def refused(project) -> str:
    run = project.run(sys.executable, "-m", "rebel_tools", "build", rc=2)
    assert "ocamlopt" not in run.out
    return run.text


def test_two_packages_with_one_unit(project):
    write_package(project, ".", ["a", "ab"], Index="let () = print_string (A.B__C.x ^ A__B.C.x)")
    write_package(project, "node_modules/a", B__C='let x = "a"')
    write_package(project, "node_modules/ab", rebel={"module": "A__B"}, C='let x = "ab"')
    text = refused(project)
    assert "compilation unit name A__B__C" in text
    assert "node_modules/a/src/B__C.ml" in text and "node_modules/ab/src/C.ml" in text
    project.path("node_modules/a/src/B__C.ml").rename(project.path("node_modules/a/src/b_C.ml"))
    project.write("src/Index.ml", "let () = print_string (A.B_C.x ^ A__B.C.x)")
    project.run(sys.executable, "-m", "rebel_tools", "build")
    assert subprocess.check_output([project.path("_build/default/src/app.out")]) == b"aab"


def test_a_package_with_the_name_of_the_roots_namespace(project):
    write_package(project, ".", ["d"], Index="", e="")
    write_package(project, "node_modules/d", rebel={"module": "Default_Tar"}, e="")
    text = refused(project)
    assert "node_modules/d/package.json:1:" in text
    assert "the package d has the module Default_Tar" in text and f"the sources in {project.root}," in text


def test_a_package_with_the_name_of_the_standard_library(project):
    write_package(project, ".", ["stdlib"], Index="")
    write_package(project, "node_modules/stdlib", list="")
    assert "the module Stdlib belongs to OCaml itself" in refused(project)


def test_two_libraries_with_one_unit(project):
    body = """
    a = env.OCamlLibrary("a/a", "a/b__C.ml")
    b = env.OCamlLibrary("b/b", "b/c.ml", OCAMLNAMESPACE="A__B")
    env.OCamlProgram("main", "main.ml", OCAMLLIBS=[a, b])
    """
    sconstruct(project, body, {"a/b__C.ml": "", "b/c.ml": "", "main.ml": ""})
    run = project.scons(rc=2)
    assert "two modules have the compilation unit name A__B__C: a/b__C.ml of A and b/c.ml of A__B" in run.text
    assert "SConstruct" in run.text.splitlines()[-1]
