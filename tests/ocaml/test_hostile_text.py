"""Flags and names with a special meaning in SCons, a shell, findlib or a parser of some output."""

from __future__ import annotations

import json
import shutil

import pytest
from package_app import App
from tool_project import sconstruct
from user_project import ROOT, unquoted

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

# Each is one word. If a command in it is run, it makes a file RAN.
WORDS = [
    "${__import__('os').system('touch RAN')}",
    "$(touch RAN)",
    "`touch RAN`",
    ";touch RAN",
    "&& touch RAN",
    "| touch RAN",
    "x\ntouch RAN",
    "'; touch RAN; '",
    '"; touch RAN; "',
    ">RAN",
    "2>RAN",
    "<RAN",
    "$TARGET",
    "$SOURCES",
    "${TARGET.dir}",
    "$HOME",
    "$$",
    "$",
    "$(",
    "$)",
    "$( x $)",
    "#",
    "#x",
    "~",
    "*",
    "?",
    "[a]",
    "{a..b}",
    "!x",
    "%PATH%",
    "@file",
    "-",
    "-x",
    "--",
    "\\",
    "\\n",
    "a\\",
    "'",
    '"',
    " ",
    " a  b ",
    "a\tb",
    "\x1b[31m",
    "\x7f",
    "é",
    "\u2028",
]

# Not in a list of flags, but in the name of a folder.
NAMES = [*(word for word in WORDS if "/" not in word), "x\nA: B", "src: A", "\udcff"]


def record(app: App, name: str) -> str:
    """A program in the folder `bin` that records its arguments, and runs the real program of that name."""
    real, log = tools.find(name, root=str(ROOT)), app.path(f"{name}.log")
    return app.write(f"bin/{name}", f"#!/bin/sh\nprintf '%s\\0' \"$@\" >> '{log}'\nexec '{real}' \"$@\"\n").chmod(0o755)


def got(app: App, name: str) -> list[str]:
    path = app.path(f"{name}.log")
    return path.read_text(encoding="utf-8", errors="surrogateescape").split("\0") if path.exists() else []


def after(option: str, words: list[str]) -> list[str]:
    return [word for previous, word in zip(words, words[1:]) if previous == option]


@pytest.fixture
def app(project) -> App:
    return App(project)


def missing(words: list[str], found: list[str]) -> list[str]:
    return [word for word in words if word not in found]


def need(name: str) -> str:
    found = tools.find(name, root=str(ROOT))
    if not found:
        pytest.skip(f"needs {name}")
    return found


PROGRAMS = {
    "native": ["ocamlopt"],
    "byte": ["ocamlc"],
    "jsoo": ["ocamlc", "js_of_ocaml"],
    "bucklescript": ["bsc"],
}


@pytest.mark.parametrize("engine", PROGRAMS)
def test_flags(app, engine):
    """They arrive unchanged, from the root and from a dependency, and nothing is run."""
    for name in (*PROGRAMS[engine], "ocamldep"):
        need(name)
        record(app, name)
    app.environment["BSC"] = str(app.path("bin/bsc"))
    flags = [word for each in WORDS for word in ("-I", each)]
    target = {"target": "default", "engine": engine, "entry": "src/index.ml"}
    own = {"dep": flags, "compile": flags, "link": flags, "jsoo": [f"--setenv=A={each}" for each in WORDS]}
    app.package(targets=[{**target, "unstable_flags": own}], dependencies={"dep": "*"})
    foreign = {name: ["-I", f"of dep {name} ${{x}}"] for name in ("dep", "compile", "link")}
    app.write("node_modules/dep/package.json", json.dumps({"name": "dep", "rebel": {"flags": foreign}}))
    app.write("node_modules/dep/src/a.ml", "let x = 1\n")
    app.write("src/index.ml", "let () = print_int Dep.A.x\n")
    app.build()
    for name in (*PROGRAMS[engine], "ocamldep"):
        words = got(app, name)
        found = [word.partition("=A=")[2] for word in words] if name == "js_of_ocaml" else after("-I", words)
        assert missing(WORDS, found) == [], name
    words = got(app, PROGRAMS[engine][0])
    assert "of dep compile ${x}" in words and "of dep dep ${x}" in got(app, "ocamldep")
    assert ("of dep link ${x}" in words) == (engine != "bucklescript")
    assert not app.path("RAN").exists()
    assert "is up to date" in app.build()
    for option in ("-n", "-q", "-c"):
        app.build(option)
    assert not app.path("RAN").exists()


