"""env.OCamlTest: programs of an SConstruct that run after a change."""

from __future__ import annotations

import re
import shutil

import pytest
from tool_project import entries, sconstruct

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")

BODY = """
    env["ENV"]["GREETING"] = "hi"
    program = env.OCamlProgram("echo", ["echo.ml"])
    data = env.Command("data/made.txt", "source.txt", Copy("$TARGET", "$SOURCE"))
    one = env.OCamlTest(program, ["data/made.txt", "$X; *"], input="in", expected="out", files=[data])
    two = env.OCamlTest(program, target="fails.passed", exit_status=2)
    env.Alias("test", [one, two])
    env.Default(program)
"""
FILES = {
    "echo.ml": """
        let () = if Array.length Sys.argv < 2 then exit 2
        let all = [input_line stdin; input_line (open_in Sys.argv.(1)); Sys.argv.(2); Sys.getenv "GREETING"]
        let () = print_endline (String.concat "" all)
    """,
    "source.txt": "made\n",
    "in": "in\n",
    "out": "inmade$X; *hi\n",
}


def which(run) -> list[str]:
    return re.findall(r"^test (\S+)", run.out, re.M)


def test_tests_run_when_something_has_changed(project):
    sconstruct(project, BODY, FILES)
    before = entries(project)
    assert sorted(which(project.scons("test", "-j4"))) == ["echo", "fails"]
    assert which(project.scons("test")) == []
    project.write("source.txt", "other\n")
    run = project.scons("test", rc=2)
    assert "-inmade$X; *hi\n+inother$X; *hi\n" in run.err and which(run) == ["echo"]
    assert project.path("echo.passed.actual").read_text() == "inother$X; *hi\n"
    project.write("out", "inother$X; *hi\n")
    assert which(project.scons("test")) == ["echo"] and not project.path("echo.passed.actual").exists()
    project.write("echo.ml", project.path("echo.ml").read_text() + "(* a comment *)")
    assert which(project.scons("test")) == []
    project.scons("-c", "test")
    assert {path for path in entries(project) - before if project.path(path).is_file()} == set()


def test_wrong_calls(project):
    sconstruct(project, "env.OCamlTest(['a', 'b'])\n")
    assert "env.OCamlTest runs one program, not 2" in project.scons(rc=2).text
