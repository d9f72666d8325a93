"""rebel new: a project that can be built at once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rebel_tools import sconstruct
from rebel_tools.project import load_project


def rebel(project, *arguments, **options):
    return project.run(sys.executable, "-m", "rebel_tools", *arguments, **options)


@pytest.mark.parametrize("option, entry", [((), "src/Index.ml"), (("--reason",), "src/Index.re")])
def test_a_new_project_is_complete(project, option, entry):
    assert "rebel build" in rebel(project, "new", "my-app", *option).out
    loaded = load_project(str(project.path("my-app")))
    assert loaded.root.name == "my-app"
    assert [target.entry for target in loaded.targets] == [entry]
    assert "_build/" in project.path("my-app/.gitignore").read_text()


def test_an_empty_folder_may_be_there(project):
    project.path("app").mkdir()
    rebel(project, "new", "app")
    assert load_project(str(project.path("app"))).targets


def test_nothing_is_overwritten(project):
    project.write("app/precious", "text")
    run = rebel(project, "new", "app", rc=1)
    assert "not an empty folder" in run.err
    assert [path.name for path in project.path("app").iterdir()] == ["precious"]


@pytest.mark.parametrize("name", ["../app", "a b", "@x/app", "3d"])
def test_a_bad_name(project, name):
    assert "cannot be the name of a package" in rebel(project, "new", name, rc=1).err


@pytest.mark.parametrize(
    "text, is_own",
    [
        ("{}", False),
        ("# A comment of another release.\n\n{}\n# And one below.\n", False),
        ("{}\nprint(1)\n", True),
        ("{}\nenv.Rebel('other')  # more\n", True),
        ("if True:\n    {}", True),
        ("x = '#'\n{}", True),
        ("", True),
    ],
)
def test_an_sconstruct_is_the_one_of_rebel_new_whatever_its_comments(tmp_path, monkeypatch, text, is_own):
    shipped = Path(sconstruct.shipped_sconstruct()).read_text()
    (tmp_path / "SConstruct").write_text(text.replace("{}", shipped))
    monkeypatch.chdir(tmp_path)
    assert sconstruct.has_own_script() == is_own
