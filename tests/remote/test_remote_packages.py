"""`--remote-executor` and the steps of packages: workers make the same bytes, with what each step may read."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from needs import needs_reason
from user_project import ROOT, Project, Run, outputs, rebel, steps

pytestmark = pytest.mark.skipif(not shutil.which("ocamlfind"), reason="ocamlfind is not installed")

COUNT = re.compile(r"remote cache: (\d+) commands, (\d+) of them from the cache, (\d+) on the executor")
QUIET = {"REBEL_SERVER": "0"}


def counts(run: Run) -> tuple[int, int, int]:
    """The number of commands, of those from the engine's cache, and of those that it ran."""
    found = COUNT.search(run.err)
    assert found, run.text
    return int(found[1]), int(found[2]), int(found[3])


def build(project: Project, url: str, *words: str, **options) -> Run:
    return rebel(project, "build", "--no-cache", f"--remote-executor={url}", *words, env=QUIET, **options)


def locally(project: Project, *words: str, **options) -> dict:
    """The outputs of a clean local build."""
    shutil.rmtree(project.path("_build"), ignore_errors=True)
    rebel(project, "build", "--no-cache", *words, env=QUIET, **options)
    found = outputs(project)
    shutil.rmtree(project.path("_build"))
    return found


def example(tmp_path, name: str) -> Project:
    shutil.copytree(
        ROOT / "examples" / name, tmp_path / "project", symlinks=True, ignore=shutil.ignore_patterns("_build")
    )
    return Project(tmp_path / "project")


@pytest.mark.parametrize(
    ("name", "words"), [("csv-query", ()), ("csv-query", ("--release",)), ("workspace", ()), ("plugins", ("-j8",))]
)
def test_examples_are_as_after_a_local_build(tmp_path, casd, name: str, words: tuple[str, ...]) -> None:
    project = example(tmp_path, name)
    expected = locally(project, *words)
    number, cached, remote = counts(build(project, casd.url, *words))
    assert number == remote and not cached
    assert outputs(project) == expected
    assert not steps(build(project, casd.url, *words))
    shutil.rmtree(project.path("_build"))
    assert counts(build(project, casd.url, *words)) == (number, number, 0)  # the engine remembers
    assert outputs(project) == expected


@needs_reason()
def test_reason(tmp_path, casd) -> None:
    project = example(tmp_path, "reason")
    expected = locally(project)
    assert counts(build(project, casd.url))[2] and outputs(project) == expected


def test_c_stubs_are_compiled_here(tmp_path, casd) -> None:
    project = example(tmp_path, "c-stubs")
    expected = locally(project)
    run = build(project, casd.url)
    assert (
        "info.c.o does not run remotely: it is a command of a package, but" in run.err and outputs(project) == expected
    )


@pytest.fixture
def app(tmp_path) -> Project:
    project = Project(tmp_path / "app")
    project.write("package.json", json.dumps({"name": "app", "rebel": {}}))
    project.write("src/a.mli", "val x : int\n")
    project.write("src/a.ml", "let x = 1\n")
    project.write("src/index.ml", "let () = print_int A.x\n")
    return project


def test_edits_and_errors(app, casd) -> None:
    build(app, casd.url)
    app.write("src/a.ml", "let x = 1 (* a comment *)\n")
    assert counts(build(app, casd.url))[2] == 1
    app.write("src/a.ml", "let x = 'a'\n")
    there = build(app, casd.url, rc=2)
    here = rebel(app, "build", "--no-cache", env=QUIET, rc=2)
    assert "src/a.ml" in here.text and "had only its declared files" not in there.text
    assert [line for line in there.text.splitlines() if ": remote " not in line] == here.text.splitlines()
    app.write("src/a.ml", "let x = 3\n")
    build(app, casd.url)
    assert app.run("_build/default/src/app.out").out == "3"


def test_annotations_are_kept_where_only_native_code_changes(app, casd) -> None:
    build(app, casd.url, "--release")
    path = app.path("_build/_release/default/src/Default_Tar__Index.cmt")
    before = path.stat()
    app.write("src/a.ml", "let x = 2\n")
    build(app, casd.url, "--release")
    assert path.stat().st_ino == before.st_ino and not steps(build(app, casd.url, "--release"))
    found = outputs(app)
    assert locally(app, "--release") == found


def test_an_sconstruct(app, casd) -> None:
    app.write(
        "SConstruct",
        "import os, rebel_tools\n"
        "env = Environment(tools=['ocaml', 'remote'], toolpath=[rebel_tools.TOOLPATH], ENV=os.environ)\n"
        "env.OCamlProgram('prog', Glob('src/*.ml') + Glob('src/*.mli'))\n",
    )
    run = app.scons(f"--remote-executor={casd.url}")
    number, cached, remote = counts(run)
    assert number == remote >= 4 and not cached
    found = app.snapshot(ignore=(".sconsign.dblite", ".rebel-tools.json"))
    app.scons("-c")
    app.scons()
    assert app.snapshot(ignore=(".sconsign.dblite", ".rebel-tools.json")) == found


def test_only_the_variables_of_compilers_are_sent(app, casd) -> None:
    """The environment of a shell may hold secrets."""
    variables = {**QUIET, "REBEL_TEST_SECRET": "not-for-others"}
    rebel(app, "build", "--no-cache", f"--remote-executor={casd.url}", env=variables)
    kept = [path.read_bytes() for path in casd.folder.rglob("*") if path.is_file()]
    assert kept and not any(b"not-for-others" in data for data in kept)
    shutil.rmtree(app.path("_build"))
    run = build(app, casd.url)
    assert counts(run)[0] == counts(run)[1]


def test_a_map_of_the_user_keeps_steps_here(app, casd) -> None:
    variables = {**QUIET, "BUILD_PATH_PREFIX_MAP": "here=/there"}
    run = rebel(app, "build", "--no-cache", f"--remote-executor={casd.url}", env=variables)
    assert run.err.count("its outputs contain the path of the project") == 1 and counts(run)[2] == 0


def test_the_engine_is_away(app) -> None:
    expected = locally(app)
    run = build(app, "grpc://127.0.0.1:9")
    assert run.err.count("warning") == 1 and "Connection refused" in run.err and "Traceback" not in run.text
    assert outputs(app) == expected


def test_the_resident_server_builds_remotely(app, casd) -> None:
    """It forks its children before they connect to an engine."""
    words = ("build", "--no-cache", f"--remote-executor={casd.url}")
    for number in range(4):
        app.write("src/a.ml", f"let x = {number}\n")
        run = rebel(app, *words, env={"REBEL_SERVER": "1", "CI": ""})
        assert counts(run)[0] == sum(counts(run)[1:]), run.text
    assert app.run("_build/default/src/app.out").out == "3"
    rebel(app, "server", "stop", rc=None)
