"""Builds of packages: sources according to `rebel.sources`, and hints about packages that are not built."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")


def write(project, sources, *files, targets=(), folder=""):
    data = {"rebel": {"sources": sources, "targets": list(targets)}}
    for file in files:
        project.write(folder + file, "")
    project.write(f"{folder}package.json", json.dumps(data, indent=1))


def test_a_tree_with_a_library_and_a_program(project):
    """Sources that another builder makes count if `rebel.sources` selects them, and not in excluded folders."""
    write(project, ["lib", "bin", "!lib/old"], "lib/old/not-a-module.ml", targets=[{"entry": "bin/main.ml"}])
    project.write("lib/greeting.ml", "let text = Made.text")
    project.write("bin/main.ml", "let () = print_string Greeting.text")
    project.write("made.txt", 'let text = "made"')
    project.write(
        "SConstruct",
        "import rebel_tools\n"
        "env = Environment(tools=['default', 'rebel'], toolpath=[rebel_tools.TOOLPATH])\n"
        "env.Rebel()\n"
        "for target in ('lib/made.ml', 'lib/old/not-a-module-either.ml'):\n"
        "    env.Command(target, 'made.txt', Copy('$TARGET', '$SOURCE'))\n",
    )
    project.scons()
    assert project.run(project.path("_build/default/src/app.out")).out == "made"
    assert project.up_to_date()
    project.write("lib/greeting.ml", "let text = Made.text ^ Made.text")
    project.scons()
    assert project.run(project.path("_build/default/src/app.out")).out == "mademade"


def test_the_folder_of_the_package_itself(project):
    """Like somebody else's repository without folders, below node_modules."""
    write(project, ["."], "a.ml", "_build/b.ml", "test/c.ml", folder="node_modules/flat/")
    project.write("node_modules/flat/a.ml", "let x = C.x")
    project.write("node_modules/flat/test/c.ml", "let x = 'c'")
    project.write("package.json", '{"dependencies": {"flat": "*"}, "rebel": {}}')
    project.write("src/Index.ml", "let () = print_char Flat.A.x")
    build = (sys.executable, "-m", "rebel_tools", "build")
    project.run(*build)
    assert project.run(project.path("_build/default/src/app.out")).out == "c"
    assert "up to date" in project.run(*build).out
    project.write("node_modules/flat/test/d.ml", "let x = 'd'")
    project.write("node_modules/flat/a.ml", "let x = D.x")
    project.run(*build)
    assert project.run(project.path("_build/default/src/app.out")).out == "d"


@pytest.mark.parametrize(
    "key, rebel, hint",
    [
        ("dependencies", None, 'the package json-reader in node_modules/json-reader has no key "rebel"'),
        ("devDependencies", {}, "the package json-reader is in `devDependencies`, which do not count"),
        ("bundled", {}, "the package json-reader is installed, but not in `dependencies`; add it"),
    ],
)
def test_the_hint_of_a_build(project, key, rebel, hint):
    project.write("package.json", json.dumps({key: {"json-reader": "*"}, "rebel": {}}))
    project.write("node_modules/json-reader/package.json", json.dumps({} if rebel is None else {"rebel": rebel}))
    project.write("node_modules/json-reader/src/parse.ml", "let go = String.length")
    project.write("src/Index.ml", 'let () = print_int (JsonReader.Parse.go "a")')
    run = project.run(sys.executable, "-m", "rebel_tools", "build", rc=2)
    assert f"hint: {hint}" in run.text