@pytest.mark.parametrize("language", ["ml", "re"])
@pytest.mark.parametrize("engine", PROGRAMS)
def test_names_of_folders(app, engine, language):
    for name in PROGRAMS[engine]:
        need(name)
    if language == "re":
        need("refmt")
    if engine == "bucklescript":
        app.environment["BSC"] = need("bsc")
    app.package(targets=[{"target": "default", "engine": engine, "entry": "src/index.ml"}], dependencies={"dep": "*"})
    app.write("node_modules/dep/package.json", json.dumps({"name": "dep", "rebel": {}}))
    value, type_of = {"ml": ("let x = {}\n", "val x : int\n"), "re": ("let x = {};\n", "let x: int;\n")}[language]
    modules = []
    for number, name in enumerate(NAMES):
        # If the implementation beside it were not read, the interface would have a different type.
        below = f"m{number - 1}" if number else ""
        text = value.format(f"1 + Dep.M{number - 1}.x" if number % 2 == 0 and below else "1")
        app.write(f"src/{name}/n{number}.{language}", text)
        app.write(f"src/{name}/n{number}.{language}i", type_of)
        own = value.format(f"1 + M{number - 1}.x" if below else "1")
        app.write(f"node_modules/dep/src/{name}/m{number}.{language}", own)
        modules.append(f"N{number}.x")
    app.write("src/index.ml", f"let x = {' + '.join(modules)} + Dep.M{len(NAMES) - 1}.x\nlet () = exit (x - x)\n")
    for option in ("-n", "-q"):
        app.build(option, rc=None)
    app.build("-j2")
    assert "is up to date" in app.build()
    app.build("-c")
    assert not app.path("_build").exists() and not list(app.path(".").rglob("RAN"))


def test_names_in_messages(app):
    """Names of files whose compilation fails, including names that are not valid text."""
    for number, name in enumerate(NAMES):
        app.write(f"src/{name}/n{number}.ml", "let x : int = ()\n")
    text = app.build("-k", rc=2)
    assert unquoted(text).count("has type unit") >= len(NAMES)
    assert "Traceback" not in text and not app.path("RAN").exists()


# Text in an SConstruct belongs to SCons and the shell


def test_variables_of_an_sconstruct(project):
    """They are expanded, also for the target, and shells see what they should see; names beside them are literal."""
    folder = "`touch RAN` $(touch RAN)"
    body = f"""\
        env["SUB"] = "sub"
        env["ENV"]["HOUSE"] = "house"
        env["ENV"]["PATH"] = {str(project.path("bin"))!r} + ":" + env["ENV"]["PATH"]
        env.OCamlProgram(
            "words", Glob("*/*.ml"),
            OCAMLFLAGS=["-g", "-bin-annot", "-I", "$SUB", "-I", "for ${{TARGET.filebase}}", "-I", "$$HOUSE", "$MORE"],
            OCAMLOPTFLAGS="-I 'two words' -I `echo spoken`", MORE=["-I", "more"], OCAMLENGINES=["native"],
            OCAMLOPTLINKCOM="$OCAMLOPT -o $TARGET $_OCAMLOBJECTS && echo done > ${{TARGET}}.log",
        )
        """
    files = {f"{folder}/main.ml": "let () = print_int Other.x\n", f"{folder}/other.ml": "let x = 3\n"}
    sconstruct(project, body, files)
    log, real = project.path("log"), shutil.which("ocamlopt")
    project.write("bin/ocamlopt", f"#!/bin/sh\nprintf '%s\\0' \"$@\" >> '{log}'\nexec '{real}' \"$@\"\n").chmod(0o755)
    project.scons()
    assert project.run("./words").out == "3" and project.path("words.log").read_text() == "done\n"
    assert not project.path("RAN").exists()
    found = after("-I", log.read_text().split("\0"))
    wanted = ["sub", "for Words__Other", "for Words__Main", "house", "more", "two words", "spoken"]
    assert missing(wanted, found) == []
    assert project.path("words.objs/Words__Main.cmt").exists()
    assert project.up_to_date()


@pytest.mark.parametrize("name", ["-help", "a/b", "../x", "`x`", "$$(x)", "@x", "é", "#", "a\\", ".x"])
def test_names_of_findlib_packages(project, name):
    sconstruct(project, f"env.OCamlProgram('main', 'main.ml', OCAMLPACKAGES=[{name!r}])", {"main.ml": ""})
    app = App(project)
    record(app, "ocamlfind")
    text = project.scons(rc=2, env=app.environment).text
    assert f"`{name.replace('$$', '$')}` cannot be the name of a findlib package" in text and "SConstruct" in text
    assert got(app, "ocamlfind") == []


@pytest.mark.parametrize("entry", ["archive(native)", "requires", "directory"])
@pytest.mark.parametrize("text", WORDS[:4])
def test_descriptions_of_findlib_packages(app, entry, text):
    """Answers of findlib are literal, too."""
    app.environment["OCAMLPATH"] = str(app.path("lib"))
    app.write("lib/foo/META", f'{entry}="{text}"\n')
    app.package(ocamlfindDependencies=["foo"])
    app.build(rc=0 if entry == "directory" else 2)
    assert not app.path("RAN").exists()


@pytest.mark.parametrize("engine", ["native", "byte"])
def test_more_words_than_the_system_allows(app, engine):
    flags = [word for number in range(30) for word in ("-I", f"{number} $(touch RAN) " + 90_000 * "x")]
    target = {"target": "default", "engine": engine, "entry": "src/index.ml"}
    # ocamlopt passes folders as options to gcc, which has no other way to pass them to the linker.
    app.package(targets=[target], flags={"link" if engine == "byte" else "compile": flags})
    app.build()
    assert app.output() == "built" and not app.path("RAN").exists()
    assert "is up to date" in app.build()
