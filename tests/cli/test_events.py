"""`--json`: the events of a build for programs, with the real compilers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from hang import SECONDS
from user_project import ROOT, unquoted

from rebel_tools.events import VERSION
from rebel_tools.ocaml.messages import Diagnostic, diagnostics

needs_ocaml = pytest.mark.skipif(not shutil.which("ocamlfind"), reason="needs ocamlfind")
REBEL = [sys.executable, "-m", "rebel_tools"]
PROGRAM = "_build/default/src/app.out"


@pytest.fixture
def app(project):
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/index.ml", "let () = print_int (A.f () + B.x)\n")
    project.write("src/a.ml", "let f () =\n  let unused = 1 in 2\n")
    project.write("src/b.ml", "let x = 2\n")
    return project


def events(project, *arguments, rc=0) -> list[dict]:
    found = [json.loads(line) for line in project.run(*REBEL, *arguments, rc=rc).out.splitlines()]
    assert found[0]["event"] == "start" and found[0]["version"] == VERSION and found[-1]["event"] == "result"
    assert found[0]["project"] == str(project.root) and found[-1]["exit_status"] == rc
    return found


def of(kind: str, found: list[dict]) -> list[dict]:
    return [each for each in found if each["event"] == kind]


@needs_ocaml
def test_a_build_and_the_next_one(app):
    found = events(app, "build", "--json", "-j4")
    steps = [each["step"] for each in of("step_started", found)]
    assert sorted(steps) == sorted(each["step"] for each in of("step_finished", found)) and PROGRAM in steps
    assert [each["number"] for each in of("step_started", found)] == list(range(1, len(steps) + 1))
    assert {each["source"] for each in of("step_started", found)} >= {"src/a.ml", "src/b.ml", "src/index.ml"}
    (warning,) = of("diagnostic", found)
    place = {"file": "src/a.ml", "line": 2, "column": 7, "end_line": 2, "end_column": 13}
    assert warning.items() >= {**place, "severity": "warning", "again": False}.items()
    assert warning["code"].startswith("26") and "unused variable unused" in warning["message"].replace('"', "")
    assert warning["text"].startswith('File "src/a.ml"') and "let unused" in warning["text"]
    assert found[-1].items() >= {"status": "built", "made": [PROGRAM], "steps": len(steps), "warnings": 1}.items()

    # Without scons, and with it.
    for arguments in (["--json"], ["default", "--json"], ["default", "--json", "--verbose"]):
        again = events(app, "build", *arguments)
        assert of("diagnostic", again) == [{**warning, "again": True}]
        assert again[-1].items() >= {"status": "up_to_date", "steps": 0, "warnings": 1, "failed": []}.items()


@needs_ocaml
def test_errors_of_all_kinds(app):
    app.write("src/b.ml", 'let x : int =\n  "s"\n')
    found = events(app, "build", "--json", rc=2)
    (error,) = (each for each in of("diagnostic", found) if each["severity"] == "error")
    assert (error["file"], error["line"], error["column"], error["end_column"]) == ("src/b.ml", 2, 3, 6)
    assert " has type string but an expression was expected of type int" in unquoted(error["message"])
    assert found[-1]["failed"] == ["src/b.ml"] and found[-1]["errors"] == 1
    assert [each["status"] for each in of("step_finished", found) if each["step"] == error["step"]] == ["failed"]

    app.write("src/b.ml", "let x = A.f ()\n")
    app.write("src/a.ml", "let f () = B.x\n")
    (error,) = of("diagnostic", events(app, "build", "--json", rc=2))
    assert error["severity"] == "error" and "src/a.ml" in error["text"] + str(error["file"])

    app.write("package.json", '{"name": "app",\n "rebel": {"targets": 3}}')
    (error,) = of("diagnostic", events(app, "check", "--json", rc=2))
    assert error["file"].endswith("/package.json") and (error["line"], error["column"]) == (2, 23)
    assert error["expected"] == "a list"


@needs_ocaml
def test_what_is_asked_for_and_not_there(app):
    (error,) = of("diagnostic", events(app, "build", "defualt", "--json", rc=2))
    assert "default" in error["hint"]
    (error,) = of("diagnostic", events(app, "build", "--json", "--kep-going", rc=2))
    assert "--keep-going" in error["hint"]


@needs_ocaml
@pytest.mark.parametrize("option", ["--json", "-j8", "--verbose"])
def test_a_reader_that_goes_away(app, option):
    command = " ".join([*REBEL, "build", option, "| head -n 1"])
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        ["sh", "-c", command], cwd=app.root, capture_output=True, text=True, env=environ, timeout=SECONDS
    )
    assert len(run.stdout.splitlines()) == 1 and "Traceback" not in run.stderr
    app.run(*REBEL, "build")
    assert app.run(app.path(PROGRAM)).out == "4"


def test_what_compilers_say():
    """Messages of several versions."""
    text = """\
File "src/a.ml", lines 3-4, characters 2-15:
3 | ..match x with
4 |   | Some _ -> 1
Warning 8 [partial-match]: this pattern-matching is not exhaustive.
Here is an example of a case that is not matched:
None
File "src/a.ml", line 9, characters 0-3:
Warning 32: unused value f.
File "b.ml", line 1, characters 9-12:
1 | let x = f.g
             ^^^
Alert deprecated: B.g
use h
File "src/c.ml", line 2:
Error (warning 26 [unused-var]): unused variable x.
File "src/d.ml", line 1:
Error: The implementation src/d.ml does not match the interface d.cmi:
       Values do not match:
  File "src/d.mli", line 1, characters 0-11: Expected declaration
  File "src/d.ml", line 1, characters 4-5: Actual declaration
File "_none_", line 1:
Error: No implementations provided for the following modules:
         Missing referenced from d.cmx
"""
    found = diagnostics(text, True)
    severities = [each.severity for each in found]
    assert severities == ["warning", "warning", "warning", "error", "error", "error"]
    assert [each.code for each in found] == ["8 [partial-match]", "32", "alert deprecated", "26 [unused-var]", "", ""]
    assert [each.file for each in found] == ["src/a.ml", "src/a.ml", "b.ml", "src/c.ml", "src/d.ml", None]
    assert found[0][5:] == (3, 3, 4, 16) and found[3][5:] == (2, None, 2, None) and found[2].message == "B.g use h"
    assert "Actual declaration" in found[4].message and "Missing referenced from d.cmx" in found[5].message
    assert "".join(each.text for each in found) == text
    linker = "/usr/bin/ld: a.o: undefined reference to `f'\n"
    assert diagnostics(linker, True) == [Diagnostic("error", linker.strip(), linker)]
    assert diagnostics("\x1b[1mhello\x1b[m\n", False)[0].message == "hello" and diagnostics(" \n", True) == []
    (failed,) = diagnostics(linker + 'File "caml_startup", line 1:\nError: Error during linking (exit code 1)\n', True)
    assert failed.file is None and linker in failed.text
