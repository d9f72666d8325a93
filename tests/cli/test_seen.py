"""The commands that show a project and its build: describe, graph, why, doc, top, exec, fmt."""

from __future__ import annotations

import json
import shutil

import pytest
from needs import needs_reason
from user_project import rebel

pytestmark = pytest.mark.skipif(not shutil.which("ocamlfind"), reason="ocamlfind is not installed")


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


@pytest.fixture
def app(project):
    """A program of three modules, with a package of two."""
    data = {"name": "app", "dependencies": {"dep": "*"}, "rebel": {"ocamlfindDependencies": ["str"]}}
    project.write("package.json", json.dumps(data))
    project.write("src/Index.ml", 'let () = print_string (B.b ^ String.concat "|" (List.tl (Array.to_list Sys.argv)))')
    project.write("src/b.ml", "let b = C.c ^ Dep.A.x (* long enough to be on the way that takes longest *)")
    project.write("src/c.ml", 'let c = "c"')
    project.write("node_modules/dep/package.json", '{"name": "dep", "version": "1.0", "rebel": {"private": ["Z"]}}')
    project.write("node_modules/dep/src/a.ml", "(** What a is. *)\n\nlet x = Z.z\n(** An x. *)")
    project.write("node_modules/dep/src/z.ml", 'let z = "z"')
    return project


def test_describe(app):
    found = json.loads(rebel(app, "describe", "--json", cwd="src").out)
    assert found["version"] == 1 and [package["name"] for package in found["packages"]] == ["dep", "app"]
    dep = found["packages"][0]
    assert dep["folder"] == "node_modules/dep" and dep["version"] == "1.0"
    assert {"name": "Z", "units": ["Dep__Z"], "implementation": "src/z.ml", "is_private": True} in dep["modules"]
    own = found["packages"][1]
    assert own["ocamlfind"] == ["str"]
    assert {"name": "B", "units": ["Default_Tar__B"]}.items() <= own["modules"][1].items()
    assert [(target["name"], target["made"]) for target in found["targets"]] == [
        ("default", "_build/default/src/app.out")
    ]
    assert not app.path("_build").exists()


def test_graph_and_why(app):
    assert "this target has not been built yet" in rebel(app, "graph", rc=1).err
    rebel(app, "build")
    text = rebel(app, "graph").out
    assert '"Default_Tar__B" -> "Dep__A" [penwidth=3];' in text and '"Dep__A" -> "Dep__Z" [penwidth=3];' in text
    assert '"Default_Tar__B" -> "Default_Tar__C";' in text and "red" not in text
    assert '"app" -> "dep";' in rebel(app, "graph", "--packages").out
    way = "Index of app\n  -> B of app\n    -> A of dep\n      -> Z of dep\nZ of dep is used by A of dep\n"
    assert rebel(app, "why", "Dep.Z").out == rebel(app, "why", "Z").out == way
    app.write("src/unused.ml", "let x = C.c")
    rebel(app, "build")
    assert rebel(app, "why", "Unused").out == "no program reaches Unused of app\nnothing uses Unused of app\n"
    assert "did you mean" in rebel(app, "why", "Unusd", rc=1).err
    assert 'there is no target "x"' in rebel(app, "graph", "x", rc=1).err


OWN = """
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["rebel"], toolpath=[rebel_tools.TOOLPATH])
env.Command("made.txt", [], "echo made > $TARGET")
env.Rebel(%s)
"""


@pytest.mark.parametrize("profile", ["", 'profile="release"'])
def test_a_tree_whose_sconstruct_calls_rebel(app, profile):
    app.write("SConstruct", OWN % profile)
    described = json.loads(rebel(app, "describe", "--json").out)
    assert described["targets"][0]["made"] == "_build/default/src/app.out"
    assert rebel(app, "exec", "--", "x").out == "czx"
    assert "Z of dep is used by A of dep" in rebel(app, "why", "Z").out
    assert '"Default_Tar__B" -> "Default_Tar__C";' in rebel(app, "graph").out
    assert rebel(app, "exec", "nothing", rc=1).err.count("there is no program") == 1


def test_a_tree_of_which_only_scons_knows(app):
    app.write("SConstruct", OWN.replace("env.Rebel(%s)", "Default('made.txt')"))
    for command in (["describe", "--json"], ["graph"], ["why", "Z"], ["exec"], ["top"], ["doc"]):
        said = rebel(app, *command, rc=1)
        assert "SConstruct: this SConstruct does not build the package.json beside it" in said.err and said.out == ""
        assert "Traceback" not in said.err
    app.path("package.json").unlink()
    app.write("SConstruct", OWN % "")
    assert "no SConstruct or one with env.Rebel()" in rebel(app, "describe", "--json", rc=1).err


