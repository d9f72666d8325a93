"""Compilers, the standard library and findlib packages count by the files that were read, wherever they are."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from package_app import PROGRAM, App, Findlib
from user_project import unquoted

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")


@pytest.fixture
def app(project) -> App:
    return App(project)


def commands(app: App) -> list[str]:
    """The commands of the next build, according to its status lines."""
    return [line.partition("] ")[2] for line in app.build().splitlines() if line.startswith("[")]


@pytest.fixture
def library(app):
    """A copy of the standard library's folder, which the compilers of this project use."""
    compiler = tools.find("ocamlopt")
    where = subprocess.run([compiler, "-where"], capture_output=True, text=True, check=True).stdout.strip()
    folder = app.path("lib")
    folder.mkdir()
    for entry in os.scandir(where):
        if entry.is_file():
            shutil.copy2(entry.path, folder)
    for name in ("ocamlopt", "ocamlc", "ocamldep"):
        app.script(f"bin/{name}", f"export OCAMLLIB={folder}")
    app.environment["OCAMLLIB"] = str(folder)
    return folder


def compile_into(app: App, folder, module: str, text: str, *options: str) -> None:
    app.write(f"made/{module}.ml", text)
    app.project.run(tools.find("ocamlopt"), *options, "-c", f"{module}.ml", cwd="made")
    for suffix in (".cmi", ".cmx", ".o"):
        shutil.copy(app.path(f"made/{module}{suffix}"), folder)


# The standard library and compilers


def test_a_library_that_nobody_uses_is_installed(app, library):
    app.settle()
    compile_into(app, library, "unused", "let n = 1\n")
    assert commands(app) == []
    assert app.build().endswith(" is up to date\n")


def test_another_runtime_is_linked_and_compiles_nothing(app, library):
    app.settle()
    with open(library / "libasmrun.a", "ab") as file:
        file.write(b"\n")
    assert commands(app) == ["link _build/default/src/app.out"]
    with open(library / "libasmrund.a", "ab") as file:  # for -runtime-variant d
        file.write(b"\n")
    assert len(commands(app)) == 1
    assert commands(app) == []


def test_a_part_of_the_standard_library_changes(app, library):
    app.write("src/a.ml", "let f l = List.length l\n")
    app.write("src/b.ml", "let g s = String.length s\n")
    app.write("src/index.ml", "let () = print_int (A.f [] + B.g {||})\n")
    app.settle()
    with open(library / "stdlib__List.cmx", "ab") as file:
        file.write(b"\n")
    assert commands(app) == ["ocamlopt src/a.ml"]
    app.equals_a_clean_build()


def test_the_same_again(app, library):
    """Other time stamps and inodes, but the same contents: a library is installed again."""
    app.settle()
    for path in [*library.iterdir(), app.path("bin/ocamlopt")]:
        copy = shutil.copy(path, app.path("copy"))
        os.replace(copy, path)
    assert commands(app) == []
    assert app.build().endswith(" is up to date\n")


def test_a_file_in_the_folder_of_the_build_hides_an_installed_one(app, library):
    """The compilers search their working directory first."""
    compile_into(app, library, "seen", 'let v = "installed"\n')
    app.write("src/index.ml", "let () = print_string Seen.v\n")
    app.package(flags={"link": [str(library / "seen.cmx")]})
    app.settle()
    assert app.output() == "installed"
    compile_into(app, app.path("."), "seen", "let other = 1\n")
    assert "Unbound value Seen.v" in unquoted(app.build(rc=2))
    for suffix in (".cmi", ".cmx", ".o"):
        app.path(f"seen{suffix}").unlink()
    app.build()
    assert app.output() == "installed"


def test_folders_in_an_environment_variable(app):
    for name in ("one", "two"):
        app.path(name).mkdir()
        compile_into(app, app.path(name), "seen", f'let v = "{name}"\n')
        app.package(flags={"link": [str(app.path(name) / "seen.cmx")]})
        app.write("src/index.ml", "let () = print_string Seen.v\n")
        app.environment["OCAMLPARAM"] = f"I={app.path(name)},_"
        app.settle()
        assert app.output() == name
    compile_into(app, app.path("two"), "seen", 'let v = "new"\n')
    app.build()
    assert app.output() == "new"


# findlib packages


