"""The output of `rebel build` for people: on a terminal, and in a file."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from terminal import on_terminal
from user_project import unquoted

from rebel_tools.presentation import presentation
from rebel_tools.sconstruct import shipped_sconstruct

needs_ocaml = pytest.mark.skipif(not shutil.which("ocamlfind"), reason="needs ocamlfind")
REBEL = [sys.executable, "-m", "rebel_tools"]
PROGRAM = "_build/default/src/app.out"
WRONG = 'let x : int = "s"\n'


def rebel(project, *arguments, **options):
    return project.run(*REBEL, *arguments, **options)


def terminal(project, *arguments, **options):
    return on_terminal(project.root, *REBEL, *arguments, **options)


@pytest.fixture
def app(project):
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/index.ml", "let () = print_int (A.x + B.x)\n")
    project.write("src/a.ml", "let x = 1\n")
    project.write("src/b.ml", "let x = 2\n")
    return project


@needs_ocaml
def test_the_result_is_all_that_stays_on_a_terminal(app):
    shown = terminal(app, "build")
    assert shown.rc == 0 and "[1/" in shown.text
    assert re.fullmatch(rf"Built {PROGRAM} in \d+\.\d s \(6 steps\)", "\n".join(shown.lines)), shown.lines
    assert terminal(app, "build").lines == [f"{PROGRAM} is up to date"]
    assert terminal(app, "check").lines[0].startswith("Built check in ")
    assert terminal(app, "build", "-Q").lines == terminal(app, "build", "-s").lines == []


@needs_ocaml
def test_in_a_file_each_step_has_a_line_and_nothing_depends_on_time(app):
    lines = rebel(app, "build").out.splitlines()
    assert lines[-1] == f"Built {PROGRAM}" and all(line.startswith("[") for line in lines[:-1])
    assert rebel(app, "build").out == f"{PROGRAM} is up to date\n"


@needs_ocaml
def test_a_narrow_terminal(app):
    app.write(f"src/{'long' * 20}.ml", "let x = 1\n")
    app.write("src/index.ml", f"let () = print_int ({'Long' + 'long' * 19}.x + A.x + B.x)\n")
    shown = terminal(app, "build", columns=40)
    status = [part for part in re.split(r"[\r\n]", shown.text) if "[K[" in part]
    assert shown.rc == 0 and status and all(len(part.partition("[K")[2]) <= 39 for part in status)


@needs_ocaml
def test_no_colours_where_nobody_wants_any(app):
    app.write("src/a.ml", WRONG)
    assert "\x1b[" in terminal(app, "build").text.replace("\x1b[K", "")
    assert "\x1b[" not in terminal(app, "build", env={"NO_COLOR": "1"}).text.replace("\x1b[K", "")


@needs_ocaml
def test_failures_are_shown_once_in_an_order_of_their_own(app):
    """Even if the first one takes longest."""
    real = shutil.which("ocamlopt")
    app.write("bin/ocamlopt", f'#!/bin/sh\ncase "$*" in *src/a.ml*) sleep 0.7;; esac\nexec {real} "$@"\n').chmod(0o755)
    env = {"PATH": f"{app.path('bin')}:{os.environ['PATH']}"}
    for name in "abc":
        app.write(f"src/{name}.ml", WRONG)
    app.write("src/index.ml", "let () = print_int (A.x + B.x + C.x)\n")
    runs = [rebel(app, "build", f"-j{jobs}", rc=2, env=env) for jobs in (1, 8)]
    assert runs[0].err == runs[1].err
    err = unquoted(runs[0].err)
    assert re.findall(r"File src/(\w)\.ml", err) == ["a", "b", "c"] and err.count("Error: ") == 3
    assert err.endswith("3 steps failed:\n  src/a.ml\n  src/b.ml\n  src/c.ml\n")
    shown = terminal(app, "build", env=env)
    assert shown.rc == 2 and shown.lines[-4:] == ["3 steps failed:", "  src/a.ml", "  src/b.ml", "  src/c.ml"]
    assert all("scons" not in text for text in (runs[0].text, runs[1].text, shown.text))


@needs_ocaml
def test_a_link_that_fails_is_named_by_its_target(app):
    app.write("src/a.ml", 'external missing : unit -> int = "nowhere_to_be_found"\nlet x = missing ()\n')
    failed = rebel(app, "build", rc=2)
    assert failed.err.count("nowhere_to_be_found") >= 1 and failed.err.endswith(f"1 step failed: {PROGRAM}\n")


@needs_ocaml
def test_a_command_that_says_nothing_is_named(app):
    app.write(
        "bin/ocamlopt", f'#!/bin/sh\ncase "$*" in *src/b.ml*) $END;; esac\nexec {shutil.which("ocamlopt")} "$@"\n'
    )
    app.path("bin/ocamlopt").chmod(0o755)
    path = f"{app.path('bin')}:{os.environ['PATH']}"
    for end, reason in (("exit 3", "the command failed with exit status 3"), ("kill -9 $$", "was killed by signal 9")):
        script = app.path("bin/ocamlopt").read_text().replace("$END", end)
        app.write("bin/ocamlopt", script)
        failed = rebel(app, "build", rc=2, env={"PATH": path})
        assert "src/b.ml: the command" in failed.err and reason in failed.err, failed.err
        app.write("bin/ocamlopt", script.replace(end, "$END"))


@needs_ocaml
def test_what_a_program_lacks_is_told_once(app):
    """An error that the plan finds during the build: modules that depend on each other in a cycle."""
    app.write("src/a.ml", "let x = B.x\n")
    app.write("src/b.ml", "let x = A.x\n")
    failed = rebel(app, "build", rc=2)
    assert failed.err.count("rebel: error: ") == 1 and "scons" not in failed.text
    assert re.search(r"\n1 step failed: \S+\n\Z", failed.err), failed.err


@needs_ocaml
def test_verbose_shows_what_scons_says(app):
    built = rebel(app, "build", "--verbose").out
    assert "scons: done building targets." in built and "ocamlopt -g" in built
    app.write("src/a.ml", WRONG)
    assert "scons: *** [_build/" in rebel(app, "build", "--verbose", rc=2).err


@needs_ocaml
@pytest.mark.parametrize(
    ("word", "hint"),
    [("defualt", "default"), ("app.oot", PROGRAM), ("_build/default/src/ap.out", PROGRAM), ("chekc", "check")],
)
def test_a_target_that_is_not_there(app, word, hint):
    for command in ("build", "clean"):
        failed = rebel(app, command, word, rc=2)
        assert failed.err.startswith(
            f'rebel: error: there is no target "{word}"\n  expected: default, check, or a file'
        )
        assert re.search(rf"\n  hint: did you mean {hint}( or .*)?\?\n\Z", failed.err) and failed.out == ""
    assert not app.path("_build/default/src").exists()


@needs_ocaml
def test_targets_that_look_like_something_else(app):
    hostile = "$(touch RAN)\x1b[31m`x`%s"
    failed = rebel(app, "build", hostile, rc=2)
    assert "\x1b" not in failed.err and r"$(touch RAN)\x1b[31m`x`%s" in failed.err and not app.path("RAN").exists()
    assert rebel(app, "build", "src/a.ml").out == "Nothing to do\n"
    rebel(app, "build", "_build/default/src/Default_Tar.cmx")
    assert 'no target "foo"' in rebel(app, "build", "default", "foo", rc=2).err
    assert not app.path(PROGRAM).exists()


def test_options_that_are_not_there(project):
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/index.ml", "")
    failed = rebel(project, "build", "--keep-gonig", rc=2)
    assert failed.err.startswith("rebel: error: no such option: --keep-gonig\n  hint: did you mean --keep-going")
    assert "did you mean --verbose" in rebel(project, "build", "--verbos", rc=2).err


@needs_ocaml
def test_a_session_says_what_is_not_there(app):
    said = app.run("sh", "-c", f"printf 'build nothing\nbuild\n' | {sys.executable} -m rebel_tools build --interactive")
    assert "nothing: there is no such target\n1 step failed: nothing\n" in said.err and "***" not in said.text
    assert f"Built {PROGRAM}" in said.out


def test_in_a_tree_with_an_sconstruct_phrases_and_jobs_are_those_of_scons(project):
    project.write("SConstruct", "DefaultEnvironment(tools=[])\nprint(GetOption('num_jobs'))\n")
    failed = rebel(project, "build", "foo", rc=2)
    assert "scons: *** Do not know how to make File target `foo'" in failed.err
    assert "scons: done reading SConscript files." in failed.out and "\n1\n" in failed.out
    assert "no such option: --verbose" in rebel(project, "build", "--verbose", rc=2).err


@pytest.mark.parametrize(
    "text", ['{"name": "app", "rebel": {"targets": 3}}', '{"name": "app", "rebel": {"sources": [', '{"name": 1}']
)
@pytest.mark.parametrize("command", ["build", "check", "clean", "scons", "plain scons"])
def test_a_mistake_in_package_json_is_shown_with_its_place_only(project, command, text):
    project.write("src/index.ml", "")
    project.write("package.json", text)
    project.write("SConstruct", Path(shipped_sconstruct()).read_text())
    failed = project.scons(rc=2) if command == "plain scons" else rebel(project, command, rc=2)
    assert re.search(r"package\.json:1:\d+: .*\n  1 \| .*\n +\| +\^\n", failed.err), failed.err
    assert 'File "' not in failed.text and "Traceback" not in failed.text


def test_what_is_said_about_quiet():
    for words in (["-s"], ["-Q"], ["-ks"], ["--silent"], ["--quiet"], ["--no-progress"]):
        assert presentation(words, False)[0].quiet, words
    for words in (["-j4"], ["-Csrc"], ["-f", "s"], ["--debug=explain"], ["s"], ["-k"]):
        assert not presentation(words, False)[0].quiet, words
