"""Every example, built with the real compilers as a user builds it, and its programs run."""

from __future__ import annotations

import re
import shutil
import sys

import pytest
from needs import needs_reason
from user_project import ROOT

from rebel_tools import tools

EXAMPLES = ROOT / "examples"
PACKAGES = sorted(path.parent.name for path in EXAMPLES.glob("*/package.json"))
SCONSTRUCT = ROOT / "rebel_tools" / "scons" / "SConstruct"
STATE = (".rebel-tools.json", ".rebel-tools.manifest")  # records of the build contain file times

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="ocamlfind is missing")


needs_menhir = pytest.mark.skipif(not shutil.which("menhir"), reason="menhir is missing")


@pytest.fixture
def example(project):
    """example(name): a copy of that example in the project's folder."""

    def copy(name):
        shutil.copytree(EXAMPLES / name, project.root, symlinks=True, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("_build", ".merlin", ".sconsign*", ".rebel*"))  # fmt: skip
        return project

    return copy


def build(project, *arguments, **options):
    return project.scons("-f", SCONSTRUCT, *arguments, **options)


def program(target="default"):
    return f"_build/{target}/src/app.out"


def needs(name):
    """The example as a parameter; skipped if Reason does not work, or menhir is missing."""
    reason, grammar = (any((EXAMPLES / name).rglob(pattern)) for pattern in ("*.re", "*.mly"))
    reason = reason or name == "own-ppx"  # ppxlib is needed, too
    return pytest.param(name, marks=needs_reason() if reason else needs_menhir) if reason or grammar else name


@pytest.mark.parametrize("name", [needs(name) for name in PACKAGES])
def test_null_build_clean_and_parallel_build(example, name):
    project = example(name)
    before = set(project.snapshot())
    build(project)
    assert project.up_to_date("-f", SCONSTRUCT)
    made = project.snapshot("_build", ignore=STATE)
    build(project, "-c")
    assert {path for path in project.snapshot() if not path.endswith(".merlin")} == before
    build(project, "-j", "8", "--random")
    assert project.snapshot("_build", ignore=STATE) == made


def test_markdown(example):
    project = example("markdown")
    build(project)
    assert project.run(f"./{program()}", "tests/tour.md").out == project.path("tests/tour.html").read_text()
    assert "no/such/file" in project.run(f"./{program()}", "no/such/file", rc=1).err


@pytest.mark.parametrize(
    "query, answer",
    [
        (
            "select * where age > 40 order by age desc",
            'name,age,city\nGrace,85,"New York, NY"\n"Edsger ""EWD"" Dijkstra",72,Nuenen\nAlan,41,London\n',
        ),
        ("select city, name where name like 'a%' order by name limit 1", "city,name\nLondon,Ada\n"),
        ("select count where not (city = 'London' or age < 10)", "count\n2\n"),
    ],
)
def test_csv_query(example, query, answer):
    project = example("csv-query")
    build(project)
    assert project.run(f"./{program()}", query, "tests/people.csv").out == answer


@needs_menhir
def test_log_filter(example):
    project = example("log-filter")
    build(project)
    query = project.path("tests/query.txt").read_text()
    lines = project.run(f"./{program()}", query, "tests/server.log").out.splitlines()
    assert [line.split()[0] for line in lines] == ["level=warning", "level=fatal"]
    run = project.run(f"./{program()}", "user = (", "tests/server.log", rc=1)
    assert run.err == 'the filter is wrong at character 8: "(" is not expected here\n'


def test_c_stubs(example):
    project = example("c-stubs")
    for target in ("default", "bytecode"):
        build(project, target)
        lines = project.run(f"./{program(target)}").out.splitlines()
        assert re.fullmatch(r".+ has \d+ processors", lines[0])
        assert [re.fullmatch(r" ?(\d+) min +[\d.]+ +\d+%", line)[1] for line in lines[1:]] == ["1", "5", "15"]


