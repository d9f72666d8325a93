"""Projects with packages in unusual places, and projects with mistakes, with the real scons."""

from __future__ import annotations

import json
import sys

import pytest

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="ocamlfind is missing")
PROGRAM = "_build/default/src/app.out"


def rebel(project, *arguments, **options):
    return project.run(sys.executable, "-m", "rebel_tools", *arguments, **options)


def package(project, folder, dependencies=(), rebel=None, **sources):
    """A package.json with the key rebel, and sources by module."""
    data = {"name": folder.rpartition("node_modules/")[2].rpartition("packages/")[2] or "app"}
    data |= {"dependencies": dict.fromkeys(dependencies, "*"), "rebel": rebel or {}}
    project.write(f"{folder or '.'}/package.json", json.dumps(data, indent=2))
    for module, text in sources.items():
        project.write(f"{folder or '.'}/src/{module}.ml", text)


def test_a_workspace_with_links(project):
    package(project, "packages/till", ["prices"], Index="let () = print_endline Prices.List.bread\n")
    package(project, "packages/prices", ["money"], list="let bread = Money.Euro.text 3\n")
    package(project, "packages/money", euro='let text n = string_of_int n ^ " euro"\n')
    project.path("node_modules").mkdir()
    for name in ("prices", "money"):
        project.path(f"node_modules/{name}").symlink_to(f"../packages/{name}")
    rebel(project, "build", cwd="packages/till")
    assert project.run(f"packages/till/{PROGRAM}").out == "3 euro\n"
    project.write("packages/money/src/euro.ml", 'let text n = string_of_int n ^ " EUR"\n')
    rebel(project, "build", cwd="packages/till")
    assert project.run(f"packages/till/{PROGRAM}").out == "3 EUR\n"


def test_nested_and_scoped_packages(project):
    package(project, "", ["@acme/outer"], Index="let () = print_endline Outer.Text.all\n")
    package(project, "node_modules/@acme/outer", ["inner"], text='let all = "outer and " ^ Inner.Text.all\n')
    package(project, "node_modules/@acme/outer/node_modules/inner", text='let all = "inner"\n')
    rebel(project, "build")
    assert project.run(PROGRAM).out == "outer and inner\n"


def test_a_package_that_appears_nearer_is_used(project):
    package(project, "", ["a"], Index="let () = print_endline A.Text.all\n")
    package(project, "node_modules/a", ["b"], text="let all = B.Text.all\n")
    package(project, "node_modules/b", text='let all = "far"\n')
    rebel(project, "build")
    assert project.run(PROGRAM).out == "far\n"
    package(project, "node_modules/a/node_modules/b", text='let all = "near"\n')
    rebel(project, "build")
    assert project.run(PROGRAM).out == "near\n"


def test_sources_that_come_and_go(project):
    package(project, "", Index="let () = print_endline Word.text\n", word='let text = "one"\n')
    rebel(project, "build")
    project.path("src/word.ml").unlink()
    project.write("src/deep/word.ml", 'let text = "two"\n')
    rebel(project, "build")
    assert project.run(PROGRAM).out == "two\n"
    project.path("src/deep/word.ml").unlink()
    assert "Word" in rebel(project, "build", rc=2).err


def mistake(project) -> str:
    """The message of scons about a project that it cannot read."""
    run = rebel(project, "build", rc=2)
    assert "Traceback" not in run.text
    return run.err


def test_a_mistake_in_package_json(project):
    project.write("package.json", '{\n  "rebel": {"targets": [{"engine": "nativ"}]}\n}\n')
    text = mistake(project)
    assert 'package.json:2:36: unknown engine "nativ"' in text and "did you mean native?" in text


def test_a_package_that_is_not_installed(project):
    package(project, "", ["text-tabel"], Index="")
    package(project, "node_modules/text-table")
    text = mistake(project)
    assert '"text-tabel" is not installed' in text and "did you mean text-table?" in text


def test_no_package_json(project):
    assert "there is no such file" in mistake(project)


@pytest.mark.skipif(not tools.find("js_of_ocaml"), reason="js_of_ocaml is missing")
@pytest.mark.skipif(not tools.find("node"), reason="node is missing")
def test_engine_jsoo(project):
    package(project, "", rebel={"targets": [{"engine": "jsoo"}]}, Index='let () = print_endline "from OCaml"\n')
    rebel(project, "build")
    assert project.run("node", "_build/default/src/app.js").out == "from OCaml\n"
