"""env.OCamlCompilationDatabase: the commands of compilations, in Clang's form."""

from __future__ import annotations

import json
import subprocess

import pytest
from tool_project import commands, entries, replace, sconstruct

BODY = """
    env.OCamlCompilationDatabase()
    text = env.OCamlLibrary("text", ["lib/split.ml", "lib/split.mli"], OCAMLENGINES=["native", "byte"])
    env.OCamlProgram("main", ["main.ml"], OCAMLLIBS=text, OCAMLFLAGS=["-g", "-w", "+a"])
"""
FILES = {
    "lib/split.mli": "val halves : string -> string * string\n",
    "lib/split.ml": "let halves s = (String.sub s 0 1, String.sub s 1 (String.length s - 1))\n",
    "main.ml": 'let () = print_string (fst (Text.Split.halves "ab"))\n',
}


def read(project) -> list:
    return json.loads(project.path("compile_commands.json").read_text())


def test_the_commands_are_those_that_run(project):
    """Also of builders that are called later; each of them works when it is run by hand."""
    sconstruct(project, BODY, FILES)
    project.scons("compile_commands.json")
    assert "main" not in entries(project)
    found = read(project)
    assert {each["output"]: each["file"] for each in found} == {
        "text.objs/Text__Split.cmi": "lib/split.mli",
        "text.objs/Text__Split.cmx": "lib/split.ml",
        "text.objs/Text__Split.cmo": "lib/split.ml",
        "main.objs/Main__Main.cmx": "main.ml",
    }
    project.scons()
    for each in found:
        project.path(each["output"]).unlink()
        subprocess.run(each["arguments"], cwd=each["directory"], check=True)
        assert project.path(each["output"]).exists()


def test_as_any_other_builder(project):
    sconstruct(project, BODY, FILES)
    before = entries(project)
    project.scons()
    assert "compilation database" not in project.scons().out
    replace(project, "main.ml", '"ab"', '"abcd"')
    assert "compilation database" not in project.scons().out
    replace(project, "SConstruct", '"+a"', '"+a-4"')
    assert "compilation database compile_commands.json" in project.scons().out
    assert next(each for each in read(project) if each["file"] == "main.ml")["arguments"][1:4] == ["-g", "-w", "+a-4"]
    assert commands(project.scons()) == []
    project.scons("-c")
    assert entries(project) == before


@pytest.mark.parametrize("name", ["a b.ml", "$(touch RAN).ml"])
def test_odd_names_are_themselves(project, name):
    sconstruct(project, f"env.OCamlProgram('main', [File({name!r})], OCAMLNAMESPACE='')\n", {name: ""})
    said = project.scons(rc=2).text
    assert "cannot be the name of a module" in said and "Traceback" not in said
    folder = name.replace(".ml", "")
    sconstruct(
        project,
        f"env.OCamlProgram('main', [Dir({folder!r}).File('a.ml')])\nenv.OCamlCompilationDatabase('all.json')\n",
        {f"{folder}/a.ml": ""},
    )
    project.scons("all.json")
    assert json.loads(project.path("all.json").read_text())[0]["arguments"][-1] == f"{folder}/a.ml"
    assert "RAN" not in entries(project)
