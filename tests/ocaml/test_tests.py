"""`rebel test` runs tests after changes, compares their output, and `rebel promote` makes that the expected output."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache

import pytest
from user_project import rebel, steps

pytestmark = pytest.mark.skipif(not shutil.which("ocamlfind"), reason="ocamlfind is not installed")


def ran(run):
    return [step.removeprefix("test test/") for step in steps(run) if step.startswith("test ")]


@cache
def has_library(name):
    return subprocess.run(["ocamlfind", "query", name], capture_output=True).returncode == 0


def needs_library(name):
    return pytest.mark.skipif(not has_library(name), reason=f"the OCaml library {name} is not installed")


SUM = """
let () =
  try while true do Scanf.scanf " %d %d" (fun a b -> Helper.show (Calc.Ops.add a b)) done
  with End_of_file -> ()
"""
READS = """
let () = print_string (String.concat "|" (input_line (open_in Sys.argv.(1)) :: Array.to_list (Sys.readdir ".")))
let () = prerr_string Sys.argv.(2); exit 3
"""
PROGRAMS = [
    {"entry": "test/sum.ml", "input": "test/cases/*.in", "expected": "test/cases/*.out"},
    {
        "entry": "test/reads.ml",
        "arguments": ["data/x.txt", "$(touch RAN); *"],
        "files": ["test/data"],
        "expected": "test/reads.expected",
        "exitStatus": 3,
    },
]


def write(project, programs=PROGRAMS, folder=".", name="calc", **tests):
    data = {"name": name, "rebel": {"targets": [], "tests": {"programs": programs, **tests}}}
    project.write(f"{folder}/package.json", json.dumps(data))


@pytest.fixture
def calc(project):
    """A library with two test programs, one of which runs for each of two inputs."""
    write(project)
    project.write("src/ops.ml", "let add a b = a + b")
    project.write("test/sum.ml", SUM)
    project.write("test/reads.ml", READS)
    project.write("test/helper.ml", 'let show = Printf.printf "%d\\n"')
    for name, text in {"a.in": "1 2", "a.out": "3\n", "b.in": "1 2 3 4", "b.out": "3\n7\n"}.items():
        project.write(f"test/cases/{name}", text)
    project.write("test/data/x.txt", "first\nsecond\n")
    project.write("test/data/y.txt", "")
    project.write("test/reads.expected", "first|data")
    return project


ALL = ["reads", "sum (test/cases/a.in)", "sum (test/cases/b.in)"]


def test_tests_run_again_when_something_has_changed(calc):
    run = rebel(calc, "test", "-j4")
    assert sorted(ran(run)) == ALL and "3 tests passed\n" in run.out
    assert not calc.path("RAN").exists() and not list(calc.path("test").rglob("RAN"))
    assert steps(rebel(calc, "test")) == [] and "3 tests passed, none had to run" in rebel(calc, "test").out
    calc.write("src/ops.ml", "let add a b = a + b (* a comment *)")
    assert ran(rebel(calc, "test")) == []
    calc.write("test/cases/a.in", "2 1")
    assert ran(rebel(calc, "test")) == ["sum (test/cases/a.in)"]
    calc.write("test/data/y.txt", "new")
    run = rebel(calc, "test")
    assert ran(run) == ["reads"] and "3 tests passed, 1 ran" in run.out
    calc.write("src/ops.ml", "let add a b = b + a")
    assert sorted(ran(rebel(calc, "test", "-j1"))) == ALL[1:]  # the other program does not use it
    calc.write("test/cases/c.in", "5 5")
    calc.write("test/cases/c.out", "10\n")
    assert ran(rebel(calc, "test")) == ["sum (test/cases/c.in)"]
    write(calc, [{**PROGRAMS[0], "arguments": ["x"]}])
    assert len(ran(rebel(calc, "test"))) == 3


def test_a_build_and_tests_leave_each_other_in_peace(calc):
    rebel(calc, "test")
    rebel(calc, "build")
    assert "up to date" in rebel(calc, "build").out
    assert steps(rebel(calc, "test")) == []
    calc.write("src/ops.ml", "let sub a b = a - b\nlet add a b = a + b")
    rebel(calc, "build")
    assert not any("src/ops.ml" in step for step in steps(rebel(calc, "test")))
    files = {path for path in calc.snapshot("_build/default") if ".rebel-tools" not in path}
    assert not [path for path in files if "elper" in path or "Sum" in path]
    shutil.rmtree(calc.path("_build"))
    rebel(calc, "build")
    assert files == {path for path in calc.snapshot("_build/default") if ".rebel-tools" not in path}


def test_an_incremental_run_equals_a_clean_one(calc):
    before = set(calc.snapshot())
    rebel(calc, "test", "-j8")
    calc.write("src/more.ml", "let zero = 0")
    rebel(calc, "test")
    calc.path("src/more.ml").unlink()
    rebel(calc, "test")
    made = {path: data for path, data in calc.snapshot("_build").items() if ".rebel-tools" not in path}
    rebel(calc, "clean")
    assert set(calc.snapshot()) == before
    rebel(calc, "test", "-j1")
    assert made == {path: data for path, data in calc.snapshot("_build").items() if ".rebel-tools" not in path}
    calc.scons("-c", "test", "-f", *_script())
    assert not list(calc.path("_build/.tests").rglob("*.passed"))


def _script():
    from rebel_tools.sconstruct import shipped_sconstruct

    return [shipped_sconstruct()]


def test_a_difference_is_shown_and_promoted(calc):
    calc.write("src/ops.ml", "let add a b = a * b")
    calc.path("test/reads.expected").unlink()
    run = rebel(calc, "test", rc=2)
    assert "Error: test/sum (test/cases/a.in) does not print the contents of test/cases/a.out\n" in run.err
    assert "@@ -1 +1 @@\n-3\n+2\n" in run.err and "-3\n-7\n+2\n+12\n" in run.err
    assert (
        "Error: test/reads has no expected output yet (test/reads.expected)" in run.err
        and "3 steps failed:\n" in run.err
    )
    assert len(ran(rebel(calc, "test", rc=2))) == 3  # they run until they pass
    promoted = rebel(calc, "promote", "sum").out
    assert promoted == "promoted test/cases/a.out\npromoted test/cases/b.out\n"
    assert calc.path("test/cases/b.out").read_text() == "2\n12\n"
    assert rebel(calc, "promote").out == "promoted test/reads.expected\n"
    assert "Nothing to promote" in rebel(calc, "promote").out
    rebel(calc, "test")


def test_nothing_is_promoted_through_a_link_or_from_a_crash(calc):
    calc.write("secret", "x")
    calc.path("test/reads.expected").unlink()
    calc.path("test/reads.expected").symlink_to(calc.path("secret"))
    rebel(calc, "test", rc=2)
    assert "this is a link" in rebel(calc, "promote", rc=1).err and calc.path("secret").read_text() == "x"
    calc.path("test/reads.expected").unlink()
    calc.write("test/reads.ml", 'let () = print_string "half"; prerr_string "oh no\\027[2J"; exit 1')
    run = rebel(calc, "test", "reads", rc=2)
    assert "test/reads ended with exit status 1, expected 3\n" in run.err
    assert "oh no" in run.err and "half" in run.err and "\x1b[2J" not in run.err
    assert "Nothing to promote" in rebel(calc, "promote").out
    calc.write("test/reads.ml", "let () = Unix.kill (Unix.getpid ()) 9")
    write(calc, PROGRAMS[1:], ocamlfindDependencies=["unix"])
    assert "was killed by signal 9, expected 3" in rebel(calc, "test", rc=2).err


def test_tests_run_side_by_side(calc):
    wait = """
    let () =
      close_out (open_out (Filename.concat Sys.argv.(1) Sys.argv.(2)));
      while not (Sys.file_exists (Filename.concat Sys.argv.(1) Sys.argv.(3))) do Unix.sleepf 0.01 done
    """
    calc.write("test/wait.ml", wait)
    both = [("one", "two"), ("two", "one")]
    programs = [{"entry": "test/wait.ml", "name": a, "arguments": [str(calc.root), a, b]} for a, b in both]
    write(calc, programs, ocamlfindDependencies=["unix"])
    assert sorted(ran(rebel(calc, "test", "-j2"))) == ["one", "two"]


@needs_library("alcotest")
def test_alcotest_as_it_is(calc):
    text = 'let check () = Alcotest.(check int) "sum" %d (Calc.Ops.add 1 2)\n'
    text += 'let () = Alcotest.run "calc" ["add", [Alcotest.test_case "one" `Quick check]]'
    calc.write("test/units.ml", text % 3)
    write(calc, [{"entry": "test/units.ml"}], ocamlfindDependencies=["alcotest"])
    rebel(calc, "test")
    calc.write("test/units.ml", text % 4)
    run = rebel(calc, "test", rc=2)
    assert "ended with exit status 1, expected 0" in run.err and "Received" in run.err


@needs_library("ounit2")
def test_ounit_as_it_is(calc):
    text = "let equal = OUnit2.assert_equal ~printer:string_of_int\n"
    text += 'let () = OUnit2.(run_test_tt_main ("calc" >:: fun _ -> equal %d (Calc.Ops.add 1 2)))'
    calc.write("test/units.ml", text % 3)
    write(calc, [{"entry": "test/units.ml"}], ocamlfindDependencies=["ounit2"])
    rebel(calc, "test")
    calc.write("test/units.ml", text % 4)
    assert "expected: 4 but got: 3" in rebel(calc, "test", rc=2).err


def test_a_library_of_tests_that_is_missing_is_no_matter_of_a_build(calc):
    write(calc, ocamlfindDependencies=["no-such-library"])
    rebel(calc, "build")
    assert "up to date" in rebel(calc, "build").out
    assert "there is no findlib package `no-such-library`" in rebel(calc, "test", rc=2).err
    rebel(calc, "check")


def test_a_program_of_the_package_is_tested(calc):
    data = {"name": "tool", "devDependencies": {"helper": "*", "missing": "*"}, "rebel": {}}
    data["rebel"]["tests"] = {
        "programs": [
            {"target": "default", "arguments": ["hi"], "expected": "test/hi.out"},
            {"entry": "test/own.ml", "expected": "test/hi.out"},
        ]
    }
    calc.write("package.json", json.dumps(data))
    calc.write("src/Index.ml", "let () = print_string (Greet.to_ Sys.argv.(1))")
    calc.write("src/greet.ml", 'let to_ name = name ^ "!"')
    calc.write("node_modules/helper/package.json", '{"name": "helper", "dependencies": {}, "rebel": {}}')
    calc.write("node_modules/helper/src/text.ml", 'let hi = "hi"')
    for name in ("sum", "reads", "helper"):
        calc.path(f"test/{name}.ml").unlink()
    calc.write("test/own.ml", "let () = print_string (Tool.Greet.to_ Helper.Text.hi)")
    calc.write("test/hi.out", "hi!")
    assert "2 tests passed\n" in rebel(calc, "test").out
    assert "up to date" in rebel(calc, "build").out


def test_members_of_a_workspace(project):
    project.write("package.json", '{"workspaces": ["packages/*"]}')
    for name in ("one", "@acme/two"):
        folder = f"packages/{name.rpartition('/')[2]}"
        write(project, [{"entry": "test/t.ml", "expected": "test/t.out"}], folder=folder, name=name)
        project.write(f"{folder}/src/a.ml", f'let x = "{name}"')
        project.write(f"{folder}/test/t.ml", f"let () = print_string {name.rpartition('/')[2].capitalize()}.A.x")
        project.write(f"{folder}/test/t.out", name)
    assert sorted(steps(rebel(project, "test")))[-2:] == ["test @acme/two/test/t", "test one/test/t"]
    rebel(project, "build")
    assert steps(rebel(project, "test")) == []
    project.write("packages/one/src/a.ml", 'let x = "1"')
    project.write("packages/two/src/a.ml", 'let x = "2"')
    run = rebel(project, "test", "one", rc=2)
    assert "-one\n" in run.err and not any("two" in step for step in steps(run))
    rebel(project, "test", "@acme/two/test/t", rc=2)
    assert rebel(project, "promote").out.splitlines() == [
        "promoted packages/one/test/t.out",
        "promoted packages/two/test/t.out",
    ]
    assert "1 test passed" in rebel(project, "test", cwd="packages/one").out


def test_events_for_programs(calc):
    calc.write("src/ops.ml", "let add a b = a * b")
    events = [json.loads(line) for line in rebel(calc, "test", "--json", rc=2).out.splitlines()]
    failed = [event["step"] for event in events if event["event"] == "step_finished" and event["status"] == "failed"]
    assert sorted(failed) == ["_build/.tests/test/sum/a.passed", "_build/.tests/test/sum/b.passed"]
    said = [event for event in events if event["event"] == "diagnostic"]
    assert {event["severity"] for event in said} == {"error"}
    assert any(
        "test/sum (test/cases/a.in) does not print the contents of test/cases/a.out" in e["message"] for e in said
    )
    assert events[-1]["status"] == "failed" and "test/reads" in events[-1]["made"]


@pytest.mark.parametrize(
    "programs, said",
    [
        ([{}], '"rebel"."tests"."programs"[0] names no program'),
        ([{"entry": "test/sum.ml", "target": "x"}], "names a source and a target"),
        ([{"entry": "test/som.ml"}], "did you mean test/sum.ml"),
        ([{"entry": "src/ops.ml"}], "is not an .ml or .re file among the sources of tests"),
        ([{"target": "default"}], 'no target is called "default"'),
        ([{"entry": "test/sum.ml", "input": "test/none"}], '"test/none" selects no file'),
        ([{"entry": "test/sum.ml", "input": "test/*/a.in"}], "is not a simple pattern"),
        ([{"entry": "test/sum.ml", "input": "test/*.none"}], '"test/*.none" selects no file'),
        ([{"entry": "test/sum.ml", "expected": "test/*.out"}], "the * has no meaning"),
        ([{"entry": "test/sum.ml", "input": "test/cases/*.in", "expected": "a"}], "have to print the same"),
        ([{"entry": "test/sum.ml", "files": ["test/data", "nothing"]}], '"nothing" selects no file'),
        ([{"entry": "test/sum.ml"}, {"entry": "test/sum.ml"}], 'two tests have the name "test/sum"'),
        ([{"entry": "test/sum.ml", "exitStatus": 256}], "a whole number from 0 to 255"),
        ([{"entry": "test/sum.ml", "exitStatus": True}], "a whole number from 0 to 255"),
        ([{"entry": "../x.ml"}], '"../x.ml" cannot be a file of the package'),
        ([{"entry": "test/sum.ml", "name": "a/b"}], '"a/b" cannot be the name of a target'),
        ([{"entry": "test/sum.ml", "folder": "test/sum.ml"}], '"test/sum.ml" is not a folder'),
        ([{"entry": "test/sum.ml", "folder": "../calc"}], '"../calc" cannot be a file, a folder or a pattern'),
    ],
)
def test_mistakes_have_a_place(calc, programs, said):
    write(calc, programs)
    run = rebel(calc, "build", rc=2)
    assert said in run.err and "package.json:1:" in run.err and "Traceback" not in run.err


def test_a_program_runs_in_the_folder_that_is_said(calc):
    program = {**PROGRAMS[1], "folder": "test/data", "arguments": ["x.txt", ""]}
    write(calc, [program])
    calc.write("test/reads.expected", "first|x.txt|y.txt")
    assert ran(rebel(calc, "test")) == ["reads"]
    write(calc, [{**program, "folder": ".", "arguments": ["test/data/x.txt", ""]}])
    calc.write("test/reads.expected", "first|test")
    assert ran(rebel(calc, "test")) == ["reads"] and ran(rebel(calc, "test")) == []


def test_names_on_the_command_line(calc):
    run = rebel(calc, "test", "som", rc=1)
    assert 'there is no test "som"' in run.err and "did you mean sum?" in run.err
    assert sorted(ran(rebel(calc, "test", "sum"))) == ALL[1:] and ran(rebel(calc, "test", "test/reads")) == ALL[:1]
    calc.write("package.json", '{"rebel": {"targets": []}}')
    assert "no package of this project has tests" in rebel(calc, "test", rc=1).err


def test_names_that_shells_and_scons_know(calc):
    calc.write("test/cases/$HOME; touch RAN.in", "1 1")
    calc.write("test/cases/$HOME; touch RAN.out", "2\n")
    assert "test/sum (test/cases/$HOME; touch RAN.in)" in rebel(calc, "test").out
    assert steps(rebel(calc, "test")) == [] and not list(calc.root.rglob("RAN"))


def test_tests_beside_the_sources(calc):
    """Files of tests do not belong to the package, wherever they are."""
    data = {"name": "calc", "rebel": {"targets": [], "sources": ["."], "tests": {"programs": PROGRAMS}}}
    calc.write("package.json", json.dumps(data))
    rebel(calc, "test")
    assert not list(calc.path("_build").rglob("Calc__Sum.*"))


def test_sources_that_a_rule_makes(calc):
    """What it makes is compiled for the tests only."""
    rule = {"command": ["cp", "test/odd.txt", "test/odd.ml"], "sources": ["test/odd.txt"], "targets": ["test/odd.ml"]}
    tests = {"programs": [{"entry": "test/entry.ml"}]}
    calc.write("package.json", json.dumps({"name": "calc", "rebel": {"targets": [], "rules": [rule], "tests": tests}}))
    calc.write("test/entry.ml", "let () = exit (Calc.Ops.add Odd.three (-3))")
    calc.write("test/odd.txt", "let three = 3")
    rebel(calc, "build")
    assert not list(calc.path("_build").rglob("*Odd*"))
    rebel(calc, "test")
    calc.write("test/odd.txt", "let three = 4")
    assert "exit status 1, expected 0" in rebel(calc, "test", rc=2).err
    rebel(calc, "clean")
    assert not calc.path("_build").exists()
