"""A workspace root builds, checks and cleans its members, each once; members share common packages."""

from __future__ import annotations

import json
import shutil

import pytest
from user_project import ROOT, outputs, rebel, steps

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")


def member(project, name, sources, uses=(), folder=None, **rebel):
    """A member with sources by path, linked into node_modules as npm does."""
    folder = folder or f"packages/{name}"
    data = {"name": name, "dependencies": dict.fromkeys(uses, "*"), "rebel": rebel}
    project.write(f"{folder}/package.json", json.dumps(data))
    for path, text in sources.items():
        project.write(f"{folder}/{path}", text)
    link = project.path(f"node_modules/{name}")
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(project.path(folder))


@pytest.fixture
def shop(project):
    """A library, a package with a program that others use as well, and a program with two targets."""
    project.write("package.json", '{"workspaces": ["packages/*", "tools/@acme/x"]}')
    member(project, "prices", {"src/drinks.ml": "let tea = 3\n"}, targets=[])
    till = {"src/Index.ml": "let () = print_int (Sum.tea 2)\n", "src/sum.ml": "let tea n = n * Prices.Drinks.tea\n"}
    member(project, "till", till, uses=["prices"])
    targets = [{"target": "one", "entry": "src/one.ml"}, {"target": "two", "engine": "byte", "entry": "src/one.ml"}]
    one = {"src/one.ml": "let () = print_int (Till.Sum.tea 5 + Prices.Drinks.tea)\n"}
    member(project, "@acme/x", one, uses=["till", "prices"], folder="tools/@acme/x", targets=targets)
    project.write("packages/page/package.json", '{"name": "page"}')  # of npm's only
    return project


def said(shop, target):
    return shop.run(shop.path(f"_build/{target}/src/app.out")).out


def test_members_are_built_once(shop):
    done = steps(rebel(shop, "build", "-j4"))
    assert done.count("ocamlopt packages/prices/src/drinks.ml") == 1
    assert (said(shop, "till/default"), said(shop, "@acme/x/one"), said(shop, "@acme/x/two")) == ("6", "18", "18")
    assert len(list(shop.path("_build").rglob("Prices__Drinks.cmx"))) == 1
    archives = "prices/default/prices/Prices.cma till/default/prices/Prices.cmxa @acme/x/one/till/Till.cmxa"
    for archive in archives.split(" "):
        assert shop.path(f"_build/{archive}").exists()
    assert not list(shop.path("packages").rglob("_build"))
    before = outputs(shop)
    assert steps(rebel(shop, "build")) == [] and "up to date" in rebel(shop, "build").out
    shutil.rmtree(shop.path("_build"))
    rebel(shop, "build", "-j8", "-k")
    assert outputs(shop) == before


def test_edits_reach_whom_they_concern(shop):
    rebel(shop, "build")
    shop.write("packages/prices/src/drinks.ml", "let tea = 3 (* a comment *)\n")
    assert {step.split(" ")[-1] for step in steps(rebel(shop, "build"))} == {"packages/prices/src/drinks.ml"}
    shop.write("packages/prices/src/drinks.ml", "let tea = 4\nlet milk = 1\n")
    assert not any("acme" in step for step in steps(rebel(shop, "build", "till")))
    assert (said(shop, "till/default"), said(shop, "@acme/x/one")) == ("8", "18")
    rebel(shop, "build", "-j4")
    assert (said(shop, "@acme/x/one"), said(shop, "@acme/x/two")) == ("24", "24")
    before = outputs(shop)
    shutil.rmtree(shop.path("_build"))
    rebel(shop, "build")
    assert outputs(shop) == before
    shop.write("tools/@acme/x/src/one.ml", "let () = print_int Till.Sum.(tea 1)\n")
    assert {"packages/till/src/sum.ml"}.isdisjoint(step.split(" ")[-1] for step in steps(rebel(shop, "build")))


def test_one_member_and_one_target(shop):
    done = steps(rebel(shop, "build", "till"))
    assert not any("acme" in step for step in done) and said(shop, "till/default") == "6"
    rebel(shop, "build", "@acme/x/two")
    assert not shop.path("_build/@acme/x/one/src/app.out").exists() and said(shop, "@acme/x/two") == "18"
    rebel(shop, "build", "_build/@acme/x/one/src/app.out")
    assert said(shop, "@acme/x/one") == "18"


def test_check_and_errors_of_two_members(shop):
    assert not any("link" in step or "ocamlopt" in step for step in steps(rebel(shop, "check")))
    shop.write("packages/till/src/Index.ml", "let () = 1\n")
    shop.write("tools/@acme/x/src/one.ml", "let () = 2\n")
    for command in ("check", "build"):
        run = rebel(shop, command, rc=2)
        assert 'File "packages/till/src/Index.ml"' in run.err and 'File "tools/@acme/x/src/one.ml"' in run.err
    shop.write("packages/till/src/Index.ml", "")
    rebel(shop, "build", "till")


def test_editors_and_clean(shop):
    sources = set(shop.snapshot())
    rebel(shop, "build")
    answer = rebel(shop, "ocaml-merlin", "--dump-config", "tools/@acme/x/src/one.ml").out
    assert f"S {shop.path('packages/prices/src')}" in answer and f"B {shop.path('_build/@acme/x/one/src')}" in answer
    assert "B ../../_build/till/default/src" in shop.path("packages/till/.merlin").read_text()
    rebel(shop, "clean")
    assert set(shop.snapshot()) == sources and not shop.path("_build").exists()


