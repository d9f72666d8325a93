"""`rebel ocaml-merlin`: the conversation that merlin and ocaml-lsp have with a build system."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys

import pytest
from hang import SECONDS
from tool_project import sconstruct
from user_project import ROOT

from rebel_tools import tools
from rebel_tools.ocaml import csexp
from rebel_tools.ocaml.editors import FILE, FORMAT

needs_ocaml = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")


def talk(project, *requests: object, cwd: str = ".", raw: bytes = b"") -> list:
    """The answers of the real command, one for each request."""
    run = subprocess.run(
        [sys.executable, "-m", "rebel_tools", "ocaml-merlin"],
        cwd=project.path(cwd),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=b"".join(map(csexp.encode, requests)) + raw,
        capture_output=True,
        timeout=SECONDS,
    )
    assert run.returncode == 0, run.stderr
    stream, answers = io.BytesIO(run.stdout), []
    while (answer := csexp.read(stream)) is not None:
        answers.append(answer)
    return answers


def about(project, path: str, cwd: str = ".") -> dict[str, list]:
    """What merlin is told about one file: directive -> its arguments, in order."""
    (answer,) = talk(project, ["File", path], "Halt", cwd=cwd)
    told: dict[str, list] = {}
    for name, *arguments in answer:
        words = [[each.decode() for each in a] if isinstance(a, list) else a.decode() for a in arguments]
        told.setdefault(name.decode(), []).extend(words)
    return told


@pytest.fixture
def app(project):
    """A built project whose package lies behind a link."""
    project.write("package.json", json.dumps({"name": "app", "dependencies": {"dep": "*"}, "rebel": {}}))
    project.write("src/index.ml", "let () = print_int Dep.A.x\n")
    package = {"name": "dep", "rebel": {"ocamlfindDependencies": ["str"], "flags": {"compile": ["-w", "+a-70"]}}}
    project.write("../packages/dep/package.json", json.dumps(package))
    project.write("../packages/dep/src/a.ml", "let x = 1\nlet _ = Str.regexp\n")
    project.path("node_modules").mkdir()
    project.path("node_modules/dep").symlink_to("../../packages/dep")
    project.run(sys.executable, "-m", "rebel_tools", "build")
    return project


@pytest.fixture
def project(project):
    """A project in a subfolder, so that a test can put something beside it."""
    inner = type(project)(project.root / "app")
    inner.root.mkdir()
    return inner


@needs_ocaml
def test_the_program(app):
    told = about(app, "src/index.ml")
    assert str(app.path("src")) in told["S"] and os.path.realpath(app.path("node_modules/dep/src")) in told["S"]
    assert told["B"][:2] == [str(app.path(f"_build/default/{name}")) for name in ("src", "dep")]
    flags = told["FLG"][0]
    assert flags[:2] == ["-open", flags[1]] and told["UNIT_NAME"] == [f"{flags[1]}__Index"]
    assert "ERROR" not in told


@needs_ocaml
@pytest.mark.parametrize("path", ["node_modules/dep/src/a.ml", "../packages/dep/src/a.ml"])
def test_a_package_by_each_of_its_paths(app, path):
    told = about(app, path)
    assert told["UNIT_NAME"] == ["Dep__A"] and told["FLG"][0][:2] == ["-open", "Dep"]
    assert "+a-70" in told["FLG"][0]
    assert app.path("_build/default/src") not in told["B"]
    str_folder = subprocess.run(
        ["ocamlfind", "query", "str"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert str_folder in told["B"]


@needs_ocaml
def test_from_another_folder_and_for_a_new_file(app):
    assert about(app, "new.ml", cwd="src")["FLG"] == about(app, str(app.path("src/index.ml")))["FLG"]
    assert "UNIT_NAME" not in about(app, "src/new.ml")


@needs_ocaml
def test_a_project_that_moved(app):
    moved = type(app)(app.root.parent / "moved")
    app.root.rename(moved.root)
    assert about(moved, "src/index.ml")["B"][0] == str(moved.path("_build/default/src"))


@needs_ocaml
def test_what_builders_of_an_sconstruct_make(project):
    sources = {"a.ml": "let x = 1\n", "main.ml": "let () = print_int A.x\n"}
    sconstruct(project, 'env.OCamlProgram("main", ["a.ml", "main.ml"], OCAMLFLAGS="-w +a-70 -pp cat")', sources)
    project.scons()
    told = about(project, "a.ml")
    assert told["UNIT_NAME"] == ["Main__A"] and told["S"][0] == str(project.root)
    assert told["FLG"] == [["-open", "Main__", "-w", "+a-70"]]
    project.scons("-c")
    assert not project.path(FILE).exists()


@needs_ocaml
def test_the_file_is_made_again(app):
    app.path(f"_build/default/{FILE}").unlink()
    app.run(sys.executable, "-m", "rebel_tools", "build")
    assert "ERROR" not in about(app, "src/index.ml")


def test_what_cannot_be_answered(project):
    project.write("a.ml", "")
    assert about(project, "a.ml")["ERROR"] == ["the project has not been built yet: run `rebel build`"]
    project.write(f"_build/default/{FILE}", json.dumps({"format": FORMAT, "areas": []}))
    assert "run `rebel build` if it is new" in about(project, "a.ml")["ERROR"][0]
    for damaged in ("", "[]", '{"format": 9}', f'{{"format": {FORMAT}, "areas": [{{"units": 1}}]}}', "\0"):
        project.write(f"_build/default/{FILE}", damaged)
        assert "not been built yet" in about(project, "a.ml")["ERROR"][0]
    project.path(f"_build/default/{FILE}").unlink()
    os.mkfifo(project.path(f"_build/default/{FILE}"))
    assert "not been built yet" in about(project, "a.ml")["ERROR"][0]


def hostile(project, folder: str) -> str:
    """A file that no build has made, and that would make editors run a program; the source that it is for."""
    source = str(project.path("node_modules/dep/src/a.ml"))
    flags = ["-ppx", "touch RAN"]
    area = {"units": {source: "Evil"}, "build": "x", "installed": [], "flags": flags, "uses": []}
    project.write(f"{folder}/_build/x/{FILE}", json.dumps({"format": FORMAT, "areas": [area]}))
    project.write("node_modules/dep/src/a.ml", "")
    return source


@pytest.mark.parametrize("folder", ["node_modules/dep", "node_modules/dep/src", "node_modules"])
def test_what_a_package_says_about_itself_does_not_count(project, folder):
    source = hostile(project, folder)
    assert "not been built yet" in about(project, source)["ERROR"][0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_another_user_says_does_not_count(project):
    source = hostile(project, ".")
    assert "FLG" in about(project, source)
    os.chown(project.path(f"_build/x/{FILE}"), 1234, 1234)
    assert "not been built yet" in about(project, source)["ERROR"][0]


def test_requests_that_nobody_knows(project):
    answers = talk(project, ["Foo"], "File", ["File"], ["File", ["a"]], "Halt", ["File", "unread"])
    assert [[directive[0] for directive in answer] for answer in answers] == [[b"ERROR"]] * 4


@pytest.mark.parametrize(
    "raw", [b"", b"4:Ha", b"(4:File", b"x", b"99999999999:a", b"-1:a", b")", b"(" * 200, b"4" * 99]
)
def test_a_conversation_that_breaks_off(project, raw):
    assert talk(project, raw=raw) == []


@needs_ocaml
@pytest.mark.skipif(not shutil.which("ocamlmerlin"), reason="needs merlin (Debian's ocaml-merlin, from Debian 13)")
def test_merlin_itself_finds_a_definition_in_a_package(app, tmp_path):
    """merlin knows only one build system; the command that it runs under that name here is ours."""
    wrapper = tmp_path / "bin" / "dune"
    wrapper.parent.mkdir()
    wrapper.write_text(f"#!/bin/sh\nexec {sys.executable} -m rebel_tools ocaml-merlin\n")
    wrapper.chmod(0o755)
    app.path(".merlin").unlink()
    app.write("dune-project", "(lang dune 2.8)\n")
    path = f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"
    position = ["-position", "1:26", "-filename", "src/index.ml"]
    with open(app.path("src/index.ml")) as text:
        run = subprocess.run(
            ["ocamlmerlin", "single", "locate", "-look-for", "ml", *position],
            cwd=app.root,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
            stdin=text,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    found = json.loads(run.stdout)["value"]
    assert os.path.realpath(found["file"]) == os.path.realpath(app.path("node_modules/dep/src/a.ml")), run.stdout
    assert found["pos"]["line"] == 1
