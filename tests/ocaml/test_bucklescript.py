"""The engine bucklescript of env.Rebel(): two packages in OCaml and Reason, built by the real bsc, run by node."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from rebel_tools.errors import MissingTool
from rebel_tools.ocaml.javascript import find_bsc

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.skipif(not shutil.which("node"), reason="node is not installed"),
    pytest.mark.skipif(not shutil.which("ocamldep"), reason="ocamldep is not installed"),
]


@pytest.fixture
def app(project):
    """The program `app` with modules A, B (with interface), List and Index over the package `bar`."""
    try:
        package = Path(find_bsc(str(ROOT))).parents[1]
    except MissingTool as error:
        pytest.skip(str(error))
    target = {"target": "js", "engine": "bucklescript", "entry": "src/index.ml"}
    manifest = {"name": "app", "dependencies": {"bar": "*"}, "rebel": {"targets": [target]}}
    project.write("package.json", json.dumps(manifest))
    project.write("node_modules/bar/package.json", '{"name": "bar", "rebel": {}}')
    project.write("node_modules/bar/src/index.ml", "let z = 1000\n")
    project.path("node_modules/bs-platform").symlink_to(package)
    project.write("src/index.ml", "let () = Js.log (A.f 1 + Bar.Index.z)\n")
    project.write("src/b.rei", "let y: int;\n")
    project.write("src/b.re", "let y = 41;\n")
    project.write("src/a.re", "let f = x => x + B.y + List.length([1, 2]);\n")
    project.write("src/list.ml", "let length l = List.length l\n")  # needs an alias file without its own name
    sconstruct = project.run(sys.executable, "-m", "rebel_tools", "sconstruct").out.strip()

    def build(*args: str, rc: int = 0):
        return project.scons("-f", sconstruct, "-Q", *args, rc=rc)

    return build


def compiled(run) -> set:
    """The sources that bsc compiled in a build."""
    return {line.partition("] bsc ")[2] for line in run.out.splitlines() if "] bsc " in line}


def result(project) -> str:
    return project.run("node", "_build/js/src/app.js").out


def test_builds_and_rebuilds(project, app):
    app()
    assert result(project) == "1044\n"
    assert "is up to date" in app().out
    project.write("src/b.re", "/* a comment */\nlet y = 41;\n")
    assert compiled(app()) == {"src/b.re"}
    project.write("src/b.re", "let k = 1;\nlet y = 42;\n")
    project.write("src/b.rei", "let y: int;\nlet k: int;\n")
    assert compiled(app()) >= {"src/b.rei", "src/b.re", "src/a.re"}
    assert result(project) == "1045\n"
    project.path("src/list.ml").unlink()
    app()
    assert not list(project.root.glob("_build/js/src/*List*"))
    incremental = project.snapshot("_build", ignore=(".rebel-tools.json",))
    shutil.rmtree(project.path("_build"))
    app("-j8")
    assert project.snapshot("_build", ignore=(".rebel-tools.json",)) == incremental
    app("-c")
    assert not project.path("_build").exists()


def test_two_programs_share_what_is_compiled(project, app):
    targets = [{"target": name, "engine": "bucklescript", "entry": f"src/{name}.ml"} for name in ("index", "other")]
    manifest = {"name": "app", "dependencies": {"bar": "*"}, "rebel": {"targets": targets}}
    project.write("package.json", json.dumps(manifest))
    project.write("src/other.ml", "let () = Js.log (A.f 2)\n")
    assert len([source for source in compiled(app()) if not source.startswith("_build")]) == 7
    assert compiled(app("other")) == compiled(app()) == set()
    assert [project.run("node", f"_build/{name}/src/app.js").out for name in ("index", "other")] == ["1044\n", "45\n"]
    before = project.snapshot("_build", ignore=(".rebel-tools.json",))
    shutil.rmtree(project.path("_build"))
    app("other", "index", "-j4")
    assert project.snapshot("_build", ignore=(".rebel-tools.json",)) == before
    manifest["rebel"]["targets"] = targets[:1]
    project.write("package.json", json.dumps(manifest))
    app()
    assert not project.path("_build/other").exists()
    app("-c")
    assert not project.path("_build").exists()


def test_a_change_below_an_alias_reaches_its_users(project, app):
    project.write("src/c.re", "module Inner = B;\n")
    project.write("src/a.re", "let f = x => x + C.Inner.y;\n")
    app()
    project.write("src/b.re", "let y = 1 + 1;\n")
    project.write("src/b.rei", "let y: float;\n")
    text = app(rc=2).text
    assert "src/b.re" in text
    project.write("src/b.re", "let y = 1.5;\n")
    assert "src/a.re" in app(rc=2).text


def test_errors(project, app):
    project.write("src/a.re", 'let f = x => x + B.y + "a";\n')
    text = app(rc=2).text
    assert "src/a.re:1:24-26" in text
    assert "../" not in text
    project.write("src/a.re", "let f = x => Index.y;\n")
    assert "dependency cycle" in app(rc=2).text
    app("-c")
    assert not project.path("_build").exists()