@needs_reason()
def test_own_ppx(example):
    project = example("own-ppx")
    build(project)
    assert project.run(f"./{program()}").out.splitlines()[:2] == ["08:02  Oslo", "09:19  Hamar"]
    project.write("src/Index.ml", project.path("src/Index.ml").read_text().replace("1h17m", "1h17x"))
    said = build(project, rc=2).err
    assert "line 4, characters 53-60" in said and "x is no unit of time" in said


def test_plugins(example):
    project = example("plugins")
    build(project, "default", "json", "table")
    said = {
        name: project.run(f"./{program()}", f"_build/{name}/src/app.cmxs", "tests/people.txt").out
        for name in ("json", "table")
    }
    assert '{"name": "Alan \\"the machine\\" Turing", "born": "1912"}' in said["json"]
    assert said["table"].splitlines()[1] == "1815     | Ada     "


def test_csv_query_explains_mistakes(example):
    project = example("csv-query")
    build(project)
    run = project.run(f"./{program()}", "select foo", "tests/people.csv", rc=1)
    assert "there is no column foo, but: name, age, city" in run.err


@needs_reason()
def test_reason(example):
    project = example("reason")
    build(project)
    project.write("text", "The cat's hat, the cat\nand the dog.\n")
    run = project.run("sh", "-c", f"{program()} 2 < text")
    assert run.out == "the     3 ########################################\nand     1 #############\n"


@needs_reason()
def test_mixed(example):
    project = example("mixed")
    build(project)
    assert project.run(f"./{program()}", "2 * (3 + 4) ^ 2 - -1").out == "99\n"
    assert "unexpected $ at position 3" in project.run(f"./{program()}", "2 $ 3", rc=1).err


def test_folders(example):
    project = example("folders")
    build(project)
    assert project.run(f"./{program()}", "6", "ft").out.splitlines()[3:5] == ["in  72", "ft  6 = VI"]


def test_targets(example):
    project = example("targets")
    build(project, "solve")
    assert not project.path("_build/check").exists()
    run = project.run("sh", "-c", f"{program('solve')} < tests/easy.txt")
    assert run.out.splitlines()[0] == "5 3 4 6 7 8 9 1 2"
    build(project)
    assert project.run("sh", "-c", f"{program('check')} < tests/easy.txt").out == "no conflict\n"
    assert project.path(program("check")).read_bytes().startswith(b"#!")  # bytecode for ocamlrun


def test_c_and_ocaml(example):
    project = example("c-and-ocaml")
    before = set(project.snapshot())
    project.scons()
    assert project.run("./sum", "1", "2.5").out == "3.5\n"
    assert project.run("./words", "a b", "c").out == "3 words\n"
    assert project.up_to_date()
    project.scons("-c")
    assert set(project.snapshot()) == before


def test_the_command_rebel_is_scons(example):
    project = example("folders")
    project.run(sys.executable, "-m", "rebel_tools", "build")
    assert project.path(program()).exists() and project.up_to_date("-f", SCONSTRUCT)
    project.run(sys.executable, "-m", "rebel_tools", "clean")
    assert not project.path(program()).exists()


def test_the_workspace_is_tested_and_installed(example):
    """The tests of the members pass, and findlib finds the library that was installed."""
    project = example("workspace")
    rebel = [sys.executable, "-m", "rebel_tools"]
    if project.run("ocamlfind", "query", "ounit2", rc=None).rc:
        pytest.skip("the OCaml library ounit2 is missing")
    assert "4 tests passed\n" in project.run(*rebel, "test", "-j4").out
    project.run(*rebel, "install", "--prefix", project.path("prefix"))
    assert project.run(project.path("prefix/bin/convert"), "1 m", "1 mi").out == "1610.34 m\n"
    project.write("use/a.ml", "let () = print_string Units.Length.(to_string (metres 7.))\n")
    command = ["ocamlfind", "ocamlopt", "-package", "units", "-linkpkg", "a.ml", "-o", "a.out"]
    project.run(*command, cwd="use", env={"OCAMLPATH": str(project.path("prefix/lib"))})
    assert project.run(project.path("use/a.out")).out == "7.00 m"
