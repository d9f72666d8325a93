"""Programs that packages name: none of them runs if nothing is built, or if the user has not allowed it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from package_app import App, replace_as_before
from user_project import ROOT

from rebel_tools import tools
from rebel_tools.ocaml.flags import first_program_of_c

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

RUN = "touch RAN; cat"


@pytest.fixture
def app(project) -> App:
    app = App(project)
    app.write("node_modules/dep/src/a.ml", 'let x = "a"\n')
    app.write("src/index.ml", "let () = print_string Dep.A.x\n")
    return app


def dependency(app: App, **flags) -> None:
    app.package(dependencies={"dep": "*"})
    app.write("node_modules/dep/package.json", json.dumps({"name": "dep", "rebel": {"flags": flags}}))


def ran(app: App) -> bool:
    """Whether any of them ran since the last call."""
    found = list(app.path(".").rglob("RAN"))  # bsc runs in a folder below _build
    for path in found:
        path.unlink()
    return bool(found)


def program(app: App, name: str, text: str = "exit 1\n") -> Path:
    path = app.write(name, f"#!/bin/sh\ntouch RAN\n{text}")
    path.chmod(0o755)
    return path


# Without a build


def preprocessor(app: App) -> None:
    dependency(app, dep=["-pp", RUN], compile=["-pp", RUN])


def preprocessor_of_the_root(app: App) -> None:
    dependency(app)
    flags = {"dep": ["-native", "-pp", RUN]}
    app.package(dependencies={"dep": "*"}, flags=flags)


def rewriter(app: App) -> None:
    program(app, "node_modules/dep/ppx", 'cp "$1" "$2"\n')
    dependency(app, dep=["-ppx", "node_modules/dep/ppx"])


def arguments_in_a_file(app: App) -> None:
    app.write("node_modules/dep/args", f"-pp\n{RUN}\n")
    dependency(app, dep=["-args", "node_modules/dep/args"])


def target_with_variables(app: App, *variables: str) -> None:
    dependency(app)
    target = {"target": "default", "entry": "src/index.ml", "unstable_flags": {"envvars": list(variables)}}
    app.package(dependencies={"dep": "*"}, targets=[target])


def variable_of_the_compilers(app: App) -> None:
    program(app, "ppx", 'cp "$1" "$2"\n')
    target_with_variables(app, "OCAMLPARAM=ppx=./ppx,_")


def variable_of_all_programs(app: App) -> None:
    app.write("x.c", '#include <stdio.h>\n__attribute__((constructor)) void f(void) { fclose(fopen("RAN", "w")); }\n')
    app.project.run("gcc", "-shared", "-fPIC", "-o", "x.so", "x.c")
    target_with_variables(app, f"LD_PRELOAD={app.path('x.so')}")


MEMBERS = [
    preprocessor,
    preprocessor_of_the_root,
    rewriter,
    arguments_in_a_file,
    variable_of_the_compilers,
    variable_of_all_programs,
]


@pytest.mark.parametrize("prepare", MEMBERS)
def test_what_builds_nothing_runs_nothing(app, prepare):
    prepare(app)
    for options in (["-n"], ["-q"], ["-c"], ["-n", "_build/default/src/app.out"], ["-n", "--tree=all"]):
        app.build(*options, rc=int(options == ["-q"]))
        assert not ran(app), options
    app.build()
    assert ran(app) and app.output() == "a"
    app.build("-q")
    assert not ran(app)
    app.write("node_modules/dep/src/a.ml", 'let x = "other"\n')
    app.write("src/index.ml", "let () = print_string Dep.A.x; print_newline ()\n")
    app.build("-q", rc=1)
    text = app.build("-n")
    assert not ran(app)
    assert "ocamlopt src/index.ml" in text and "ocamlopt node_modules/dep/src/a.ml" in text
    app.build()
    assert app.output() == "other\n"
    ran(app)
    app.build("-c")
    assert not ran(app) and not app.path("_build").exists()


def test_what_a_source_names_has_changed_but_not_the_source(app):
    """The references of the source cannot be known without the preprocessor, which has changed."""
    program(app, "pp", 'sed s/NAME/B/ "$1"\n')
    dependency(app)
    app.package(dependencies={"dep": "*"}, flags={"dep": ["-pp", "./pp"], "compile": ["-pp", "./pp"]})
    app.write("src/index.ml", "let () = print_string NAME.x\n")
    for name in ("b", "c"):
        app.write(f"src/{name}.ml", f'let x = "{name}"\n')
    app.build()
    assert app.output() == "b" and ran(app)
    replace_as_before(app.path("pp"), "/B/", "/C/")
    app.build("-q", rc=1)
    assert "ocamlopt src/index.ml" in app.build("-n") and not ran(app)
    app.build()
    assert app.output() == "c"


def test_a_path_in_a_package_chooses_no_compiler(app):
    names = ("ocamlopt", "ocamlc", "ocamldep", "ocamlfind")
    for name in names:
        program(app, f"evil/{name}", f'exec {shutil.which(name)} "$@"\n')
    target_with_variables(app, f"PATH={app.path('evil')}:{os.environ['PATH']}")
    for options in (["-n"], ["-q"], []):
        app.build(*options, rc=int(options == ["-q"]))
        assert not ran(app), options
    assert app.output() == "a"


def bs_platform(app: App) -> None:
    """The npm package, with programs that record when they run."""
    for name in ("refmt", "bsc"):
        real = tools.find(name, root=str(ROOT))
        if not real:
            pytest.skip(f"needs {name}")
        program(app, f"node_modules/bs-platform/linux/{name}.exe", f'exec "{os.path.realpath(real)}" "$@"\n')
    app.write("node_modules/bs-platform/package.json", '{"name": "bs-platform", "version": "1.2.3"}')
    # As in scripts run by npm; otherwise, a refmt elsewhere would be found first.
    app.path("node_modules/.bin").mkdir()
    app.path("node_modules/.bin/refmt").symlink_to("../bs-platform/linux/refmt.exe")
    app.environment["PATH"] = f"{app.path('node_modules/.bin')}{os.pathsep}{app.environment['PATH']}"
    app.environment.update(BSC="", REFMT="")


def test_doctor_runs_nothing_of_node_modules(app):
    bs_platform(app)
    found = app.project.run("python3", "-m", "rebel_tools", "doctor", "--json", rc=None, env=app.environment).out
    versions = {each["name"]: each["version"] for each in json.loads(found)["findings"]}
    assert not ran(app)
    assert (versions["refmt"], versions["bsc"]) == ("1.2.3", "1.2.3")


# Without permission of the user

HARMFUL = [
    ("dep", ["-pp", RUN]),
    ("compile", ["-g", "-ppx", "./ppx"]),
    ("compile", "-w +a -pp 'touch RAN;cat'"),
    ("compile", ["-args", "x"]),
    ("compile", ["-plugin", "x.cmxs"]),
    ("compile", ["x.ml"]),
    ("compile", ["-o", "/tmp/x"]),
    ("compile", ["-w"]),
    ("link", ["-cc", "touch RAN; gcc"]),
    ("link", ["-ccopt", "`touch RAN`"]),
    ("link", ["-ccopt", "-fplugin=./x.so"]),
    ("link", ["-ccopt", "-L. -B."]),
    ("link", ["-cclib", "-lz; touch RAN"]),
    ("link", ["-cclib", "@x.o"]),
    ("link", ["-dllib", "-lx"]),
    ("link", ["-use-runtime", "x"]),
    ("link", ["-I", "."]),
    ("link", ["-I", "+../x"]),
    ("link", ["x.cma"]),
    ("link", ["x.cmxa"]),
    ("link", ["@x.o"]),
    ("link", ["-x.o"]),
]


@pytest.mark.parametrize(("key", "words"), HARMFUL)
def test_none(app, key, words):
    dependency(app, **{key: words})
    text = app.build("--package-programs=none", rc=2)
    assert not ran(app) and not list(app.path("_build").iterdir())
    assert "node_modules/dep/package.json:1:" in text and f'"rebel"."flags"."{key}"' in text
    assert "the package dep may start a program" in text and "^" in text
    assert '"packagePrograms": ["dep"]' in text


def test_all_and_listed(app):
    dependency(app, dep=["-pp", RUN], compile=["-pp", RUN], link=["-ccopt", "-s"])
    assert "the package dep may start" in app.build("--package-programs=listed", rc=2) and not ran(app)
    app.package(dependencies={"dep": "*"}, packagePrograms=["other"])
    assert "the package dep may start" in app.build("--package-programs=listed", rc=2) and not ran(app)
    app.package(dependencies={"dep": "*"}, packagePrograms=["other", "dep"])
    app.build("--package-programs=listed")
    assert ran(app) and app.output() == "a"
    assert "the package dep may start" in app.build("--package-programs=none", rc=2)
    app.environment["SCONSFLAGS"] = "--package-programs=none"
    assert "the package dep may start" in app.build(rc=2)
    app.environment["SCONSFLAGS"] = ""
    assert "up to date" in app.build("--package-programs=all")
    assert "invalid choice" in app.build("--package-programs=some", rc=2)


HARMLESS = {
    "dep": ["-I", "x", "-open", "Stdlib", "-one-line"],
    "compile": "-w +a-4 -unsafe -I x -strict-sequence",
    "link": ["-linkall", "-cclib", "-lm", "-ccopt", "-L.", "-I", "+threads", "-g"],
}


@pytest.mark.parametrize("engine", ["native", "byte"])
def test_flags_that_start_nothing(app, engine):
    dependency(app, **HARMLESS)
    target = {"target": "default", "engine": engine, "entry": "src/index.ml"}
    app.package(dependencies={"dep": "*"}, targets=[target])
    app.build("--package-programs=none")
    assert app.output() == "a"


def test_packages_of_the_user(app):
    """The root package, and a member of its workspace behind a link in node_modules."""
    shutil.move(app.path("node_modules/dep"), app.path("dep"))
    app.path("node_modules/dep").symlink_to("../dep")
    dependency(app, dep=["-pp", RUN], compile=["-pp", RUN])
    app.package(dependencies={"dep": "*"}, flags={"link": ["-ccopt", "-s"]})
    app.build("--package-programs=none")
    assert ran(app) and app.output() == "a"


def test_refmt_of_node_modules(app):
    bs_platform(app)
    dependency(app)
    app.path("node_modules/dep/src/a.ml").unlink()
    app.write("node_modules/dep/src/a.re", 'let x = "a";\n')
    for option in ("-n", "-q"):
        app.build(option, rc=None)
        assert not ran(app)
    assert "refmt is a program of the package bs-platform" in app.build("--package-programs=none", rc=2)
    assert not ran(app)
    app.package(dependencies={"dep": "*"}, packagePrograms=["bs-platform"])
    app.build("--package-programs=listed")
    assert ran(app) and app.output() == "a"


def test_bsc_of_node_modules(app):
    bs_platform(app)
    dependency(app)
    target = {"target": "default", "engine": "bucklescript", "entry": "src/index.ml"}
    app.package(dependencies={"dep": "*"}, targets=[target])
    app.build("-n")
    assert not ran(app)
    assert "bsc is a program of the package bs-platform" in app.build("--package-programs=none", rc=2)
    assert not ran(app)
    app.build()
    assert ran(app)


STARTING = (
    "-fplugin=./x.so",
    "-fpass-plugin=./x.so",
    "-fmodule-mapper=|./x",
    "-fuse-ld=./x",
    "-fopt-info-all=/home/x/.profile",
    "-fdump-tree-all=/home/x/.profile",
    "-foptimization-record-file=x",
    "-fprofile-generate=/x",
    "-Wl,-x",
    "-Wp,-MD,x",
    "-wrapper",
    "-B.",
    "-specs=x",
    "@x",
)
HARMLESS_OF_C = (
    "-fPIC -fno-strict-aliasing -fvisibility=hidden -fstack-protector-strong -ffile-prefix-map=/a=b -fsanitize=address"
)


@pytest.mark.parametrize("flag", STARTING)
def test_flags_of_c_that_start_programs_or_write_files(flag):
    assert first_program_of_c([*HARMLESS_OF_C.split(), flag]) == len(HARMLESS_OF_C.split())


def test_flags_of_c_that_do_not():
    assert first_program_of_c(HARMLESS_OF_C.split()) is None
