"""Anything that can change the outcome is noticed by the next `rebel build`, even if it need not start scons."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from package_app import PROGRAM, App, Findlib, replace_as_before
from tool_project import commands, sconstruct
from user_project import ROOT, unquoted

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")


@pytest.fixture
def app(project) -> App:
    return App(project)


# The project and its outputs


def test_an_error_while_targets_are_read_leaves_nothing_that_tells_of_success(app):
    app.package(targets=[{"target": name, "engine": "native", "entry": "src/index.ml"} for name in ("a", "b")])
    app.settle()
    program = app.path("_build/b/src/app.out")
    program.unlink()
    program.mkdir()
    text = app.build(rc=2)
    assert "`_build/b/src/app.out` is a folder" in text and "Traceback" not in text
    program.rmdir()
    app.build()
    assert program.is_file()


def test_a_package_without_modules(app):
    """ocamldep would take its alias file for an error, and print nothing about any source."""
    app.write("node_modules/bar/package.json", json.dumps({"name": "bar", "rebel": {}}))
    app.write("node_modules/bar/src/x.ml", 'let v = "x"\n')
    app.package(dependencies={"bar": "*"})
    app.write("src/index.ml", "let () = print_string Bar.X.v\n")
    app.settle()
    app.path("node_modules/bar/src/x.ml").rename(app.path("src/zed.ml"))
    app.write("src/index.ml", "let () = print_string Zed.v\n")
    app.build()
    assert app.output() == "x"
    app.equals_a_clean_build()


def test_same_size_and_time_stamp(app):
    app.settle()
    status = app.path("src/index.ml").stat()
    app.write("src/index.ml", 'let () = print_string "other"\n')
    os.utime(app.path("src/index.ml"), ns=(status.st_atime_ns, status.st_mtime_ns))
    app.build()
    assert app.output() == "other"


def test_an_older_package_json_comes_during_the_build(app):
    app.write("src/index.ml", "let () = print_int (try [| 1 |].(1 + Array.length Sys.argv) with _ -> 7)\n")
    unsafe = json.dumps({"name": "app", "rebel": {"flags": {"compile": "-unsafe"}}})
    os.utime(app.write("other.json", unsafe), (1e9, 1e9))
    app.script("bin/ocamlopt", "if [ -e other.json ]; then mv other.json package.json; fi")
    app.build()
    assert app.output() == "7"
    app.build()
    assert app.output() != "7"


def test_a_source_changes_and_changes_back_while_it_is_compiled(app):
    app.write("other.ml", 'let () = print_string "other"\n')
    app.write("mine.ml", app.path("src/index.ml").read_text())
    swapped = 'mv other.ml src/index.ml; $REAL "$@"; mv mine.ml src/index.ml; exit 0'
    app.script("bin/ocamlopt", f'case "$*" in *index.ml) if [ -e other.ml ]; then {swapped}; fi;; esac')
    app.build()
    assert app.output() == "other"
    app.build()
    assert app.output() == "built"


# Tools and installed packages


def test_a_link_to_another_compiler(app):
    app.script("one/ocamlopt", "")
    app.script("two/ocamlopt", 'set -- -unsafe "$@"')
    app.path("bin").mkdir()
    app.path("bin/ocamlopt").symlink_to("../one/ocamlopt")
    app.write("src/a.ml", "let g i = try [| 1 |].(1 + i) with _ -> 7\n")
    text = 'print_string (if A.g (Array.length Sys.argv) = 7 then "safe" else "unsafe")'
    app.write("src/index.ml", f"let () = {text}\n")
    app.settle()
    assert app.output() == "safe"
    app.path("bin/ocamlopt").unlink()
    app.path("bin/ocamlopt").symlink_to("../two/ocamlopt")
    app.build()
    assert app.output() == "unsafe"
    app.equals_a_clean_build()


def test_a_compiler_of_the_same_size_and_time_stamp(app):
    app.write("src/a.ml", "let g i = try [| 1 |].(1 + i) with _ -> 7\n")
    text = 'print_string (if A.g (Array.length Sys.argv) = 7 then "safe" else "unsafe")'
    app.write("src/index.ml", f"let () = {text}\n")
    app.script("bin/ocamlopt", 'set -- $(echo "       ") "$@"')
    app.settle()
    assert app.output() == "safe"
    replace_as_before(app.path("bin/ocamlopt"), "       ", "-unsafe")
    app.build()
    assert app.output() == "unsafe"
    app.equals_a_clean_build()


def test_a_preprocessor_of_the_same_size_and_time_stamp(app):
    app.write("bin/pp", '#!/bin/sh\nsed s/NAME/A/ "$1"\n').chmod(0o755)
    app.package(flags={"compile": "-pp pp", "dep": "-pp pp"})
    app.write("src/index.ml", "let () = print_string NAME.v\n")
    for name in ("A", "B"):
        app.write(f"src/{name.lower()}.ml", f'let v = "{name}"\n')
    app.settle()
    replace_as_before(app.path("bin/pp"), "/A/", "/B/")
    app.build()
    assert app.output() == "B"


@pytest.mark.parametrize(
    ("package", "file", "meta"),
    [
        ("foo", "META.foo", 'directory="d1"\narchive(native)="lib.cmxa"\n'),
        ("foo.sub", "foo/META", 'package "sub" (\ndirectory="../d1"\narchive(native)="lib.cmxa"\n)\n'),
    ],
)
def test_a_description_of_a_findlib_package(app, package, file, meta):
    findlib = Findlib(app)
    for folder in ("d1", "d2"):
        findlib.compile(folder, "foo", f'let v = "{folder}"\n')
    app.write(f"lib/{file}", meta)
    app.package(ocamlfindDependencies=[package])
    app.write("src/index.ml", "let () = print_string Foo.v\n")
    app.settle()
    app.write(f"lib/{file}", meta.replace("d1", "d2"))
    app.build()
    assert app.output() == "d2"


def test_a_findlib_package_of_the_same_size_and_time_stamp(app):
    """Compiled with -opaque, its interface stays the same, too: only the program is linked again."""
    findlib, stages = Findlib(app), ("one", "two")
    for stage in stages:
        findlib.compile(stage, "p", f'let v () = "{stage}"\n', options=["-opaque"])
        for path in app.path(f"lib/{stage}").iterdir():
            os.utime(path, (1e9, 1e9))
    app.write("lib/p/META", 'archive(native)="lib.cmxa"\n')
    app.package(ocamlfindDependencies=["p"])
    app.write("src/index.ml", "let () = print_string (P.v ())\n")
    for stage in stages:
        for path in app.path(f"lib/{stage}").iterdir():
            shutil.copy2(path, app.path("lib/p"))
        app.settle()
        assert app.output() == stage


def test_a_module_in_an_earlier_findlib_package(app):
    findlib = Findlib(app)
    findlib.compile("p1", "p1", "let v = 1\n")
    findlib.compile("p2", "extra", 'let v = "p2"\n')
    for name in ("p1", "p2"):
        app.write(f"lib/{name}/META", 'archive(native)="lib.cmxa"\n')
    app.package(ocamlfindDependencies=["p1", "p2"])
    app.write("src/index.ml", "let () = print_string Extra.v; print_int P1.v\n")
    app.settle()
    findlib.compile("p1", "extra", "let other = 1\n", archive=False)
    assert "Unbound value Extra.v" in unquoted(app.build(rc=2))


PPX = """\
let expr mapper = function
  | { Parsetree.pexp_desc = Pexp_ident { txt = Lident "here"; _ }; _ } as e ->
    { e with pexp_desc = Pexp_ident (Location.mknoloc (Longident.parse "NAME")) }
  | e -> Ast_mapper.default_mapper.expr mapper e
