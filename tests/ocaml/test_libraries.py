"""Several libraries in one package: each is built, used, tested, installed, and known to editors by its own name."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from package_app import App, edit, steps

from rebel_tools import tools

pytestmark = [
    pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc"),
]

C = "#include <caml/mlvalues.h>\nvalue foo_answer(value x) { return Val_int(41); }\n"
LIBRARIES = {
    "unix": {
        "sources": ["lib/unix"],
        "module": "Foo_unix",
        "uses": ["foo"],
        "ocamlfindDependencies": ["unix"],
        "stubs": {"sources": ["lib/unix/clock.c"]},
    },
    "lex": {"sources": ["lib/lex"], "uses": ["foo", "foo.unix"], "wrapped": False},
}


@pytest.fixture
def app(project) -> App:
    """A tree as in dune: `foo` in lib/, below it `foo.unix` with C and `foo.lex` with a lexer; and a user of them."""
    app = App(project)
    tree(app, "node_modules/foo")
    app.package(dependencies={"foo": "*"}, uses=["foo", "foo.lex"])
    app.write("src/index.ml", 'let () = Printf.printf "%d %d" Foo.Api.one (Lexer.token (Lexing.from_string "42"))\n')
    return app


def tree(app: App, folder: str, **more) -> None:
    rebel = {"targets": [], "sources": ["lib"], "libraries": LIBRARIES, **more}
    app.write(f"{folder}/package.json", json.dumps({"name": "foo", "version": "1.2.0", "rebel": rebel}, indent=1))
    app.write(f"{folder}/lib/api.ml", "let one = 1\n")
    app.write(f"{folder}/lib/api.mli", "val one : int\n")
    app.write(f"{folder}/lib/unix/clock.c", C)
    clock = 'external answer : unit -> int = "foo_answer"\nlet two = Foo.Api.one + answer () - min 0 (Unix.getpid ())\n'
    app.write(f"{folder}/lib/unix/clock.ml", clock)
    app.write(
        f"{folder}/lib/lex/lexer.mll", "rule token = parse ['0'-'9']+ as t { int_of_string t - Foo_unix.Clock.two }\n"
    )


def rebel(app: App, *arguments: str, folder: str = ".", rc: int = 0, env=None) -> str:
    command = [sys.executable, "-m", "rebel_tools", *arguments]
    return app.project.run(*command, rc=rc, cwd=folder, env=env).text


def test_others_use_them_by_their_names(app):
    app.build()
    assert app.output() == "1 0"
    archives = sorted(path.relative_to(app.path("_build")).as_posix() for path in app.path("_build").rglob("*.cmxa"))
    expected = ["foo.lex/FooLex.cmxa", "foo.unix/Foo_unix.cmxa", "foo/Foo.cmxa"]
    assert archives == [f"default/{name}" for name in expected]
    assert app.build().endswith(" up to date\n")


def test_what_is_not_named_is_not_seen(app):
    app.package(dependencies={"foo": "*"})
    app.write("src/index.ml", "let () = print_int Foo_unix.Clock.two\n")
    assert "Unbound module Foo_unix" in app.build(rc=2).replace('"', "")
    app.write("src/index.ml", "let () = print_int Foo.Api.one\n")
    assert not any("clock" in step for step in steps(app.build()))
    assert app.output() == "1"


@pytest.mark.parametrize("engine", ["native", "byte"])
def test_edits_and_clean_builds(app, engine):
    targets = [{"target": "default", "engine": engine, "entry": "src/index.ml"}]
    app.package(dependencies={"foo": "*"}, uses=["foo", "foo.lex"], targets=targets)
    app.is_made_alike_by_many_jobs()
    assert app.output() == "1 0"
    compiler = "ocamlopt" if engine == "native" else "ocamlc"
    edit(app, "node_modules/foo/lib/api.ml", "let one = 1", "let one = 1 (* a comment *)")
    assert steps(app.build()) == [f"{compiler} api.ml"]
    edit(app, "node_modules/foo/lib/api.ml", "let one = 1", "let one = 2")
    done = steps(app.build())
    # Only an implementation has changed.
    assert f"{compiler} clock.ml" not in done and f"{compiler} lexer.ml" not in done
    assert app.output() == "2 -1"
    edit(app, "node_modules/foo/lib/unix/clock.c", "41", "40")
    assert "cc clock.c" in steps(app.build())
    assert app.output() == "2 0"
    app.equals_a_clean_build()
    app.project.run(sys.executable, "-m", "rebel_tools", "clean")
    assert not app.path("_build").exists()


def test_the_package_itself(app):
    """In its own folder, all of its libraries are built for both engines, checked, and built by name."""
    text = rebel(app, "build", folder="node_modules/foo")
    made = app.path("node_modules/foo/_build")
    for name, module in (("default/foo", "Foo"), ("foo.unix/default/foo.unix", "Foo_unix")):
        for ending in ("cmxa", "cma", "cmxs"):
            assert (made / name / f"{module}.{ending}").exists()
    assert steps(text).count("ocamlopt api.ml") == steps(text).count("cc clock.c") == 1
    before = app.project.snapshot("node_modules/foo/_build")
    assert "are up to date" in rebel(app, "build", folder="node_modules/foo")
    shutil.rmtree(made)
    rebel(app, "build", "-j8", "-k", folder="node_modules/foo")
    after = app.project.snapshot("node_modules/foo/_build")
    assert {k: v for k, v in after.items() if ".rebel" not in k} == {
        k: v for k, v in before.items() if ".rebel" not in k
    }
    edit(app, "node_modules/foo/lib/lex/lexer.mll", "- Foo_unix", "- not_there - Foo_unix")
    assert "lexer.mll:1:" in rebel(app, "check", folder="node_modules/foo", rc=2).replace(
        '", line 1, characters ', ":1:"
    )
    assert "ocamlopt clock.ml" not in steps(rebel(app, "build", "foo.unix", folder="node_modules/foo"))
    rebel(app, "clean", folder="node_modules/foo")
    assert not made.exists()


def test_tests_use_all_of_them(app):
    tree(app, ".", tests={"programs": [{"entry": "test/all.ml", "expected": "test/all.out"}]})
    app.write(
        "test/all.ml", 'let () = print_int (Foo.Api.one + Lexer.token (Lexing.from_string "50") + Foo_unix.Clock.two)\n'
    )
    app.write("test/all.out", "51")
    assert "1 test passed" in rebel(app, "test")


def test_a_program_beside_libraries(app):
    """bin/ and lib/ of one package, as in a dune tree."""
    shutil.rmtree(app.path("node_modules"))
    core = {"sources": ["lib/core"], "module": "Core", "findlibName": "foo"}
    targets = [{"target": "foo", "entry": "bin/main.ml"}]
    rebel_key = {"sources": ["bin"], "targets": targets, "uses": ["foo.core"], "libraries": {"core": core}}
    app.write("package.json", json.dumps({"name": "foo", "rebel": rebel_key}))
    app.write("lib/core/a.ml", "let x = 5\n")
    app.write("bin/main.ml", "let () = print_int Core.A.x\n")
    app.build()
    assert app.project.run(app.path("_build/foo/src/app.out")).out == "5"
    rebel(app, "install", "--prefix", str(app.path("prefix")))
    assert app.project.run(app.path("prefix/bin/foo")).out == "5"
    assert 'archive(native) = "Core.cmxa"' in app.path("prefix/lib/foo/META").read_text()


def test_a_folder_is_split_by_names(app):
    """A library of all sources but one, and a program of that one, as with `modules` of dune."""
    core = {"sources": ["src", "!src/main.ml"], "module": "Core"}
    targets = [{"target": "foo", "entry": "src/main.ml"}]
    rebel_key = {"sources": ["src/main.ml"], "targets": targets, "uses": ["foo.core"], "libraries": {"core": core}}
    app.write("package.json", json.dumps({"name": "foo", "rebel": rebel_key}))
    app.write("src/a.ml", "let x = 5\n")
    app.write("src/main.ml", "let () = print_int Core.A.x\n")
    app.path("src/index.ml").unlink()
    app.build()
    assert app.project.run(app.path("_build/foo/src/app.out")).out == "5"
    core["sources"] = ["src"]
    app.write("package.json", json.dumps({"name": "foo", "rebel": rebel_key}))
    assert '"src/main.ml" would be a source of foo.core and of foo' in app.build(rc=2)


def test_flags_open_a_library(app):
    """Everything is compiled after the library that flags open, whatever it names itself."""
    shutil.rmtree(app.path("node_modules"))
    core = {"sources": ["core"], "module": "Core"}
    flags = {"compile": ["-open", "Core"]}
    app.package(uses=["app.core"], libraries={"core": core}, flags=flags)
    app.write("core/late.ml", "let x = 5\n")
    app.write("src/index.ml", "let () = print_int Late.x\n")
    app.is_made_alike_by_many_jobs()
    assert app.output() == "5"
    edit(app, "core/late.ml", "let x = 5", "let y = 1 let x = 6")
    app.build()
    assert app.output() == "6"
    app.equals_a_clean_build()
    app.package(uses=["app.core"], libraries={"core": core}, moduleFlags={"Index": "-open Core"})
    shutil.rmtree(app.path("_build"))
    app.build("-j8")
    assert app.output() == "6"


def test_a_rewriter_is_a_library(app):
    if not shutil.which("ocamlfind") or app.project.run("ocamlfind", "query", "ppxlib", rc=None).rc:
        pytest.skip("needs ppxlib")
    ppx = {"sources": ["ppx"], "ocamlfindDependencies": ["ppxlib"], "linkAll": True}
    data = {"name": "bar", "rebel": {"targets": [], "sources": ["src"], "libraries": {"ppx": ppx}}}
    app.write("node_modules/bar/package.json", json.dumps(data))
    app.write("node_modules/bar/src/a.ml", "let x = 1\n")
    rule = 'Ppxlib.Extension.(declare "seven" Context.expression Ppxlib.Ast_pattern.(pstr nil)'
    rule += " (fun ~loc ~path:_ -> Ppxlib.Ast_builder.Default.eint ~loc 7))"
    text = f'let () = Ppxlib.Driver.register_transformation "seven" ~extensions:[ {rule} ]\n'
    app.write("node_modules/bar/ppx/seven.ml", text)
    app.package(dependencies={"bar": "*"}, ppx=["bar.ppx"])
    app.write("src/index.ml", "let () = print_int ([%seven] + Bar.A.x)\n")
    app.build()
    assert app.output() == "8"


def test_one_makes_sources_of_others(app):
    """A generator in one library, with libraries of its own, makes sources of two others."""
    shutil.rmtree(app.path("node_modules"))
    command = ["tools/make.ml"]
    libraries = {
        "words": {"sources": ["words"], "module": "Words"},
        "tools": {"sources": ["tools"], "uses": ["foo.words"]},
        "one": {"sources": ["one"], "uses": ["foo.tools"], "rules": [{"command": command, "stdout": "one/x.ml"}]},
    }
    rebel_key = {
        "targets": [{"target": "foo", "entry": "bin/main.ml"}],
        "sources": ["bin"],
        "uses": ["foo.one", "foo.tools"],
        "rules": [{"command": command, "stdout": "bin/x.ml"}],
        "libraries": libraries,
    }
    app.write("package.json", json.dumps({"name": "foo", "rebel": rebel_key}))
    app.write("words/lexer.mll", "rule first = parse ['a'-'z']+ as word { word }\n")
    app.write("tools/make.ml", 'let () = Printf.printf "let x = %S" (Words.Lexer.first (Lexing.from_string "ab 1"))\n')
    app.path("one").mkdir()
    app.write("bin/main.ml", "let () = print_string (X.x ^ FooOne.X.x)\n")
    app.build()
    program = app.path("_build/foo/src/app.out")
    assert app.project.run(program).out == "abab"
    app.settle()
    app.is_made_alike_by_many_jobs()
    edit(app, "words/lexer.mll", "{ word }", '{ word ^ "c" }')
    app.build()
    assert app.project.run(program).out == "abcabc"
    app.equals_a_clean_build()
    edit(app, "package.json", '["foo.tools"], "rules"', '[], "rules"')
    said = app.build(rc=2)
    assert '"tools/make.ml" is not an OCaml source' in said and "package.json:1:" in said


@pytest.mark.parametrize("tool", ["ocamlfind", "dune", "rebel"])
def test_they_are_installed_together(app, tool):
    if tool == "dune" and not shutil.which("dune"):
        pytest.skip("needs dune")
    prefix = app.path("prefix")
    rebel(app, "install", "--prefix", str(prefix), folder="node_modules/foo")
    environ = {"OCAMLPATH": str(prefix / "lib"), "CAML_LD_LIBRARY_PATH": str(prefix / "lib/stublibs")}
    app.write("use/main.ml", 'let () = print_int (Foo.Api.one + Lexer.token (Lexing.from_string "42"))\n')
    assert used(app, tool, environ) == "1"
    meta = (prefix / "lib/foo/META").read_text()
    assert 'package "unix" (\n  directory = "unix"\n' in meta and 'requires = "foo foo.unix"' in meta
    rebel(app, "install", "--prefix", str(prefix), "--remove", folder="node_modules/foo")
    assert not (prefix / "lib/foo").exists()


def used(app: App, tool: str, environ: dict) -> str:
    """The output of a program that uses the installed foo.lex."""
    if tool == "dune":
        app.write("use/dune-project", "(lang dune 2.0)\n")
        app.write("use/dune", "(executable (name main) (libraries foo.lex))\n")
        app.project.run("dune", "build", "--root", ".", "./main.exe", cwd="use", env=environ)
        return app.project.run(app.path("use/_build/default/main.exe")).out
    if tool == "ocamlfind":
        command = ["ocamlfind", "ocamlopt", "-package", "foo.lex", "-linkpkg", "main.ml", "-o", "main"]
        app.project.run(*command, cwd="use", env=environ)
        return app.project.run(app.path("use/main")).out
    data = {"rebel": {"sources": ["."], "targets": [{"entry": "main.ml"}], "ocamlfindDependencies": ["foo.lex"]}}
    app.write("use/package.json", json.dumps(data))
    rebel(app, "build", folder="use", env=environ)
    return app.project.run(app.path("use/_build/default/src/app.out")).out


def test_members_of_a_workspace_have_them(app):
    shutil.rmtree(app.path("node_modules"))
    app.write("package.json", '{"workspaces": ["packages/*"]}')
    tree(app, "packages/foo")
    data = {"name": "bar", "dependencies": {"foo": "*"}, "rebel": {"uses": ["foo.unix"]}}
    app.write("packages/bar/package.json", json.dumps(data))
    app.write("packages/bar/src/index.ml", "let () = print_int Foo_unix.Clock.two\n")
    app.path("node_modules").mkdir()
    app.path("node_modules/foo").symlink_to(app.path("packages/foo"))
    done = steps(app.build())
    assert done.count("ocamlopt clock.ml") == 1
    assert app.project.run(app.path("_build/bar/default/src/app.out")).out == "42"
    assert app.path("_build/foo.lex/default/foo.lex/FooLex.cma").exists()


def test_editors_and_programs_are_told(app):
    rebel(app, "build", folder="node_modules/foo")
    found = json.loads(rebel(app, "describe", "--json", folder="node_modules/foo"))
    said = {each["name"]: (each["library_of"], each["dependencies"]) for each in found["packages"]}
    assert said == {"foo": (None, []), "foo.unix": ("foo", ["foo"]), "foo.lex": ("foo", ["foo", "foo.unix"])}
    assert {each["name"] for each in found["targets"]} == {"default", "foo.unix/default", "foo.lex/default"}
    merlin = app.path("node_modules/foo/.merlin").read_text()
    assert "FLG -open Foo\n" in merlin and "S lib\n" in merlin


def test_editors_ask_for_them(app):
    shutil.rmtree(app.path("node_modules"))
    tree(app, ".")
    app.build()
    said = rebel(app, "ocaml-merlin", "--dump-config", "lib/unix/clock.ml")
    assert "UNIT_NAME Foo_unix__Clock\n" in said and "FLG -open Foo_unix " in said
    assert f"S {app.path('lib')}\n" in said and f"B {app.path('_build/default/foo')}\n" in said


WRONG = {
    "no such library": (
        {"uses": ["foo", "foo.unx"]},
        'the package foo has no library "foo.unx"',
        '"foo.unx"',
        "did you mean foo.unix",
    ),
    "no such package": (
        {"uses": ["fo.unix"]},
        'no package in `dependencies` has the library "fo.unix"',
        '"fo.unix"',
        "did you mean foo.unix",
    ),
    "of findlib": ({"uses": ["str"]}, "has the library", '"str"', "`ocamlfindDependencies`"),
    "itself": ({"uses": ["app"]}, "has the library", '"app"', ""),
    "no sources": ({"libraries": {"x": {"uses": []}}}, 'has no "sources"', "{", '"sources": ["lib/unix"]'),
    "unknown key": (
        {"libraries": {"x": {"sources": ["x"], "targets": []}}},
        'unknown key "rebel"."libraries"."x"."targets"',
        '"targets"',
        "",
    ),
    "name": ({"libraries": {"a.b": {"sources": ["x"]}}}, '"a.b" cannot be the name of a library', '"a.b"', ""),
    "module": (
        {"libraries": {"x": {"sources": ["x"], "module": "Y"}, "y": {"sources": ["y"], "module": "Y"}}},
        "two packages have the module Y: app.x and app.y",
        '"Y"',
        "",
    ),
    "one file twice": (
        {"libraries": {"x": {"sources": ["x"]}, "y": {"sources": ["x", "y"]}}},
        '"x/a.ml" would be a source of app.x and of app.y',
        "[",
        '"!x/a.ml"',
    ),
    "cycle": (
        {"libraries": {"x": {"sources": ["x"], "uses": ["app.y"]}, "y": {"sources": ["y"], "uses": ["app.x"]}}},
        "packages depend on each other: app.x -> app.y -> app.x",
        '"app.x"',
        "",
    ),
    "target": (
        {"targets": [{"target": "app.x"}], "libraries": {"x": {"sources": ["x"]}}},
        'the target "app.x" has the same name as a library',
        "{",
        "",
    ),
    "nothing there": (
        {"libraries": {"x": {"sources": ["x"], "stubs": {"sources": ["n.c"]}}}},
        "selects no file",
        '"n.c"',
        "",
    ),
    "findlib": (
        {"libraries": {"x": {"sources": ["x"], "ocamlfindDependencies": ["nowhere"]}}},
        "nowhere",
        '"nowhere"',
        "",
    ),
    "grammar": (
        {"libraries": {"x": {"sources": ["x"], "grammars": {"P": {}}}}},
        "no grammar is the module P",
        '"P"',
        "",
    ),
    "rule": (
        {"libraries": {"x": {"sources": ["x"], "rules": [{"command": ["false"], "targets": ["x/m.ml"]}]}}},
        "this command failed with exit status 1",
        "[",
        "",
    ),
}


@pytest.mark.parametrize("said, message, at, hint", WRONG.values(), ids=WRONG.keys())
def test_wrong_inputs(app, said, message, at, hint):
    """Each error has the place in package.json that caused it."""
    data = {"name": "app", "dependencies": {"foo": "*"}, "rebel": said}
    path = app.write("package.json", json.dumps(data, indent=1))
    for name in ("x/a.ml", "y/b.ml"):
        app.write(name, "let v = 1\n")
    text = app.build(rc=2)
    assert message in text and hint in text and "Traceback" not in text
    lines = text.splitlines()
    shown = next(at for at, line in enumerate(lines) if f"{path.name}:" in line)
    source, caret = lines[shown + 1], lines[shown + 2]
    assert source[caret.index("^") :].startswith(at)
