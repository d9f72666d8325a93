"""A module whose source depends on which libraries are installed (`rebel.select`)."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from package_app import App, Findlib, edit, steps

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

CLOCK = [{"if": ["clock"], "source": "src/time.clock.ml"}, {"source": "src/time.none.ml"}]


@pytest.fixture
def app(project) -> App:
    """A program that prints which library it was built with; OCAMLPATH does not contain `clock` yet."""
    app = App(project)
    Findlib(app)
    app.package(select={"src/time.ml": CLOCK})
    app.write("src/time.clock.ml", 'let said = "clock " ^ Clock.now\n')
    app.write("src/time.none.ml", 'let said = "no clock"\n')
    app.write("src/time.mli", "val said : string\n")
    app.write("src/index.ml", "let () = print_string Time.said\n")
    return app


def install(app: App) -> None:
    Findlib(app).compile("clock", "clock", 'let now = "of findlib"\n')
    app.write("lib/clock/META", 'version = "1"\narchive(native) = "lib.cmxa"\n')


def test_the_choice_follows_what_is_installed(app):
    app.settle()
    assert app.output() == "no clock"
    install(app)
    done = steps(app.build())
    assert "ocamlopt time.clock.ml" in done and "ocamlopt time.none.ml" not in done
    assert app.output() == "clock of findlib"
    app.equals_a_clean_build()
    shutil.rmtree(app.path("lib"))
    assert "ocamlopt time.none.ml" in steps(app.build())
    assert app.output() == "no clock"
    app.equals_a_clean_build()


def test_files_with_other_suffixes(app):
    """As in dune projects such as opam: time.ml.clock."""
    choices = [{"if": ["clock"], "source": "src/time.ml.clock"}, {"source": "src/time.ml.none"}]
    for name in ("clock", "none"):
        app.path(f"src/time.{name}.ml").rename(app.path(f"src/time.ml.{name}"))
    app.package(select={"src/time.ml": choices})
    app.settle()
    assert app.output() == "no clock"
    install(app)
    app.package(select={"src/time.ml": choices}, preprocessor=["sed", "s/clock/hour/"])
    app.write("src/time.ml.clock", 'let said = "clock"\nlet _ = Clock.now\n')
    app.build()
    assert app.output() == "hour"
    app.equals_a_clean_build()
    app.write("src/time.ml.clock", "let said = true\n")
    assert 'File "src/time.ml.clock", line 1' in app.build(rc=2)


def test_edits(app):
    install(app)
    app.is_made_alike_by_many_jobs()
    edit(app, "src/time.clock.ml", "Clock.now", "Clock.now (* a comment *)")
    assert steps(app.build()) == ["ocamlopt time.clock.ml"]
    edit(app, "src/time.none.ml", "no clock", "nothing")  # it is not built
    assert app.build().endswith(" up to date\n")
    edit(app, "src/time.clock.ml", "clock ", "time ")
    app.build()
    assert app.output() == "time of findlib"
    app.equals_a_clean_build()
    app.project.run(sys.executable, "-m", "rebel_tools", "clean", env=app.environment)
    assert not app.path("_build").exists()


def test_a_server_asks_again_in_another_environment(app):
    install(app)
    path = app.environment.pop("OCAMLPATH")
    app.environment["REBEL_SERVER"] = "1"
    try:
        for _ in range(4):
            app.build()
        assert app.output() == "no clock"
        app.environment["OCAMLPATH"] = path
        app.build()
        assert app.output() == "clock of findlib"
    finally:
        app.project.run(sys.executable, "-m", "rebel_tools", "server", "stop", env=app.environment, rc=None)


def test_errors_are_in_the_file_that_was_chosen(app):
    app.write("src/time.none.ml", "let said =\n  not_there\n")
    assert 'File "src/time.none.ml", line 2, characters 2-11' in app.build(rc=2)


def test_a_package_of_the_project_is_chosen_before_one_of_findlib(app):
    install(app)
    data = {"name": "clock", "rebel": {"wrapped": False}}
    app.write("node_modules/clock/package.json", json.dumps(data))
    app.write("node_modules/clock/src/clock.ml", 'let now = "of npm"\n')
    said = {"optionalDependencies": {"clock": "*"}, "rebel": {"select": {"src/time.ml": CLOCK}}}
    app.write("package.json", json.dumps(said))
    app.build()
    assert app.output() == "clock of npm"
    shutil.rmtree(app.path("node_modules"))
    app.build()
    assert app.output() == "clock of findlib"


def test_what_is_not_chosen_is_no_dependency(app):
    """Nor is one of a package of the project that `uses` does not list."""
    data = {"name": "clock", "rebel": {"wrapped": False}}
    app.write("node_modules/clock/package.json", json.dumps(data))
    app.write("node_modules/clock/src/clock.ml", 'let now = "of npm"\n')
    choices = [{"if": ["clock", "!str"], "source": "src/time.clock.ml"}, {"source": "src/time.none.ml"}]
    app.package(dependencies={"clock": "*"}, uses=[], select={"src/time.ml": choices})
    assert "ocamlopt clock.ml" not in steps(app.build())
    assert app.output() == "no clock"
    choices[0]["if"] = ["clock", "!no-such-library"]
    app.package(dependencies={"clock": "*"}, uses=[], select={"src/time.ml": choices})
    assert "ocamlopt clock.ml" in steps(app.build())
    assert app.output() == "clock of npm"


def test_libraries_of_a_package_have_choices(app):
    install(app)
    app.package(
        uses=["app.time"],
        libraries={"time": {"sources": ["time"], "select": {"time/t.ml": [{"if": ["clock"], "source": "time/a.ml"}]}}},
    )
    app.write("time/a.ml", "let said = Clock.now\n")
    app.write("src/index.ml", "let () = print_string AppTime.T.said\n")
    for name in ("clock", "none"):
        app.path(f"src/time.{name}.ml").unlink()
    app.path("src/time.mli").unlink()
    app.build()
    assert app.output() == "of findlib"


NONE = "src/time.none.ml"
TIME = "src/time.ml"
WRONG = {
    "none fits": ({TIME: CLOCK[:1]}, 'no source of "src/time.ml" can be selected', '"src/time.ml"', "install clock"),
    "no source": ({TIME: [{"if": ["str"]}]}, 'has no "source"', "{", ""),
    "not there": ({TIME: [{"source": "src/time.nome.ml"}]}, "does not exist", '"src/time.nome.ml"', "did you mean"),
    "is there": ({"src/index.ml": CLOCK}, '"src/index.ml" exists', '"src/index.ml"', ""),
    "elsewhere": ({"lib/time.ml": CLOCK}, '"lib/time.ml" would not be a source', '"lib/time.ml"', ""),
    "another kind": ({"src/time.re": CLOCK}, '"src/time.clock.ml" cannot be "src/time.re"', '"src/time.clock.ml"', ""),
    "no module": ({"src/a-b.ml": CLOCK}, "cannot be the name of a module", "", ""),
    "outside": ({TIME: [{"source": "../a.ml"}]}, "cannot be a file of the package", '"../a.ml"', ""),
    "a name": ({TIME: [{"if": ["a b"], "source": NONE}]}, '"a b" cannot be the name', '"a b"', ""),
    "a word": ({TIME: NONE}, "is not a list", '"src/time.none.ml"', ""),
    "unknown key": ({TIME: [{"from": "a.ml"}]}, 'unknown key "rebel"."select"."src/time.ml"[0]."from"', '"from"', ""),
}


@pytest.mark.parametrize("select, message, at, hint", WRONG.values(), ids=WRONG.keys())
def test_wrong_inputs(app, select, message, at, hint):
    app.write("package.json", json.dumps({"rebel": {"select": select}}, indent=1))
    text = app.build(rc=2)
    assert message in text and hint in text and "Traceback" not in text
    lines = text.splitlines()
    if at:
        assert lines[1][lines[2].index("^") :].startswith(at)