let () = Ast_mapper.register "p" (fun _ -> { Ast_mapper.default_mapper with expr })
"""


def _make_ppx(app: App, folder: str, names: str) -> None:
    app.write(f"{folder}/p.ml", PPX.replace("NAME", names))
    command = [tools.find("ocamlfind"), "ocamlc", "-w", "-a", "-package", "compiler-libs.common", "-linkpkg", "p.ml"]
    app.project.run(*command, "-o", "ppx.exe", cwd=folder)


@pytest.mark.parametrize("place", ["findlib", "flags"])
def test_a_preprocessor_names_another_module(app, place):
    Findlib(app)
    _make_ppx(app, "lib/ppx", "A.v")
    app.write("lib/ppx/META", 'ppx="./ppx.exe"\n')
    flags = dict.fromkeys(("compile", "dep"), "-ppx lib/ppx/ppx.exe")
    app.package(**{"ocamlfindDependencies": ["ppx"]} if place == "findlib" else {"flags": flags})
    app.write("src/index.ml", "let () = print_string here\n")
    for name in ("a", "b"):
        app.write(f"src/{name}.ml", f'let v = "{name}"\n')
    app.settle()
    _make_ppx(app, "lib/ppx", "B.v")
    app.build("-j4")
    assert app.output() == "b"
    app.equals_a_clean_build()


def test_an_object_in_the_flags(app):
    app.write("src/index.ml", 'external f : unit -> int = "f"\nlet () = print_int (f ())\n')
    app.package(flags={"link": "f.o"})
    for number in (3, 4):
        app.write("f.c", f"long f(long x) {{ return 2 * {number} + 1; }}\n")
        app.project.run("gcc", "-c", "f.c")
        app.settle()
        assert app.output() == str(number)


@pytest.mark.parametrize("declared", [True, False])
def test_environment_variables_that_change_outputs(app, declared):
    def build(prefix: str) -> None:
        value = f"{prefix}={app.path('.')}"
        if declared:
            flags = {"envvars": f"BUILD_PATH_PREFIX_MAP={value}"}
            target = {"target": "default", "engine": "native", "entry": "src/index.ml", "unstable_flags": flags}
            app.package(targets=[target])
        else:
            app.environment["BUILD_PATH_PREFIX_MAP"] = value
        app.build()

    for prefix in ("/x", "/long"):
        build(prefix)
    app.equals_a_clean_build()


# Settings in an SConstruct


RULES = """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["rebel"], toolpath=[rebel_tools.TOOLPATH])
"""


def test_an_action_that_is_added_to_the_program(app):
    for action in ("", "echo 1 > post", "echo 2 > post"):
        app.write("SConstruct", RULES + f"p = env.Rebel()\nif {action!r}: env.AddPostAction(p, {action!r})\n")
        app.build()
        assert "up to date" in app.build()
    assert app.path("post").read_text() == "2\n"


INNER = "_build/default/src/Default_Tar__Index.cmx"


@pytest.mark.parametrize("asked", [[], ["default"]])
def test_a_dependency_of_an_inner_output(app, asked):
    app.write("SConstruct", RULES + f"env.Rebel()\nenv.Depends({INNER!r}, 'data')\n")
    for text in ("1", "2"):
        app.write("data", text)
        assert "ocamlopt src/index.ml" in app.build(*asked)
        assert "up to date" in app.build(*asked)


def test_somebody_knows_an_inner_output_by_its_name(app):
    app.write("SConstruct", RULES + f"env.Rebel()\nenv.File({INNER!r})\nenv.Entry({INNER[:-1]!r})\n")
    app.build("default")
    assert app.output() == "built"


COMMAND = "gen = env.Command('src/deep/gen.ml', 'gen.in', Copy('$TARGET', '$SOURCE'))\n"


@pytest.mark.parametrize(
    "rules",
    [COMMAND + "env.Rebel()\n", "env.Rebel()\n" + COMMAND, COMMAND + "env.Depends(env.Rebel(), gen)\n"],
    ids=["before", "after", "depends"],
)
def test_a_source_that_another_builder_makes(app, rules):
    app.write("SConstruct", RULES + rules)
    app.write("src/index.ml", "let () = print_string Gen.v\n")
    for text, asked in (("one", PROGRAM), ("two", "default"), ("three", "_build/default/src/Default_Tar__Gen.cmx")):
        app.write("gen.in", f'let v = "{text}"\n')
        app.build(asked, "default")
        assert app.output() == text
        assert "up to date" in app.build("default")
    app.path("src/deep/gen.ml").unlink()
    app.build()
    assert "up to date" in app.build()
    app.write("gen.in", 'let v = "three" (* a comment *)\n')
    assert ("link" in app.build()) == ("Depends" in rules)
    app.equals_a_clean_build()
    app.build("-c")
    assert not app.path("_build").exists() and not app.path("src/deep/gen.ml").exists()


def test_an_interface_that_another_builder_makes_in_a_package(app):
    """With -k, with -j, and in a package behind a link."""
    app.write("packages/dep/package.json", json.dumps({"name": "dep", "rebel": {}}))
    app.write("packages/dep/src/a.ml", "let x = 1\nlet y = 2\n")
    app.path("node_modules").mkdir()
    app.path("node_modules/dep").symlink_to("../packages/dep")
    app.package(dependencies={"dep": "*"})
    app.write("src/index.ml", "let () = print_int Dep.A.x\n")
    make = "env.Command('node_modules/dep/src/a.mli', 'a.in', Copy('$TARGET', '$SOURCE'))\nenv.Rebel()\n"
    app.write("SConstruct", RULES + make)
    app.write("a.in", "val x : int\n")
    app.build("-k", "-j4")
    assert app.output() == "1"
    app.write("a.in", "val y : int\n")
    assert "Unbound value Dep.A.x" in unquoted(app.build(rc=2))
    app.write("a.in", "val x : int\nval y : int\n")
    app.build("-j4")
    app.equals_a_clean_build()


def test_a_preprocessor_that_another_builder_makes(app):
    """It is made before ocamldep or a compiler uses it, and its users are compiled again."""
    make = "env.Command('pp', 'pp.in', [Copy('$TARGET', '$SOURCE'), Chmod('$TARGET', 0o755)])\n"
    app.write("SConstruct", RULES + "env.Rebel()\n" + make)
    app.package(flags={"compile": "-I . -pp ./pp", "dep": "-pp ./pp"})  # the folder must not be made first
    app.write("src/index.ml", "let () = print_string NAME.v\n")
    for name in ("A", "B"):
        app.write(f"src/{name.lower()}.ml", f'let v = "{name}"\n')
        app.write("pp.in", f'#!/bin/sh\nsed s/NAME/{name}/ "$1"\n')
        app.build("default", "-j4")
        assert app.output() == name  # the outputs contain the names of temporary files
        assert "up to date" in app.build()


# Builds that are interrupted, or run at the same time


def test_a_killed_build_leaves_no_module(project):
    """Its interface would still be found by its name if it were not removed with its source."""
    program = 'env.OCamlProgram("main", Glob("*.ml"), OCAMLNAMESPACE="", OCAMLOPT="./ocamlopt")\n'
    files = {"main.ml": 'let () = List.iter print_string ["a"]\n', "list.ml": "let iter f l = f (String.concat l [])\n"}
    sconstruct(project, program, files)
    real = shutil.which("ocamlopt")
    kill = 'case "$*" in *main.ml) if [ -e list.ml ]; then kill -9 $PPID; exit 1; fi;; esac\n'
    project.write("ocamlopt", f'#!/bin/sh\n{kill}exec {real} "$@"\n').chmod(0o755)
    project.scons(rc=-9)
    assert project.path("main.objs/list.cmi").exists()
    project.path("list.ml").unlink()
    project.scons()
    assert project.run(project.path("main")).out == "a"
    assert not project.path("main.objs/list.cmi").exists()
    assert commands(project.scons()) == []


@contextlib.contextmanager
def waiting_build(app, *arguments: str):
    """A build that waits for another one, and a function that lets it continue."""
    app.path("_build").mkdir()
    folder = os.open(app.path("_build"), os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    command = [sys.executable, "-u", "-m", "rebel_tools", "build", "-Q", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=app.path("."), env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "rebel: another build is running in _build; waiting for its end\n"
        yield process, lambda: os.close(folder)
        process.stdout.read()


def test_one_build_at_a_time(app):
    with waiting_build(app) as (process, go_on):
        app.package(targets=[])
        app.package()
        go_on()
    assert process.returncode == 0
    assert app.output() == "built"


def test_a_build_that_waits_is_interrupted(app):
    with waiting_build(app, "-j4") as (process, go_on):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT  # so that a shell ends its loop, too
        go_on()
    assert not app.path(PROGRAM).exists()


def test_the_folder_goes_while_a_build_waits(app):
    with waiting_build(app) as (process, go_on):
        app.path("_build").rmdir()
        go_on()
    assert app.output() == "built"


def test_a_file_where_the_folder_should_be(app):
    app.write("_build", "")
    text = app.build(rc=2)
    assert "_build: the output folder cannot be used: File exists" in text
