"""The command rebel itself: its command line, and that build and clean only run scons."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from user_project import unquoted

import rebel_tools
from rebel_tools.process import processors
from rebel_tools.sconstruct import scons_arguments


def rebel(project, *arguments, **options):
    return project.run(sys.executable, "-m", "rebel_tools", *arguments, **options)


def test_the_shipped_sconstruct(project):
    path = Path(rebel(project, "sconstruct").out.strip())
    assert path.is_file() and path.is_relative_to(Path(rebel_tools.__file__).parent)


def test_unknown_commands_and_arguments(project):
    assert "did you mean build?" in rebel(project, "bild", rc=2).err
    assert "unrecognized arguments: x" in rebel(project, "doctor", "x", rc=2).err
    assert "did you mean --json" in rebel(project, "doctor", "--jsno", rc=2).err
    audit = project.run(sys.executable, "-m", "rebel_tools.cli.symbol_audit", "exprots", rc=2)
    assert "did you mean exports?" in audit.err and "Traceback" not in audit.err


def test_version(project):
    assert rebel(project, "--version").out == f"rebel {rebel_tools.__version__}\n"


def test_an_sconstruct_of_the_folder_is_used_with_all_arguments(project):
    project.write(
        "SConstruct",
        "DefaultEnvironment(tools=[])\n"
        "env = Environment(tools=[])\n"
        "env.Command('out', [], 'echo made > $TARGET')\n"
        "env.Command('more', [], f'echo {ARGUMENTS[\"word\"]} > $TARGET')\n",
    )
    rebel(project, "build", "-j", "2", "more", "word=x", "-Q")
    assert project.path("more").read_text() == "x\n" and not project.path("out").exists()
    rebel(project, "build", "word=x")
    rebel(project, "clean", "word=x")
    assert not project.path("more").exists() and not project.path("out").exists()


def test_the_exit_status_is_the_one_of_scons(project):
    project.write("SConstruct", "DefaultEnvironment(tools=[])\nEnvironment(tools=[]).Command('a', [], 'exit 3')\n")
    assert "[a] Error 3" in rebel(project, rc=2).err


def test_interrupts_reach_scons(project):
    """build replaces the process by scons, so that signals and the terminal are its own."""
    project.write("SConstruct", "import os\nprint('pid', os.getpid())\n")
    command = f"{shlex.quote(sys.executable)} -m rebel_tools build -Q & echo pid $!; wait"
    run = project.run("sh", "-c", command)
    pids = [line.split()[1] for line in run.out.splitlines() if line.startswith("pid ")]
    assert len(pids) == 2 and pids[0] == pids[1]


needs_ocaml = pytest.mark.skipif(not shutil.which("ocamlfind"), reason="needs ocamlfind")


def new(project) -> None:
    """A project as `rebel new` makes it, in the folder hello."""
    rebel(project, "new", "hello")


@needs_ocaml
def test_a_folder_of_the_project(project):
    new(project)
    built = rebel(project, "build", cwd="hello/src")
    assert f"rebel: Entering directory '{project.path('hello')}'" in built.err
    assert project.path("hello/_build/default/src/app.out").exists()
    rebel(project, "clean", cwd="hello/src")
    assert not project.path("hello/_build").exists()


@needs_ocaml
def test_plain_scons_builds_what_rebel_new_makes(project):
    new(project)
    project.scons("-Q", cwd="hello")
    assert "is up to date" in rebel(project, "build", cwd="hello").out
    project.write("hello/SConstruct", project.path("hello/SConstruct").read_text() + "print('mine')\n")
    assert "mine" in rebel(project, "build", cwd="hello").out


@needs_ocaml
def test_all_independent_errors_are_shown(project):
    project.write("package.json", '{"name": "app", "rebel": {}}')
    for name in "abc":
        project.write(f"src/{name}.ml", 'let x : int = "s"\n')
    project.write("src/above.ml", "let y = A.x\n")
    project.write("src/index.ml", "let () = ignore (Above.y, B.x, C.x)\n")
    failed = rebel(project, "build", rc=2)
    assert [failed.err.count(f'File "src/{name}.ml"') for name in "abc"] == [1, 1, 1]
    assert "src/above.ml" not in failed.err and "3 steps failed:" in failed.err
    for name in "abc":
        project.write(f"src/{name}.ml", "let x = 1\n")
    rebel(project, "build")
    assert project.path("_build/default/src/app.out").exists()


@needs_ocaml
@pytest.mark.parametrize("jobs", ["-j1", "-j4"])
def test_what_waits_for_an_error_is_no_cycle(project, jobs):
    """A package that uses two others, one of which uses the other one, which does not compile."""
    for name, text, uses in (("a", "Nope.x", ()), ("b", "A1.x", ("a",)), ("c", "B1.x", ("a", "b"))):
        data = {"name": name, "dependencies": dict.fromkeys(uses, "*"), "rebel": {"wrapped": False}}
        project.write(f"node_modules/{name}/package.json", json.dumps(data))
        project.write(f"node_modules/{name}/src/{name}1.ml", f"let x = {text}\n")
    project.write("node_modules/c/src/c2.ml", "let x = 1\n")
    project.write("package.json", '{"name": "app", "dependencies": {"c": "*"}, "rebel": {}}')
    project.write("src/index.ml", "let () = print_int C1.x\n")
    said = rebel(project, "build", jobs, rc=2).text
    assert "1 step failed" in said and "cycle" not in said


@needs_ocaml
def test_the_summary_names_the_error_and_not_the_warning_before_it(project):
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/index.ml", "let f () = let unused = 1 in 2\nlet () = print_endline (f ())\n")
    line = unquoted(rebel(project, "build", "--verbose", rc=2).err.splitlines()[-1])
    assert line.strip().startswith("src/index.ml:2: Error: ") and line.endswith("expected of type string")
    project.write("src/index.ml", "let () = ignore (Unix.getpid ())\n")
    line = unquoted(rebel(project, "build", "--verbose", rc=2).err.splitlines()[-1])
    assert "_none_" not in line and "Unix" in line


@pytest.mark.parametrize(
    ("arguments", "jobs"), [([], True), (["-j3"], False), (["-kj", "3"], False), (["--jobs=3"], False), (["-n"], True)]
)
def test_a_job_for_each_processor(project, monkeypatch, arguments, jobs):
    monkeypatch.chdir(project.root)
    monkeypatch.delenv("SCONSFLAGS", raising=False)
    assert (f"-j{processors()}" in scons_arguments(arguments)) == jobs
    assert scons_arguments(arguments)[-len(arguments) :] == arguments or not arguments
    project.write("SConstruct", "")
    assert scons_arguments(arguments) == arguments
