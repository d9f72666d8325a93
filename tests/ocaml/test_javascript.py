"""BuckleScript and js_of_ocaml: two packages and a program, compiled by the real tools and run by node."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rebel_tools.errors import MissingTool
from rebel_tools.ocaml.javascript import (
    BuckleScript,
    find_bsc,
    javascript_outputs,
)

ROOT = Path(__file__).resolve().parents[2]
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")


@pytest.fixture
def bucklescript(project) -> BuckleScript:
    try:
        compiler = BuckleScript(find_bsc(str(ROOT)), "app", "_build/js")
    except MissingTool as error:
        pytest.skip(str(error))
    project.write("_build/js/bsconfig.json", compiler.config_text())
    # The program needs the standard library of bs-platform where node looks for it.
    package = Path(compiler.bsc).parents[1]
    project.path("node_modules").mkdir()
    project.path("node_modules/bs-platform").symlink_to(package)
    return compiler


@pytest.fixture
def bar(project, bucklescript):
    """The package bar with one module, in _build/js/bar."""
    project.write("node_modules/bar/src/index.ml", "let z = 1000\n")
    project.write("_build/js/bar/Bar.ml", "module Index = Bar__Index\n")
    project.write("_build/js/src/App.ml", "module A = App__A\nmodule B = App__B\n")
    project.run(*bucklescript.alias("_build/js/bar/Bar.ml", "_build/js/bar/Bar.cmi"))
    project.run(*bucklescript.alias("_build/js/src/App.ml", "_build/js/src/App.cmi"))
    source, target = "node_modules/bar/src/index.ml", "_build/js/bar/Bar__Index.cmj"
    project.run(*bucklescript.implementation(source, target, [], "Bar"))
    return "_build/js/bar"


@needs_node
def test_packages_interfaces_and_both_languages(project, bucklescript, bar):
    project.write("src/b.rei", "let y: int;\n")
    project.write("src/b.re", "let y = 41;\n")
    project.write("src/a.re", "let f = x => x + B.y + Bar.Index.z;\n")
    project.write("src/index.ml", 'let () = Js.log (String.concat "," [string_of_int (A.f 1)])\n')
    out = "_build/js/src"
    project.run(*bucklescript.interface("src/b.rei", f"{out}/App__B.cmi", [bar], "App"))
    before = project.path(f"{out}/App__B.cmi").read_bytes()
    for name, has_interface in (("b.re", True), ("a.re", False), ("index.ml", False)):
        target = f"{out}/App__{name.split('.')[0].capitalize()}.cmj"
        project.run(*bucklescript.implementation(f"src/{name}", target, [bar], "App", has_interface))
        for output in javascript_outputs(target, has_interface):
            assert project.path(output).exists(), output
    assert project.path(f"{out}/App__B.cmi").read_bytes() == before
    assert not project.path(f"{out}/App.js").exists()
    assert project.run("node", f"{out}/App__Index.js").out == "1042\n"


def test_messages_name_the_file_as_the_user_does(project, bucklescript, bar):
    project.write("src/a.re", "let x: int = Bar.Index.z;\nlet y: string = x;\n")
    command = bucklescript.implementation("src/a.re", "_build/js/src/App__A.cmj", [bar], "App")
    text = bucklescript.clean_output(project.run(*command, rc=2).err)
    assert "src/a.re" in text
    assert "2:17" in text
    assert ".." not in text


def test_missing_bsc_says_how_to_get_it(tmp_path):
    with pytest.raises(MissingTool, match="npm install bs-platform@9.0.2"):
        find_bsc(str(tmp_path), {"PATH": str(tmp_path)})
    with pytest.raises(MissingTool, match=r"\$BSC is /no/bsc"):
        find_bsc(str(tmp_path), {"PATH": str(tmp_path), "BSC": "/no/bsc"})
