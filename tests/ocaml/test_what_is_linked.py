"""The modules of a program: those that are referenced, and with linkAll also those that only register themselves."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")

HOOKS = "let names : string list ref = ref []\nlet add name = names := name :: !names"
MAIN = 'let () = print_string (String.concat " " (List.sort compare !{hooks}.names))'
ENGINES = pytest.mark.parametrize("engine", ["native", "byte"])


def build(project, *arguments):
    return project.run(sys.executable, "-m", "rebel_tools", "build", *arguments)


def output(project, target="default"):
    return subprocess.check_output([project.path(f"_build/{target}/src/app.out")], text=True)


def write(project, rebel, own=(), packages=()):
    """A program that prints what has registered itself: its own modules, and those of the package hooks."""
    names = dict.fromkeys(packages, "*")
    project.write("package.json", json.dumps({"dependencies": {"hooks": "*", **names}, "rebel": rebel}))
    project.write("node_modules/hooks/package.json", '{"rebel": {}}')
    project.write("node_modules/hooks/src/hooks.ml", HOOKS)
    project.write("src/Index.ml", MAIN.format(hooks="Hooks.Hooks"))
    for name in own:
        project.write(f"src/{name}.ml", f'let () = Hooks.Hooks.add "{name}"')
    for name, more in dict(packages).items():
        data = {"dependencies": {"hooks": "*"}, "rebel": more}
        project.write(f"node_modules/{name}/package.json", json.dumps(data))
        project.write(f"node_modules/{name}/src/{name}.ml", f'let () = Hooks.Hooks.add "{name}"')


def test_what_nobody_names_does_not_run(project):
    write(project, {}, own=["one"], packages={"two": {}})
    build(project)
    assert output(project) == ""


@ENGINES
def test_all_modules_of_the_root_package(project, engine):
    """A module that references the entry is linked after it; the modules follow the key, and files that come and go."""
    targets = [{"engine": engine}]
    write(project, {"targets": targets, "linkAll": True}, own=["one", "zone"], packages={"two": {}})
    project.write("src/after.ml", 'let () = print_string " after"; Index.finish ()')
    project.write("src/Index.ml", MAIN.format(hooks="Hooks.Hooks") + '\nlet finish () = print_string "!"')
    build(project)
    assert output(project) == "one zone after!"
    assert "up to date" in build(project).out
    project.write("src/three.ml", 'let () = Hooks.Hooks.add "three"')
    build(project)
    assert output(project) == "one three zone after!"
    project.path("src/three.ml").unlink()
    build(project)
    assert output(project) == "one zone after!"
    before = project.path("_build/default/src/app.out").read_bytes()
    settings = project.path("package.json").read_text()
    project.write("package.json", settings.replace("true", "false"))
    build(project)
    assert output(project) == ""
    project.write("package.json", settings)
    build(project, "-c")
    assert not project.path("_build").exists()
    build(project, "-j8")
    assert project.path("_build/default/src/app.out").read_bytes() == before


@ENGINES
def test_all_modules_of_a_package(project, engine):
    write(project, {"targets": [{"engine": engine}]}, own=["one"], packages={"two": {"linkAll": True}, "other": {}})
    build(project)
    assert output(project) == "two"
    project.write("node_modules/two/src/more.ml", 'let () = Hooks.Hooks.add "more"')
    build(project)
    assert output(project) == "more two"
    assert "up to date" in build(project).out
    comment = project.path("node_modules/two/src/more.ml").read_text() + " (* a comment *)"
    project.write("node_modules/two/src/more.ml", comment)
    assert "archive" not in build(project).out


@ENGINES
def test_the_flag_of_the_link_says_it_for_all(project, engine):
    targets = [{"engine": engine, "unstable_flags": {"link": "-linkall"}}]
    write(project, {"targets": targets}, own=["one"], packages={"two": {}})
    build(project)
    assert output(project) == "one two"


def test_programs_of_other_targets_do_not_run(project):
    targets = [{"target": "a"}, {"target": "b", "entry": "src/other.ml"}]
    write(project, {"targets": targets, "linkAll": True}, own=["one"])
    project.write("src/other.ml", 'let () = print_string "other"')
    build(project)
    assert output(project, "a") == "one"
    assert output(project, "b") == "other"


def test_sources_of_a_program_in_an_sconstruct_are_all_named(project):
    project.write("hooks.ml", HOOKS)
    project.write("one.ml", 'let () = Hooks.add "one"')
    project.write("main.ml", MAIN.format(hooks="Hooks"))
    project.write("two.ml", 'let () = Hooks.add "two"')
    text = """
import rebel_tools
env = Environment(tools=["ocaml"], toolpath=[rebel_tools.TOOLPATH])
hooks = env.OCamlLibrary("hooks", "hooks.ml", OCAMLPUBLICMODULE=True)
two = env.OCamlLibrary("two", "two.ml", OCAMLLIBS=[hooks], OCAMLARCHIVEFLAGS={flags})
env.OCamlProgram("main", ["one.ml", "main.ml"], OCAMLLIBS=[two, hooks])
"""
    for flags, expected in ([], "one"), (["-linkall"], "one two"):
        project.write("SConstruct", text.format(flags=flags))
        project.scons()
        assert subprocess.check_output([project.path("main")], text=True) == expected