def test_members_come_and_go(shop):
    rebel(shop, "build")
    before = outputs(shop)
    member(shop, "zoo", {"src/Index.ml": "let () = print_int Prices.Drinks.tea\n"}, uses=["prices"])
    assert {step.split(" ")[-1] for step in steps(rebel(shop, "build")) if step.startswith("ocamlopt packages")} == {
        "packages/zoo/src/Index.ml"
    }
    assert said(shop, "zoo/default") == "3"
    shutil.rmtree(shop.path("packages/zoo"))
    shop.path("node_modules/zoo").unlink()
    rebel(shop, "build")
    assert outputs(shop) == before
    shutil.rmtree(shop.path("packages/prices"))
    assert "not installed" in rebel(shop, "build", rc=2).err


def test_a_root_with_programs_of_its_own(shop):
    data = {"name": "shop", "workspaces": {"packages": ["packages/*"]}, "dependencies": {"till": "*"}, "rebel": {}}
    shop.write("package.json", json.dumps(data))
    shop.write("src/Index.ml", "let () = print_int (Till.Sum.tea 7)\n")
    rebel(shop, "build")
    assert (said(shop, "default"), said(shop, "till/default")) == ("21", "6")
    assert len(list(shop.path("_build").rglob("Prices__Drinks.cmx"))) == 1
    rebel(shop, "build", cwd="packages/till")  # alone, as before
    assert shop.path("packages/till/_build/default/src/app.out").exists()


@pytest.mark.parametrize(
    "text, said",
    [
        ('{"workspaces": "packages"}', "package.json:1:16: the members of a workspace are not a list"),
        ('{"workspaces": ["../x"]}', "package.json:1:17: this is not a folder below the workspace"),
        ('{"workspaces": [3]}', "package.json:1:17: this is not a folder below the workspace"),
        ('{"workspaces": ["none/*"]}', 'no member of the workspace has the key "rebel"'),
    ],
)
def test_workspaces_that_are_none(shop, text, said):
    shop.write("package.json", text)
    assert said in rebel(shop, "build", rc=2).err


def test_names_that_would_meet_in_one_folder(shop):
    data = {"workspaces": ["packages/*"], "rebel": {"targets": [{"target": "till", "entry": "src/a.ml"}]}}
    shop.write("package.json", json.dumps(data))
    shop.write("src/a.ml", "")
    assert 'the target "till" has the same name as a member of the workspace' in rebel(shop, "build", rc=2).err
    shop.write("package.json", '{"workspaces": ["packages/*"]}')
    member(shop, "src", {}, folder="packages/s", targets=[])
    assert "a package cannot have the name src" in rebel(shop, "build", rc=2).err


def test_a_link_is_no_member(shop, tmp_path_factory):
    """A pattern does not leave the folder of the workspace."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "package.json").write_text('{"name": "elsewhere", "rebel": {"targets": []}}')
    shop.path("packages/elsewhere").symlink_to(elsewhere)
    rebel(shop, "build", "till")
    assert not shop.path("_build/elsewhere").exists() and not (elsewhere / ".merlin").exists()


def test_two_members_of_one_name_and_of_one_module(shop):
    member(shop, "prices", {}, folder="packages/other", targets=[])
    assert 'two members of the workspace have the name "prices"' in rebel(shop, "build", rc=2).err
    member(shop, "other", {}, folder="packages/other", targets=[], module="Prices")
    assert "two packages have the module Prices" in rebel(shop, "build", rc=2).err
    shop.write("package.json", '{"workspaces": ["packages/*", "!packages/other"]}')
    rebel(shop, "build", "till")


PNPM = "packages:\n  - 'packages/*'\n  - tools/**\n  - '!**/old'\ncatalog:\n  x: 1\n"


def test_the_file_of_pnpm(shop):
    pytest.importorskip("yaml", reason="the Python package PyYAML is not installed")
    shop.write("package.json", '{"name": "shop", "private": true}')
    shop.write("pnpm-workspace.yaml", PNPM)
    member(shop, "old", {"src/Index.ml": "let () = 1\n"}, folder="tools/old")
    rebel(shop, "build")
    assert (said(shop, "till/default"), said(shop, "@acme/x/one")) == ("6", "18")
    assert "up to date" in rebel(shop, "build").out
    shop.write("pnpm-workspace.yaml", "packages: [packages/*]\n")
    rebel(shop, "build")
    assert not shop.path("_build/@acme/x/one/src/app.out").exists()
    shop.path("pnpm-workspace.yaml").unlink()
    assert "no entry" in rebel(shop, "build", rc=2).err  # it is an independent package again


@pytest.mark.parametrize(
    "text, said",
    [
        ("packages: ['../x']", "pnpm-workspace.yaml:1:12: this is not a folder below the workspace"),
        ("packages:\n  - [a]", "pnpm-workspace.yaml:2:5: this is not a list of folders"),
        ("packages: a", "pnpm-workspace.yaml:1:11: this is not a list of folders"),
        ("catalog: {}", "there is no key `packages`"),
        ("", "there is no key `packages`"),
        ("packages: [", "not YAML: "),
        ("packages: [" + "[" * 5000, "not YAML"),
        ("packages: ['none/*']", "no member of the workspace"),
    ],
)
def test_files_of_pnpm_that_are_none(project, text, said):
    pytest.importorskip("yaml", reason="the Python package PyYAML is not installed")
    project.write("package.json", "{}")
    project.write("pnpm-workspace.yaml", text)
    run = rebel(project, "build", rc=2)
    assert said in run.err and "Traceback" not in run.err


def test_without_pyyaml(project):
    project.write("package.json", "{}")
    project.write("pnpm-workspace.yaml", PNPM)
    project.write("without/yaml.py", "raise ImportError")
    said = rebel(project, "build", rc=2, env={"PYTHONPATH": f"{project.path('without')}:{ROOT}"}).err
    assert "PyYAML, which is not installed" in said and "pip install pyyaml" in said
