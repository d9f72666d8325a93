"""Warnings of files that are up to date: shown again by every build until they are fixed."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from terminal import on_terminal

from rebel_tools.scons.said import MOST

pytestmark = pytest.mark.skipif(not shutil.which("ocamlfind"), reason="needs ocamlfind")
REBEL = [sys.executable, "-m", "rebel_tools"]
UNUSED = "let f () = let {name} = 1 in 2\n"
UP_TO_DATE = "_build/default/src/app.out is up to date"


@pytest.fixture
def app(project):
    """A program with a warning in each of two modules, and one in a package that is installed."""
    project.write("package.json", json.dumps({"name": "app", "dependencies": {"dep": "*"}, "rebel": {}}))
    project.write("node_modules/dep/package.json", json.dumps({"name": "dep", "rebel": {}}))
    project.write("node_modules/dep/src/a.ml", UNUSED.format(name="foreign"))
    project.write("src/one.ml", UNUSED.format(name="first"))
    project.write("src/two.ml", UNUSED.format(name="second"))
    project.write("src/index.ml", "let () = print_int (Dep.A.f () + One.f () + Two.f ())\n")
    return project


def build(project, *arguments, **options):
    return project.run(*REBEL, "build", *arguments, **options)


def shown(run) -> list[str]:
    """The unused names, in the order of the warnings."""
    return [
        name
        for line in run.err.splitlines()
        if "unused variable" in line
        for name in ("first", "second", "foreign")
        if name in line
    ]


def test_they_are_shown_by_all_kinds_of_builds(app):
    assert shown(build(app)) == ["first", "second"]
    for arguments in ([], [], ["default"], ["-Q"], ["-s"], ["-k"]):
        run = build(app, *arguments)
        assert shown(run) == ["first", "second"], arguments
    assert build(app).out == f"{UP_TO_DATE} (2 warnings)\n"
    again = app.run(*REBEL, "check")
    assert shown(again) == ["first", "second"] and shown(app.run(*REBEL, "check")) == ["first", "second"]
    for arguments in (["-n"], ["-q"], ["-c", "-n"]):
        assert shown(build(app, *arguments, rc=None)) == []


def test_what_is_edited_is_said_anew(app):
    build(app)
    app.write("src/one.ml", "let f () = 2\n")
    assert shown(build(app)) == shown(build(app)) == ["second"]
    app.write("src/one.ml", "(* moved *)\n" + UNUSED.format(name="first"))
    run = build(app)
    assert shown(run) == ["first", "second"] and 'one.ml", line 2' in run.err
    app.write("src/index.ml", "let () = print_int (Dep.A.f () + One.f ())\n")
    app.path("src/two.ml").unlink()
    assert shown(build(app)) == shown(build(app)) == ["first"]


def test_a_failed_build_says_nothing_about_sources_that_are_others_now(app):
    build(app)
    app.write("src/one.ml", "let f () : string = let other = 1 in 2\n")
    failed = build(app, rc=2)
    assert shown(failed) == ["second"] and failed.err.endswith("1 step failed: src/one.ml\n")
    app.write("src/one.ml", UNUSED.format(name="first"))
    assert shown(build(app)) == ["first", "second"]


def test_jobs_and_a_clean_build_make_no_difference(app):
    build(app, "-j1")
    one = build(app).err
    build(app, "-c")
    assert not app.path("_build").exists()
    build(app, "-j8")
    assert build(app).err == one


def test_colours_are_those_of_the_terminal_that_shows_them(app):
    on_terminal(app.root, *REBEL, "build")
    assert "\x1b" not in build(app).err and shown(build(app)) == ["first", "second"]
    again = on_terminal(app.root, *REBEL, "build")
    assert "\x1b[" in again.text and again.lines[-1] == f"{UP_TO_DATE} (2 warnings)"
    assert "\x1b" not in on_terminal(app.root, *REBEL, "build", env={"NO_COLOR": "1"}).text


def test_no_more_is_kept_than_somebody_reads(app):
    app.write("src/one.ml", "let f () = 2\n" + "".join(f"let g{n} () = let x = {n} in 1\n" for n in range(1000)))
    first, again = build(app).err, build(app).err
    assert len(first) > 5 * MOST and len(again) < MOST + 1000 and "characters more\n" in again


def test_what_is_kept_is_never_believed(app):
    """State that somebody else has written contains text, and no control characters or format directives."""
    build(app)
    path = app.path("_build/.rebel-tools.up-to-date")
    known = json.loads(path.read_text())
    for messages in (None, 3, [1], {"a": 1}, ["", [], [1]], ["", [], [[1, 2, 3]]]):
        path.write_text(json.dumps({**known, "summary": messages}))
        run = build(app, rc=None)
        assert run.rc == 0 and "Traceback" not in run.text
