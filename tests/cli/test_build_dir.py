"""`--build-dir`: all outputs are in another folder, and nothing is written beside the sources."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from user_project import Project

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

OWN = """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["rebel"], toolpath=[rebel_tools.TOOLPATH])
env.Rebel()
"""


@pytest.fixture
def sources(tmp_path) -> Project:
    """A project with a package, in the folder `project`."""
    project = Project(tmp_path / "project")
    project.write("package.json", json.dumps({"name": "app", "dependencies": {"dep": "*"}}))
    project.write("src/index.ml", "let () = print_int (Dep.A.v + Own.v)\n")
    project.write("src/own.ml", "let v = 1\n")
    project.write("node_modules/dep/package.json", json.dumps({"name": "dep", "rebel": {}}))
    project.write("node_modules/dep/src/a.ml", "let v = 10\n")
    return project


def rebel(project: Project, *words: str, rc: int | None = 0, env: dict | None = None) -> str:
    return project.run(sys.executable, "-m", "rebel_tools", *words, rc=rc, env=env).text


def names(project: Project) -> dict:
    """All files and folders with their modification times."""
    return {str(path): path.stat().st_mtime_ns for path in [project.root, *project.root.rglob("*")]}


def lock_up(project: Project, mode: int = 0o555) -> None:
    """Make all folders read-only, which has no effect for root."""
    for path in [project.root, *project.root.rglob("*")]:
        if path.is_dir():
            path.chmod(mode)


@pytest.mark.parametrize("own", [False, True], ids=["rebel", "SConstruct"])
def test_nothing_is_written_beside_the_sources(sources, tmp_path, own: bool) -> None:
    if own:
        sources.write("SConstruct", OWN)
    out = tmp_path / "out"
    lock_up(sources)
    before = names(sources)
    rebel(sources, "build", f"--build-dir={out}")
    assert sources.run(out / "default/src/app.out").out == "11"
    for _ in range(2):
        assert "up to date" in rebel(sources, "build", f"--build-dir={out}")
    assert names(sources) == before
    lock_up(sources, 0o755)
    sources.write("src/own.ml", "let v = 5\n")
    lock_up(sources)
    text = rebel(sources, "build", "--build-dir", str(out), "-j8")
    assert "index.ml" not in text and sources.run(out / "default/src/app.out").out == "15"
    made = sources.snapshot(str(out), ignore=SAVED)
    rebel(sources, "clean", f"--build-dir={out}")
    assert not out.exists()
    rebel(sources, "build", f"--build-dir={out}", "-j8")
    assert sources.snapshot(str(out), ignore=SAVED) == made
    lock_up(sources, 0o755)


SAVED = (".sconsign.dblite", ".rebel-tools.json", ".rebel-tools.manifest", ".rebel-tools.up-to-date")


@pytest.mark.parametrize("place", ["out", "a/b c", ".out", "../out"])
def test_a_folder_is_told_by_the_environment(sources, place: str) -> None:
    said = {"REBEL_BUILD_DIR": place}
    rebel(sources, "build", env=said)
    assert sources.path(f"{place}/default/src/app.out").is_file() and not sources.path("_build").exists()
    rebel(sources, "build", env=said)
    assert "running scons" not in rebel(sources, "build", "--explain", env=said)
    assert "ocamlopt" in rebel(sources, "build")  # the two builds do not know of each other
    sources.path(f"{place}/default/src/app.out").unlink()
    assert "link" in rebel(sources, "build", env=said)
    rebel(sources, "clean", env=said)
    assert not sources.path(place).exists() and sources.path("_build/default/src/app.out").is_file()


def test_what_is_asked_for_by_its_path(sources, tmp_path) -> None:
    out = tmp_path / "out"
    unit = out / "default/src/Default_Tar__Own.cmx"
    rebel(sources, "build", f"--build-dir={out}", str(unit))
    assert unit.is_file() and not (out / "default/src/app.out").exists()


def _refused(project: Project, folder: Path | str, words: str) -> None:
    for command in ("build", "clean"):
        text = rebel(project, command, f"--build-dir={folder}", rc=2)
        assert words in text and "Traceback" not in text


def test_a_folder_with_other_files_is_left_alone(sources, tmp_path) -> None:
    other = Project(tmp_path / "other")
    other.write("default/src/notes.ml", "mine\n")
    before = names(other)
    _refused(sources, other.root, "it contains files that are not from a build")
    assert names(other) == before
    _refused(sources, ".", "it contains files that are not from a build")
    _refused(sources, "..", "it contains files that are not from a build")
    _refused(sources, "src/out", "among the sources of the package app")
    _refused(sources, "node_modules/dep/src/new", "among the sources of the package dep")
    _refused(sources, "package.json", "cannot be used")


def test_a_folder_of_another_project(sources, tmp_path) -> None:
    out = tmp_path / "out"
    rebel(sources, "build", f"--build-dir={out}")
    other = Project(tmp_path / "other")
    shutil.copytree(sources.root, other.root)
    _refused(other, out, "of another project")
    shutil.rmtree(sources.root)  # the folder was moved
    rebel(other, "build", f"--build-dir={out}")
    assert other.run(out / "default/src/app.out").out == "11"


def test_a_link_to_the_folder(sources, tmp_path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    rebel(sources, "build", f"--build-dir={tmp_path / 'link'}")
    assert sources.run(tmp_path / "disk/default/src/app.out").out == "11"
    rebel(sources, "build", f"--build-dir={tmp_path / 'disk'}")
    assert "up to date" in rebel(sources, "build", f"--build-dir={tmp_path / 'link'}")


def test_rules_and_targets_of_packages(sources, tmp_path) -> None:
    if not tools.find("ocamllex"):
        pytest.skip("needs ocamllex")
    out = tmp_path / "out"
    found = [{"target": name, "engine": engine, "entry": "src/index.ml"} for name, engine in ENGINES.items()]
    data = {"name": "app", "dependencies": {"dep": "*"}, "rebel": {"targets": found}}
    sources.write("package.json", json.dumps(data))
    sources.write("src/lexer.mll", "{ let v = 3 }\nrule token = parse eof { 1 }\n")
    sources.write("src/own.ml", "let v = Lexer.v\n")
    before = names(sources)
    for _ in range(2):
        rebel(sources, "build", f"--build-dir={out}", "-j4")
    assert names(sources) == before
    assert sources.run(out / "n/src/app.out").out == sources.run(out / "b/src/app.out").out == "13"
    sources.path("src/lexer.mll").unlink()
    sources.write("src/lexer.ml", "let v = 4\n")
    rebel(sources, "build", f"--build-dir={out}")
    assert sources.run(out / "n/src/app.out").out == "14"


ENGINES = {"n": "native", "b": "byte"}


def test_editors_are_told(sources, tmp_path) -> None:
    said = {"REBEL_BUILD_DIR": str(tmp_path / "out")}
    rebel(sources, "build", env=said)
    assert not sources.path(".merlin").exists()
    request = f"(4:File{len('src/own.ml')}:src/own.ml)"
    full = {**os.environ, **said, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "rebel_tools", "ocaml-merlin"],
        cwd=sources.root,
        env=full,
        input=request,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(tmp_path / "out/default/src") in done.stdout
