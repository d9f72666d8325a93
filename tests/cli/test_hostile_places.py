"""The commands in unexpected surroundings: other people's Python files, closed streams, removed folders, special files.

The outcome is one line or the right build, and never a traceback.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import zipapp
from pathlib import Path

import pytest

from rebel_tools import tools
from rebel_tools.sconstruct import shipped_sconstruct

ROOT = Path(__file__).resolve().parents[2]
needs_ocaml = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")
REBEL = [sys.executable, "-m", "rebel_tools"]
SYMBOL_AUDIT = [sys.executable, "-m", "rebel_tools.cli.symbol_audit"]


@pytest.fixture
def app(project):
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/Index.ml", 'let () = print_string "right"\n')
    return project


def says(project) -> str:
    return project.run(project.path("_build/default/src/app.out")).out


# Python files of the project

# Modules that these commands import, or may import one day. Python itself imports others before `-m` starts.
NAMES = ["random", "queue", "token", "shlex", "json", "argparse", "__future__", "SCons", "watchfiles", "ctypes"]


@pytest.fixture
def with_python_files(app):
    for name in NAMES:
        app.write(f"{name}.py", f"open({str(app.path('ran'))!r}, 'a').write('{name}\\n')\n")
    app.write("site_scons/site_init.py", f"open({str(app.path('ran'))!r}, 'a').write('site_init\\n')\n")
    return app


@needs_ocaml
@pytest.mark.parametrize("path", ["{}", "{}:", ":{}", ".:{}"])
def test_no_python_file_of_a_project_is_imported(with_python_files, path):
    app, path = with_python_files, path.format(ROOT)
    app.run(*REBEL, "build", env={"PYTHONPATH": path})
    assert says(app) == "right"
    app.run(*REBEL, "clean", env={"PYTHONPATH": path})
    app.run(*REBEL, "doctor", env={"PYTHONPATH": path}, rc=None)
    app.run(*SYMBOL_AUDIT, "exports", "src/Index.ml", env={"PYTHONPATH": path}, rc=3)
    app.run(*SYMBOL_AUDIT, "diff", "--deep", "a", "b", env={"PYTHONPATH": path}, rc=3)
    assert not app.path("ran").exists(), app.path("ran").read_text()


def test_with_an_sconstruct_python_is_what_scons_makes_of_it(project):
    project.write("queue.py", "raise ImportError('of the project')\n")
    project.write("helper.py", "NAME = 'out'\n")
    script = "import helper\nDefaultEnvironment(tools=[])\nenv = Environment(tools=[])\n"
    project.write("SConstruct", script + "env.Command(helper.NAME, [], Touch('$TARGET'))\n")
    project.write("site_scons/site_init.py", "def from_site(): pass\n")
    project.run(*REBEL, "build")
    assert project.path("out").exists()


# Streams


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["build", "doctor", "--version", "sconstruct", "new x", "audit"])
def test_streams_that_are_closed(app, command, closed):
    if command == "build" and not tools.find("ocamlfind"):
        pytest.skip("needs ocamlfind")
    words = [*SYMBOL_AUDIT, "exports", sys.executable] if command == "audit" else [*REBEL, *command.split()]
    run = app.run("sh", "-c", f'"$@" {closed}', "sh", *words, rc=None)
    assert "Traceback (most recent" not in run.text and run.rc in ((0, 1) if command in ("doctor", "audit") else (0,))
    if command == "build":
        assert says(app) == "right"


@needs_ocaml
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_of_scons_that_are_closed(app, closed):
    app.path("SConstruct").write_text(shipped_script())
    run = app.run("sh", "-c", f'"$@" {closed}', "sh", sys.executable, "-m", "SCons", "-Q")
    assert "Traceback" not in run.text and says(app) == "right"


def shipped_script() -> str:
    return Path(shipped_sconstruct()).read_text()


PRINTING = [[*REBEL, "doctor"], [*REBEL, "sconstruct"], [*SYMBOL_AUDIT, "exports", sys.executable]]


@pytest.mark.parametrize("words", PRINTING)
def test_a_full_disk_is_one_line(app, words):
    run = app.run("sh", "-c", '"$@" > /dev/full', "sh", *words, rc=None)
    assert run.rc in (1, 3) and run.err.endswith(": error: No space left on device\n") and run.err.count("\n") == 1


@pytest.mark.parametrize("words", PRINTING)
def test_a_reader_that_goes_away_ends_the_command_silently(app, words):
    reading, writing = os.pipe()
    os.close(reading)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(words, cwd=app.root, env=environ, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert process.stderr == b"" and process.returncode == -13


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_no_character_is_too_much_for_the_terminal(project, encoding):
    project.write("package.json", '{"name": "x", "rebel": {"ключ": 1}}')
    run = project.run(*REBEL, "doctor", rc=1, env={"PYTHONIOENCODING": encoding})
    assert "\\u043a" in run.out and "Traceback" not in run.text


# Folders and files

COMMANDS = (["build"], ["clean"], ["doctor"], ["watch"], ["new", "x"], ["--version"])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_current_folder_is_gone(project, words):
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    run = project.run("sh", "-c", script, "sh", *REBEL, *words, rc=1)
    assert run.err.startswith("rebel: error: the current folder cannot be used: ") and run.err.count("\n") == 2


def test_symbol_audit_needs_no_current_folder(project):
    project.run("sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh", *SYMBOL_AUDIT, "--version")
    run = project.run(
        "sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh", *SYMBOL_AUDIT, "exports", "x.so", rc=3
    )
    assert run.err.startswith("symbol-audit: error: x.so: ") and run.err.count("\n") == 1


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.getcwd()
        os.chdir(path.parent)  # the path of a socket has to be short
        try:
            bound.bind(path.name)
        finally:
            os.chdir(here)


def folder(path: Path) -> None:
    path.mkdir()


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


@needs_ocaml
def test_the_database_of_scons_is_a_link_to_nothing(app):
    rule = {"command": ["echo", "let x = 1"], "stdout": "src/made.ml"}
    app.write("package.json", json.dumps({"name": "app", "rebel": {"rules": [rule]}}))
    dangling(app.path(".sconsign.dblite"))
    app.run(*REBEL, "build")
    assert app.path(".sconsign.dblite").is_file() and not app.path("nowhere").exists()


@needs_ocaml
@pytest.mark.parametrize("make", [fifo, unix_socket, folder])
@pytest.mark.parametrize("tool", ["rebel", "ocaml"])
def test_the_database_of_scons_is_no_file(app, make, tool):
    body = shipped_script().replace('"rebel"', f'"{tool}"')
    app.write("SConstruct", body if tool == "rebel" else body.replace("Rebel()", "OCamlProgram('p', 'src/Index.ml')"))
    make(app.path(".sconsign.dblite"))
    run = app.run(sys.executable, "-m", "SCons", "-Q", rc=2)
    assert "scons: *** .sconsign.dblite: SCons cannot keep its database here: this is a" in run.err
    assert "Traceback" not in run.text and not app.path("_build").exists()


KINDS = (loop, fifo, unix_socket, folder, dangling)
PLACES = (
    "package.json",
    "src",
    "src/a.ml",
    "src/deep",
    "node_modules",
    "node_modules/dep",
    "_build",
    "_build/default",
    "_build/default/.rebel-tools.json",
    "_build/default/.rebel-tools.manifest",
    "_build/.rebel-tools.up-to-date",
    ".merlin",
    "SConstruct",
    ".sconsign.dblite",
)


@needs_ocaml
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file(app, place, kind):
    """Build twice and clean: each succeeds, or prints one error with the place; and nothing waits for a writer."""
    app.write("package.json", '{"name": "app", "rebel": {}, "dependencies": {"dep": "*"}}')
    app.write("node_modules/dep/package.json", '{"name": "dep", "rebel": {}}')
    app.write("node_modules/dep/src/t.ml", "let x = 1\n")
    path = app.path(place)
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    kind(path)
    for command in ("build", "build", "clean"):
        run = app.run("timeout", "-k", "1", "60", *REBEL, command, rc=None)
        assert run.rc in (0, 1, 2), (command, run.text)
        assert "Traceback" not in run.text and "\n  File " not in run.text, (command, run.text)
        if run.rc:
            assert path.name in run.text, run.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", ["exports", "show", "record", "check", "diff"])
def test_symbol_audit_reads_files_only(project, command, kind):
    path = project.path("lib.so")
    kind(path)
    words = {"record": ["-o", "out"], "check": [str(path)], "diff": [str(path)]}.get(command, [])
    run = project.run("timeout", "-k", "1", "60", *SYMBOL_AUDIT, command, "lib.so", *words, rc=3)
    assert "Traceback" not in run.text and "lib.so" in run.err


def test_from_inside_of_an_archive(app):
    """As `python -m zipapp`, or a zip file on PYTHONPATH."""
    source = app.path("source")
    shutil.copytree(ROOT / "rebel_tools", source / "rebel_tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "rebel_tools" / "__main__.py", source)
    zipapp.create_archive(source, app.path("rebel.pyz"))
    shutil.rmtree(source)
    for words in (("build",), ("clean",), ("watch",), ("sconstruct",), ("new", "other"), ("scons", "x")):
        run = app.run(sys.executable, "rebel.pyz", *words, rc=1, env={"PYTHONPATH": ""})
        assert run.err.splitlines()[0] == (
            f"rebel: error: {app.path('rebel.pyz/rebel_tools')}: rebel cannot build when it is imported from an archive"
        )
    assert app.run(sys.executable, "rebel.pyz", "--version", env={"PYTHONPATH": ""}).out.startswith("rebel ")