def test_a_cycle_is_red(app):
    app.write("src/c.ml", "let c = B.b")
    assert "dependency cycle" in rebel(app, "build", rc=2).err
    text = rebel(app, "graph").out
    for one, other in ("BC", "CB"):
        assert f'"Default_Tar__{one}" -> "Default_Tar__{other}" [color=red, penwidth=2];' in text
    assert '"Dep__A" -> "Dep__Z";' in text


@needs("dot")
def test_graphviz_draws_it(app):
    rebel(app, "build")
    assert "<svg" in rebel(app, "graph", "--svg").out


def test_exec(app):
    assert rebel(app, "exec", "--", "$X", "--help", "-h").out == "cz$X|--help|-h"
    assert rebel(app, "exec", "default", cwd="src").out == "cz"
    assert rebel(app, "run", "--", "a b").out == "cza b"
    app.write("src/c.ml", "let c = 1")
    assert 'File "src/b.ml"' in rebel(app, "exec", rc=2).err
    app.write("src/c.ml", "let c = exit 7")
    rebel(app, "exec", rc=7)
    assert "did you mean default?" in rebel(app, "exec", "defalt", rc=1).err
    assert "usage: rebel exec" in rebel(app, "exec", "--help").out


@pytest.mark.parametrize("options", [[], pytest.param(["--utop"], marks=needs("utop"))])
def test_top_has_everything(app, options):
    app.write("src/b.ml", 'let b = C.c ^ Dep.A.x ^ String.concat "+" (Str.split (Str.regexp ",") "s,t")')
    name = "Default_Tar.B.b" if options else "B.b"  # utop has no option -open
    app.write("script.ml", f'print_endline ("is " ^ {name})')
    run = rebel(app, "top", *options, "--", "script.ml", env={"HOME": str(app.root)})
    assert run.out == "is czs+t\n"


@needs("odoc")
def test_doc(app):
    assert "_build/_doc/html/index.html" in rebel(app, "doc").out
    page = app.path("_build/_doc/html/dep/Dep/A/index.html")
    assert "An x." in page.read_text() and "dep/Dep/index.html" in app.path("_build/_doc/html/index.html").read_text()
    before = page.stat().st_mtime_ns
    rebel(app, "doc")
    assert page.stat().st_mtime_ns == before
    app.write("node_modules/dep/src/a.ml", "let x = Z.z\n(** Another x. *)")
    rebel(app, "doc")
    assert "Another x." in page.read_text()


@needs("odoc")
def test_doc_makes_nothing_in_a_dry_run(app):
    said = rebel(app, "doc", "-Qn")
    assert "Dep.ml" in said.err and not said.out and not app.path("_build").exists()


@needs("odoc")
def test_doc_writes_nothing_through_a_link(app, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    app.path("_build").mkdir()
    app.path("_build/_doc").symlink_to(elsewhere)
    rebel(app, "doc")
    assert app.path("_build/_doc/html/index.html").is_file() and not list(elsewhere.iterdir())
    rebel(app, "clean")
    assert not app.path("_build").exists()


@needs("ocamlformat")
def test_fmt_of_ocaml(app):
    app.write(".ocamlformat", "profile = default\n")
    app.write("src/c.ml", 'let   c="c"')
    assert "not formatted: src/c.ml" in rebel(app, "fmt", "--check", rc=2).out
    rebel(app, "fmt")
    assert app.path("src/c.ml").read_text() == 'let c = "c"\n'


@needs_reason()
def test_fmt_of_reason(project):
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/Index.re", "print_string (  A.x  )")
    project.write("src/a.re", 'let x = "x";\n')
    project.write("node_modules/other/src/b.re", "let   x=1")
    assert rebel(project, "fmt", "--check", rc=2).out == "not formatted: src/Index.re\n"
    assert rebel(project, "fmt").out == "src/Index.re\n"
    assert project.path("src/Index.re").read_text() == "print_string(A.x);\n"
    assert rebel(project, "fmt", "--check").out == ""
    project.write("src/a.re", "let = 1")
    assert "src/a.re: refmt" in rebel(project, "fmt", rc=1).err and project.path("src/a.re").read_text() == "let = 1"


@needs_reason()
def test_fmt_writes_nothing_through_a_link(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "a.re").write_text("let   x=1;")
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/Index.re", "print_int(A.x);\n")
    for link, target in (("src/a.re", "a.re"), ("src/folder", "")):
        project.path(link).symlink_to(elsewhere / target)
        assert f"{project.path(link)}: this is a link" in rebel(project, "fmt", rc=1).err
        project.path(link).unlink()
    assert (elsewhere / "a.re").read_text() == "let   x=1;"


def test_a_formatter_that_is_missing_is_named(app):
    if shutil.which("ocamlformat"):
        pytest.skip("ocamlformat is installed")
    assert "ocamlformat is not installed" in rebel(app, "fmt", rc=1).err