@pytest.fixture
def findlib(app) -> Findlib:
    found = Findlib(app)
    for module in ("one", "two"):
        found.compile("p", module, f"let v = {module!r}\n".replace("'", '"'), archive=False)
    make_archive(app)
    app.write("lib/p/META", 'archive(native)="p.cmxa"\n')
    app.package(ocamlfindDependencies=["p"])
    app.write("src/a.ml", "let v = One.v\n")
    app.write("src/b.ml", "let v = Two.v\n")
    app.write("src/index.ml", "let () = print_string (A.v ^ B.v)\n")
    app.settle()
    assert app.output() == "onetwo"
    return found


def make_archive(app: App, *options: str) -> None:
    command = [tools.find("ocamlfind"), "ocamlopt", "-a", "one.cmx", "two.cmx", "-o", "p.cmxa", *options]
    app.project.run(*command, cwd="lib/p")


def test_one_module_of_a_package_changes(app, findlib):
    findlib.compile("p", "two", 'let v = "new"\n', archive=False)
    make_archive(app)
    found = commands(app)
    assert "ocamlopt src/a.ml" not in found and "ocamlopt src/b.ml" in found
    assert app.output() == "onenew"
    app.equals_a_clean_build()


def test_native_code_of_a_package_goes_and_comes(app, findlib):
    path = app.path("lib/p/two.cmx")
    for old, new in ((path, app.path("hidden")), (app.path("hidden"), path)):
        old.rename(new)
        found = commands(app)
        assert "ocamlopt src/a.ml" not in found and "ocamlopt src/b.ml" in found
        app.equals_a_clean_build()


def test_stubs_of_a_package_change(app, findlib):
    findlib.compile("p", "two", 'external f : unit -> int = "f"\nlet v = string_of_int (f ())\n', archive=False)
    make_archive(app, "-cclib", "-lpstubs")
    for number in (3, 4):
        app.write("lib/p/f.c", f"long f(long x) {{ return 2 * {number} + 1; }}\n")
        app.project.run("sh", "-c", "rm -f libpstubs.a && gcc -c f.c && ar rc libpstubs.a f.o", cwd="lib/p")
        found = commands(app)
        assert app.output() == f"one{number}"
    assert found == ["link _build/default/src/app.out"]


def test_a_package_comes_to_an_earlier_place(app, findlib):
    app.environment["OCAMLPATH"] = f"{app.path('early')}:{app.path('lib')}"
    app.path("early/p").mkdir(parents=True)
    app.settle()
    shutil.copytree(app.path("lib/p"), app.path("early/p"), dirs_exist_ok=True)
    app.path("early/p/META").unlink()
    app.settle()
    findlib.compile("../early/p", "one", 'let v = "early"\n', archive=False)
    app.project.run(*[tools.find("ocamlfind"), "ocamlopt", "-a", "one.cmx", "two.cmx", "-o", "p.cmxa"], cwd="early/p")
    app.settle()
    assert app.output() == "onetwo"
    shutil.copy(app.path("lib/p/META"), app.path("early/p/META"))
    app.build()
    assert app.output() == "earlytwo"
    app.equals_a_clean_build()


def test_bytecode(app, findlib):
    target = {"target": "default", "engine": "byte", "entry": "src/index.ml"}
    app.write("lib/p/META", 'archive(native)="p.cmxa"\narchive(byte)="p.cma"\n')
    app.package(ocamlfindDependencies=["p"], targets=[target])
    ocamlc = [tools.find("ocamlfind"), "ocamlc"]
    for text in ("two", "three"):
        app.write("lib/p/two.ml", f'let v = "{text}"\n')
        app.project.run(*ocamlc, "-a", "one.ml", "two.ml", "-o", "p.cma", cwd="lib/p")
        found = commands(app)
        assert app.project.run("ocamlrun", app.path(PROGRAM)).out == f"one{text}"
        assert commands(app) == []
    assert found == ["link _build/default/src/app.out"]


def test_a_cache_holds_results_for_each_state_of_a_package(app, findlib):
    """Going back takes results from the cache, but none that were made from other files."""
    app.write("SConstruct", RULES + "CacheDir('cache')\nenv.Rebel()\n")
    for text in ("one", "other", "one"):
        findlib.compile("p", "one", f'let v = "{text}"\n', archive=False)
        make_archive(app)
        shutil.rmtree(app.path("_build"), ignore_errors=True)
        said = app.build()
        assert app.output() == f"{text}two"
    assert "Retrieved `_build/default/src/app.out' from cache" in said


RULES = """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["rebel"], toolpath=[rebel_tools.TOOLPATH])
"""
