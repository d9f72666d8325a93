"""Profiles: what is made again after an edit of an implementation, where outputs are, how a profile is selected."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from user_project import snapshot

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")


def rebel(project, *arguments, rc=0, **environ):
    return project.run(sys.executable, "-m", "rebel_tools", *arguments, rc=rc, env=environ)


def output(project, folder="default"):
    return subprocess.check_output([project.path(f"_build/{folder}/src/app.out")], text=True)


def compiled(run) -> list[str]:
    """The sources that a build compiled, without suffixes."""
    lines = (line.split("] ", 1)[-1] for line in run.out.splitlines())
    found = (line.split()[-1] for line in lines if line.startswith(("ocamlopt ", "ocamlc ")))
    return [name.rpartition("/")[2] for name in found]


@pytest.fixture
def app(project):
    """Three modules in a row and a package; `twice` is small enough to be inlined."""
    project.write("package.json", json.dumps({"dependencies": {"numbers": "*"}, "rebel": {}}))
    project.write("node_modules/numbers/package.json", '{"rebel": {}}')
    project.write("node_modules/numbers/src/numbers.ml", "let twice x = 2 * x\n")
    project.write("src/middle.ml", "let four x = Numbers.Numbers.twice (Numbers.Numbers.twice x)\n")
    project.write("src/Index.ml", "let () = print_int (Middle.four 10)\n")
    return project


def test_an_edit_of_a_body_compiles_one_module(app):
    rebel(app, "build")
    app.write("node_modules/numbers/src/numbers.ml", "let twice x = 3 * x\n")
    assert compiled(rebel(app, "build")) == ["numbers.ml"] and output(app) == "90"


def test_a_release_looks_into_the_code_of_others(app):
    rebel(app, "build", "--release")
    app.write("node_modules/numbers/src/numbers.ml", "let twice x = 3 * x\n")
    assert compiled(rebel(app, "build", "--release")) == ["numbers.ml", "middle.ml", "Index.ml"]
    assert output(app, "_release/default") == "90"


def test_each_profile_has_a_folder_and_nothing_is_compiled_on_the_way_back(app):
    rebel(app, "build")
    before = snapshot(app.path("_build/default"))
    rebel(app, "build", "--profile", "release")
    assert snapshot(app.path("_build/default")) == before
    for arguments in ([], ["--profile=release"], [], ["--release"]):
        assert not compiled(rebel(app, "build", *arguments))
    assert rebel(app, "build", "--release", "--explain").err == ""  # scons did not even run
    assert (output(app), output(app, "_release/default")) == ("40", "40")


def test_scons_and_env_rebel_and_the_environment_mean_the_same(app, tmp_path):
    app.write(
        "SConstruct",
        "import rebel_tools\nenv = Environment(tools=['rebel'], toolpath=[rebel_tools.TOOLPATH])\n"
        "env.Rebel(profile='release')\n",
    )
    app.scons()
    assert not app.path("_build/default").exists() and output(app, "_release/default") == "40"
    app.scons("--build-profile=dev", env={"REBEL_PROFILE": "release"})
    assert output(app) == "40"
    app.path("SConstruct").unlink()
    shutil.rmtree(app.path("_build"))
    assert "-O3" in rebel(app, "build", "verbose=1", REBEL_PROFILE="release").out
    assert not app.path("_build/default").exists()


@pytest.mark.parametrize("arguments", [["--profile", "relase"], ["--profile=relase"], ["--build-profile=relase"]])
def test_a_profile_that_is_none(app, arguments):
    run = rebel(app, "build", *arguments, rc=2)
    assert 'there is no profile "relase"' in run.err and "did you mean release?" in run.err
    assert not app.path("relase").exists() and "Traceback" not in run.text


def test_targets_and_outputs_of_a_release_are_named_as_ever(app):
    targets = [{"target": "default"}, {"target": "tool", "engine": "byte"}]
    app.write("package.json", json.dumps({"dependencies": {"numbers": "*"}, "rebel": {"targets": targets}}))
    rebel(app, "build", "tool", "--release")
    assert app.path("_build/_release/tool/src/app.out").exists()
    assert not app.path("_build/_release/default/src/app.out").exists()
    rebel(app, "build", "_build/_release/default/src/Default_Tar__Middle.cmx", "--release")
    assert app.path("_build/_release/default/src/Default_Tar__Middle.cmx").exists()


def test_clean_leaves_nothing_of_any_profile(app):
    before = snapshot(app.root)
    rebel(app, "build")
    rebel(app, "build", "--release")
    rebel(app, "clean", "--release")
    assert snapshot(app.root) == before and not app.path("_build").exists()


def test_what_a_package_says_about_a_profile(app):
    flags = {"release": {"compile": "-unsafe"}, "dev": {"compile": ["-w", "+a"]}}
    app.write("node_modules/numbers/package.json", json.dumps({"rebel": {"profiles": flags}}))
    lines = rebel(app, "build", "verbose=1", "--release").out.splitlines()
    assert all("-unsafe" in line for line in lines if "numbers.ml" in line and "ocamlopt" in line)
    assert not any("-unsafe" in line for line in lines if "middle.ml" in line)
    assert "-unsafe" not in rebel(app, "build", "verbose=1").out


def test_a_profile_that_package_json_does_not_know(app):
    app.write("package.json", '{"rebel": {\n  "profiles": {"relase": {}}}}')
    run = rebel(app, "build", rc=2)
    assert "package.json:2" in run.err and "did you mean release?" in run.err


def test_warnings_of_packages_below_node_modules_are_not_shown(app):
    unused = "let f () = let unused = 1 in 2\n"
    app.write("node_modules/numbers/src/numbers.ml", "let twice x = 2 * x\n" + unused)
    assert "unused" not in rebel(app, "build").text
    app.write("src/middle.ml", app.path("src/middle.ml").read_text() + unused)
    assert "unused" in rebel(app, "build").text


def test_editors_are_told_about_dev_builds(app):
    rebel(app, "build", "--release")
    assert not app.path(".merlin").exists()
    rebel(app, "build")
    text = app.path(".merlin").read_text()
    rebel(app, "build", "--release")
    assert app.path(".merlin").read_text() == text and "_release" not in text
