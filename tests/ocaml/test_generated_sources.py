"""A file that a builder of the SConstruct makes is a source as long as the SConstruct has that builder."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from tool_project import HEAD, commands, sconstruct
from user_project import unquoted

RULE = 'env.Command("src/made.ml", "made.txt", "cp $SOURCE $TARGET")\n'
TOOL = 'env.OCamlProgram("app", Glob("src/*.ml*"))\n'
PACKAGE = 'env["ENV"]["PATH"] = __import__("os").environ["PATH"]\nenv.Rebel()\n'
GONE = "`src/made.ml` was made by a rule that no longer exists, so it is not a source any more"


@pytest.fixture(params=["ocaml", "rebel", "rule comes last"])
def tool(project, request):
    """The rest of the SConstruct, in an order that works from the start."""
    body = TOOL if request.param == "ocaml" else PACKAGE
    project.write("made.txt", "let v = 1\n")
    project.write("src/index.ml", "let () = print_int Made.v\n")
    project.write("package.json", '{"name": "app", "rebel": {}}')

    def write(rule: str = "", changed: str = "") -> None:
        text = body + rule if request.param == "rule comes last" else rule + body
        head = HEAD.replace('"ocaml"', '"rebel"') if body == PACKAGE else HEAD
        project.write("SConstruct", head + changed + text)

    write(RULE)
    project.scons()
    assert project.up_to_date()
    return write


def printed(project) -> str:
    path = "./app" if project.path("app").exists() else "_build/default/src/app.out"
    return project.run(path).out


def test_the_rule_goes(project, tool):
    tool()
    failed = project.scons(rc=2)
    assert "Unbound module Made" in unquoted(failed.text) and GONE in failed.err
    assert "touch src/made.ml" in failed.err
    project.write("src/index.ml", "let () = print_int 2\n")
    for _ in range(2):
        assert failed.err.count("warning") == 1
        assert GONE in project.scons().err and printed(project) == "2"
    assert commands(project.scons()) == []
    assert project.path("src/made.ml").exists()
    assert not list(project.root.rglob("*ade.cmx"))

    project.scons("-c")
    assert not project.path("src/made.ml").exists()
    assert not project.scons().err and printed(project) == "2"


def test_the_rule_goes_and_nothing_else_happens(project, tool):
    """The program stays the same, and so do all files from which it was made."""
    tool()
    assert not project.up_to_date()
    assert project.path("src/made.ml").exists()


def test_the_rule_comes_back(project, tool):
    tool()
    project.scons(rc=2)
    tool(RULE)
    assert "warning" not in project.scons().err and printed(project) == "1"
    tool()
    project.scons(rc=2)
    assert GONE in project.scons("-n", rc=None).err
    project.scons("-c", "-n")
    assert project.path("src/made.ml").exists()


@pytest.mark.parametrize("how", ["touched", "written", "replaced", "moved away and back"])
def test_whoever_writes_the_file_owns_it(project, tool, how):
    path = project.path("src/made.ml")
    if how == "moved away and back":
        tool()
        path.rename(project.path("elsewhere"))
        project.scons(rc=2)
        project.path("elsewhere").rename(path)
    elif how == "touched":
        os.utime(path)
    elif how == "written":
        path.write_text("let v = 7\n")
    else:
        project.write("new", "let v = 7\n").replace(path)
    tool()
    for _ in range(2):
        assert "warning" not in project.scons().err
    assert printed(project) == ("7" if how in ("written", "replaced") else "1")
    project.scons("-c")
    assert path.exists()


def test_a_file_that_was_there_before_the_rule_is_never_taken(project, tool):
    """The command did not run, because the build failed before."""
    project.scons("-c")
    project.write("src/made.ml", "let v = 5\n")
    tool(RULE.replace("cp", "exit 1; cp"))
    project.scons(rc=2)
    project.write("src/made.ml", "let v = 5\n")  # SCons removed it before it ran the command
    tool()
    assert "warning" not in project.scons().err and printed(project) == "5"
    project.scons("-c")
    assert project.path("src/made.ml").exists()


def test_the_program_starts_with_it(project):
    project.write("SConstruct", HEAD.replace('"ocaml"', '"rebel"') + RULE.replace("made.ml", "index.ml") + PACKAGE)
    project.write("made.txt", "let () = print_int 1\n")
    project.write("src/index.ml", "")  # because an entry has to exist from the start
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.scons()
    project.write("SConstruct", HEAD.replace('"ocaml"', '"rebel"') + PACKAGE)
    failed = project.scons(rc=2)
    assert GONE.replace("made.ml", "index.ml") in failed.err


@pytest.mark.skipif(not shutil.which("menhir"), reason="no menhir")
def test_one_of_two_files_is_left_behind(project):
    """It is not known whether yesterday's interface belongs to today's implementation."""
    rule = 'env.Command(["src/made.ml", "src/made.mli"], "made.mly", "menhir --base src/made $SOURCE")\n'
    sconstruct(project, rule + TOOL, {"src/index.ml": "let () = ignore Made.start\n"})
    project.write("made.mly", "%token A\n%start<int> start\n%%\nstart: A { 1 }\n")
    project.scons()
    sconstruct(project, TOOL)
    assert GONE in project.scons(rc=2).err and "made.mli" in project.scons(rc=2).err
    project.write("src/made.ml", "let start = 1\n")
    failed = project.scons(rc=2)
    assert "src/made.mli: `src/made.mli` was made by a rule that no longer exists" in failed.err
    project.path("src/made.mli").unlink()
    project.scons()


def test_many_of_them_in_a_package(project):
    """A package below node_modules whose sources are made by the project's SConstruct."""
    rule = 'env.Command("node_modules/bar/src/made.ml", [], "echo let v = 1 > $TARGET")\n'
    project.write("node_modules/bar/package.json", '{"name": "bar", "rebel": {}}')
    project.write("node_modules/bar/src/own.ml", "let w = 1\n")
    project.write("package.json", '{"name": "app", "dependencies": {"bar": "*"}, "rebel": {}}')
    project.write("src/index.ml", "let () = print_int Bar.Made.v\n")
    project.write("SConstruct", HEAD.replace('"ocaml"', '"rebel"') + rule + PACKAGE)
    project.scons()
    project.write("SConstruct", HEAD.replace('"ocaml"', '"rebel"') + PACKAGE)
    failed = project.scons(rc=2)
    assert "node_modules/bar/src/made.ml` was made by a rule that no longer exists" in failed.err
    assert "Unbound" in failed.text
    run = project.run(sys.executable, "-m", "rebel_tools", "build", rc=2)
    assert "was made by a rule that no longer exists" in run.err
