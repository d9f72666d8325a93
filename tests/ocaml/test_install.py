"""Installed libraries and programs are found and used by ocamlfind, by dune, and by another project here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
from user_project import rebel

pytestmark = pytest.mark.skipif(not shutil.which("ocamlfind"), reason="ocamlfind is not installed")


def package(project, folder, data, **sources):
    project.write(f"{folder}/package.json", json.dumps(data))
    for name, text in sources.items():
        project.write(f"{folder}/src/{name}.ml", text)


@pytest.fixture
def shop(project):
    """A library with a findlib package and a dependency with a private module."""
    data = {"name": "my-lib", "version": "1.2.0", "dependencies": {"base.text": "*"}}
    package(
        project,
        "lib",
        {**data, "rebel": {"targets": [], "ocamlfindDependencies": ["str"]}},
        reader='let split = Str.split (Str.regexp ",")',
        public="let run text = String.concat Base_text.Word.dash (Reader.split text)",
        list="let rev = List.rev",  # it has the name of a module of OCaml
    )
    project.write("lib/src/public.mli", "val run : string -> string\n")
    base = {"name": "base.text", "rebel": {"module": "Base_text", "private": ["Hidden"]}}
    package(project, "lib/node_modules/base.text", base, word="let dash = Hidden.x", hidden='let x = "-"')
    return project


def install(project, *options, folder="lib", **kw):
    return rebel(project, "install", "--prefix", project.path("prefix"), *options, cwd=folder, **kw)


def environ(project):
    return {"OCAMLPATH": str(project.path("prefix/lib"))}


USE = 'let () = print_string (MyLib.Public.run "a,b"); ignore (MyLib.List.rev [])\n'


def test_findlib_finds_it(shop):
    install(shop)
    meta = shop.path("prefix/lib/my-lib/META").read_text()
    assert 'version = "1.2.0"\n' in meta and 'requires = "base-text str"\n' in meta
    shop.write("use/a.ml", USE)
    for compiler in ("ocamlopt", "ocamlc"):
        command = ["ocamlfind", compiler, "-package", "my-lib", "-linkpkg", "a.ml", "-o", compiler]
        shop.run(*command, cwd="use", env=environ(shop))
        assert shop.run(shop.path(f"use/{compiler}")).out == "a-b"
    private = "let () = print_string Base_text.Hidden.x\n"
    shop.write("use/a.ml", private)
    assert "Unbound module" in shop.run(*command, cwd="use", env=environ(shop), rc=2).err


def test_a_dry_run_installs_nothing(shop):
    install(shop, "-n")
    assert not shop.path("prefix").exists()
    install(shop)
    shop.path("prefix/lib/my-lib/META").unlink()
    install(shop, "--dry-run")
    assert not shop.path("prefix/lib/my-lib/META").exists()


@pytest.mark.skipif(not shutil.which("dune"), reason="dune is not installed")
def test_dune_finds_it(shop):
    install(shop)
    shop.write("use/dune-project", "(lang dune 2.0)\n")
    shop.write("use/dune", "(executable (name a) (modes exe byte) (libraries my-lib))\n")
    shop.write("use/a.ml", USE)
    shop.run("dune", "build", "--root", ".", "./a.exe", "./a.bc", cwd="use", env=environ(shop))
    assert shop.run(shop.path("use/_build/default/a.exe")).out == "a-b"
    assert shop.run("ocamlrun", shop.path("use/_build/default/a.bc")).out == "a-b"


@pytest.mark.parametrize("engine", ["native", "byte"])
def test_another_project_here_finds_it(shop, engine):
    install(shop)
    targets = [{"engine": engine, "entry": "src/a.ml"}]
    package(shop, "use", {"rebel": {"ocamlfindDependencies": ["my-lib"], "targets": targets}}, a=USE)
    rebel(shop, "build", cwd="use", env=environ(shop))
    assert shop.run(shop.path("use/_build/default/src/app.out")).out == "a-b"
    assert "up to date" in rebel(shop, "build", cwd="use", env=environ(shop)).out
    shop.write("lib/src/reader.ml", 'let split = Str.split (Str.regexp "[,;]")')
    install(shop)
    shop.write("use/src/a.ml", USE.replace("a,b", "a;b"))
    rebel(shop, "build", cwd="use", env=environ(shop))
    assert shop.run(shop.path("use/_build/default/src/app.out")).out == "a-b"


def test_what_is_installed_is_a_function_of_the_sources(shop):
    install(shop, "-j8")
    first = shop.snapshot("prefix")
    assert "up to date" in install(shop).err and shop.snapshot("prefix") == first
    shop.write("lib/src/extra.ml", "let x = 1")
    install(shop)
    assert shop.path("prefix/lib/my-lib/MyLib__Extra.cmx").exists()
    shop.path("lib/src/extra.ml").unlink()
    shutil.rmtree(shop.path("lib/_build"))
    install(shop, "-j1")
    assert shop.snapshot("prefix") == first


def test_it_goes_again(shop):
    shop.write("prefix/lib/other/META", "")
    install(shop)
    assert install(shop, "--remove").out.count("Removed") == 2
    assert [str(path) for path in shop.snapshot("prefix")] == ["lib/other/META"]
    assert not shop.path("prefix/lib/my-lib").exists()
    assert "Nothing of this project" in install(shop, "--remove").out


def test_programs_and_options(shop):
    package(shop, "tool", {"name": "@acme/greet", "rebel": {}}, Index='let () = print_string "hi"')
    rebel(
        shop,
        "install",
        "--prefix",
        "/usr",
        "--libdir",
        "/usr/l",
        "--destdir",
        shop.path("d"),
        cwd="tool",
        env={"A": "b"},
    )
    assert shop.run(shop.path("d/usr/bin/greet")).out == "hi"
    rebel(shop, "install", "--libdir", shop.path("l"), cwd="lib", env={"OPAM_SWITCH_PREFIX": str(shop.path("p"))})
    assert shop.path("l/my-lib/META").exists() and shop.path("p/share/rebel-tools/my-lib.json").exists()
    assert (
        "no prefix to install into was given"
        in rebel(shop, "install", cwd="lib", rc=1, env={"OPAM_SWITCH_PREFIX": ""}).err
    )


def test_files_of_others_are_not_touched(shop):
    shop.write("prefix/lib/my-lib/META", "mine")
    run = install(shop, rc=1)
    assert "prefix/lib/my-lib/META: this file already exists, and rebel has not installed it" in run.err
    assert sorted(shop.snapshot("prefix")) == ["lib/my-lib/META"]
    shutil.rmtree(shop.path("prefix"))
    shop.path("elsewhere").mkdir()
    shop.path("prefix/lib").mkdir(parents=True)
    shop.path("prefix/lib/my-lib").symlink_to(shop.path("elsewhere"))
    assert "this is a link to a folder" in install(shop, rc=1).err
    assert not list(shop.path("elsewhere").iterdir())


def test_an_error_of_a_source_installs_nothing(shop):
    shop.write("lib/src/reader.ml", "let split = 1 + true")
    assert 'File "src/reader.ml"' in install(shop, rc=2).err and not shop.path("prefix").exists()


def test_two_packages_of_one_name(shop):
    data = {"name": "@acme/my-lib", "rebel": {"module": "Other"}}
    package(shop, "lib/node_modules/@acme/my-lib", data, a="")
    own = json.loads(shop.path("lib/package.json").read_text())
    own["dependencies"]["@acme/my-lib"] = "*"
    shop.write("lib/package.json", json.dumps(own))
    run = install(shop, rc=1)
    assert 'the packages @acme/my-lib and my-lib would both be installed as "my-lib"' in run.err
    assert "lib/package.json:1:10" in run.err and '"findlibName"' in run.err
    own["rebel"]["findlibName"] = "mine"
    shop.write("lib/package.json", json.dumps(own))
    install(shop)
    assert shop.path("prefix/lib/mine/META").exists()


@pytest.mark.parametrize("name", ["ocaml", "stublibs", "a.b", "../x", ""])
def test_a_name_that_findlib_cannot_have(shop, name):
    data = {"name": "my-lib", "rebel": {"targets": [], "findlibName": name}}
    shop.write("lib/package.json", json.dumps(data))
    run = rebel(shop, "build", cwd="lib", rc=2)
    assert "cannot be the name of an installed package" in run.err and '"findlibName"' in run.err


def test_a_package_that_is_called_like_a_folder_of_ocaml(shop):
    package(shop, "odd", {"name": "ocaml", "rebel": {"targets": []}}, a="")
    assert 'the package ocaml cannot be installed as "ocaml"' in install(shop, folder="odd", rc=1).err


def test_rewriters_are_not_asked_of_users(shop):
    names = subprocess.run(["ocamlfind", "list"], capture_output=True, text=True).stdout
    if "ppxlib.metaquot " not in names:
        pytest.skip("the OCaml library ppxlib is not installed")
    own = json.loads(shop.path("lib/package.json").read_text())
    own["rebel"]["ocamlfindDependencies"] = ["ppxlib.metaquot", "str"]
    shop.write("lib/package.json", json.dumps(own))
    install(shop)
    assert 'requires = "base-text ppxlib.ast str"' in shop.path("prefix/lib/my-lib/META").read_text()


OPAM = {"description": 'Says "hi".', "author": "Ann <ann@example.org> (https://example.org)", "license": "MIT"}
OPAM = {**OPAM, "homepage": "https://example.org", "bugs": {"url": "https://example.org/bugs"}, "repository": "a/b"}


def test_opam_takes_its_file(shop):
    own = {**json.loads(shop.path("lib/package.json").read_text()), **OPAM}
    shop.write("lib/package.json", json.dumps(own))
    text = rebel(shop, "opam", cwd="lib").out
    assert 'synopsis: "Says \\"hi\\""\n' in text and 'dev-repo: "git+https://github.com/a/b.git"\n' in text
    for key in ("license", "author", "bugs"):
        shop.write("lib/package.json", json.dumps({k: v for k, v in own.items() if k != key}))
        assert f'there is no key "{key}", and opam requires it' in rebel(shop, "opam", cwd="lib", rc=1).err
    if not shutil.which("opam"):
        pytest.skip("opam is not installed")
    shop.write("my-lib.opam", text)
    linted = shop.run("opam", "lint", "my-lib.opam", env={"OPAMROOTISOK": "1", "OPAMROOT": str(shop.path("root"))})
    assert "Passed" in linted.out and os.path.exists(shop.path("my-lib.opam"))


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_stubs_of_c_are_installed_with_it(shop):
    package(
        shop,
        "c",
        {"name": "twice", "rebel": {"targets": [], "stubs": {"sources": ["src/twice.c"]}}},
        a='external twice : int -> int = "twice"',
    )
    shop.write(
        "c/src/twice.c", "#include <caml/mlvalues.h>\nvalue twice(value n) { return Val_long(2 * Long_val(n)); }\n"
    )
    install(shop, folder="c")
    shop.write("use/a.ml", "let () = print_int (Twice.A.twice 21)")
    stubs = {"CAML_LD_LIBRARY_PATH": str(shop.path("prefix/lib/stublibs"))}
    for compiler in ("ocamlopt", "ocamlc"):
        command = ["ocamlfind", compiler, "-package", "twice", "-linkpkg", "a.ml", "-o", compiler]
        shop.run(*command, cwd="use", env={**environ(shop), **stubs})
        assert shop.run(shop.path(f"use/{compiler}"), env=stubs).out == "42"
    install(shop, "--remove", folder="c")
    assert not list(shop.path("prefix").rglob("*.*"))
