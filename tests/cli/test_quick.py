"""The short way of `rebel build` says what the ordinary way says, and loads nothing that takes time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from user_project import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")

NOTHING = "_build/default/src/app.out is up to date\n"
START = "from rebel_tools.cli.rebel import main; raise SystemExit(main())"
SLOW = {"typing", "json", "re", "enum", "collections", "contextlib", "functools", "argparse", "socket", "signal"}


@pytest.fixture
def app(project):
    """A built project, so that nothing has changed."""
    project.write("package.json", '{"rebel": {}}')
    project.write("src/index.ml", "let () = print_int 1\n")
    for _ in range(3):  # with sources younger than the first build nobody may be sure
        build(project)
    return project


def build(project, *arguments, **options):
    return project.run(sys.executable, "-c", START, "build", *arguments, **options)


def loaded(project, *arguments, **environ) -> list[str]:
    """The modules that a build loads in its own process, after those that every start of Python loads."""
    run = project.run(sys.executable, "-X", "importtime", "-c", START, *arguments, env=environ)
    names = [line.rpartition("|")[2].strip() for line in run.err.splitlines() if line.startswith("import time:")]
    return names[names.index("rebel_tools") :]


def is_slow(modules: list[str]) -> bool:
    return not SLOW.isdisjoint(modules) or "rebel_tools.cli.rebel_commands" in modules


@pytest.mark.parametrize("arguments", [[], ["build"], ["build", "-j2"], ["-Q"], ["build", "--profile", "dev"]])
def test_a_build_without_work_loads_next_to_nothing(app, arguments):
    if "--profile" in arguments:
        build(app, *arguments[1:])  # another question, whose answer has to be known
    found = loaded(app, *arguments)
    assert "rebel_tools.memory.quick_check" in found
    assert not is_slow(found)


def test_a_client_of_the_server_loads_next_to_nothing(app):
    for number in range(2, 12):  # the first build starts it, and on a busy machine it does not answer soon enough
        app.write("src/index.ml", f"let () = print_int {number}\n")
        found = loaded(app, "build", REBEL_SERVER="1", CI="")
        if not is_slow(found):
            break
    app.run(sys.executable, "-m", "rebel_tools", "server", "stop", rc=None)
    assert "rebel_tools.server.client" in found
    assert not is_slow(found)
    assert subprocess.check_output([app.path("_build/default/src/app.out")], text=True) == str(number)


@pytest.mark.parametrize("arguments", [["--verbose"], ["--json"], ["--explain"], ["-n"], ["other=1"], ["-j", "2"]])
def test_other_arguments_take_the_ordinary_way(app, arguments):
    assert is_slow(loaded(app, "build", *arguments))


def test_both_ways_say_the_same(app):
    assert build(app).text == NOTHING == build(app, "verbose=1").text
    assert build(app, "-Q").text == "" == build(app, "-Q", "verbose=1").text


@pytest.mark.parametrize("text", ["plain", "d\\195\\169j\\195\\160"])
def test_warnings_are_repeated_as_on_the_ordinary_way(app, text):
    app.write("src/index.ml", f'let () = match Some 1 with Some _ -> print_string "{text}" (* {text} \u00e9 *)\n')
    for _ in range(3):
        build(app)
    short, long = build(app), build(app, "verbose=1")
    assert "this pattern-matching is not exhaustive" in short.err
    assert (short.out, short.err) == (long.out, long.err)


def test_a_full_disk_is_an_error(app):
    with open("/dev/full", "wb") as full:
        run = subprocess.run(
            [sys.executable, "-c", START, "build"],
            cwd=app.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert run.returncode == 1 and "No space left on device" in run.stderr


def test_closed_streams_are_usable(app):
    command = f"exec {sys.executable} -c '{START}' build >&- 2>&- <&-"
    assert app.run("sh", "-c", command).text == ""
    assert build(app).text == NOTHING
