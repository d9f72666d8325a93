"""Reason through the real refmt, the real converter and the real compilers: places, warnings, ocamldep, errors."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rebel_tools.errors import MissingTool
from rebel_tools.ocaml import reason

ROOT = Path(__file__).resolve().parents[2]
OCAMLFIND, OCAMLOPT = shutil.which("ocamlfind"), shutil.which("ocamlopt")

pytestmark = pytest.mark.skipif(not (OCAMLFIND and OCAMLOPT), reason="ocamlfind or ocamlopt is not installed")


@pytest.fixture(scope="session")
def refmt() -> str:
    try:
        return reason.find_refmt(str(ROOT))
    except MissingTool as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def driver() -> str:
    try:
        return reason.ensure_driver(OCAMLFIND, OCAMLOPT)
    except MissingTool as error:
        pytest.skip(str(error))


@pytest.fixture
def ocaml(project, refmt, driver):
    """Run a compiler or ocamldep with Reason as its preprocessor; what it says, filtered."""

    def run(tool: str, *args: str, rc: int = 0) -> str:
        out = project.run(tool, "-pp", reason.pp_command(refmt, driver), *args, rc=rc)
        return reason.filter_compiler_output(out.text, str(project.root))

    return run


def test_type_error_points_into_the_reason_file(project, ocaml):
    project.write("a.re", '/* one */\nlet greet = name => "Hello " ++ name;\n\nlet x =\n  greet(\n    42,\n  );\n')
    text = ocaml("ocamlopt", "-c", "-impl", "a.re", rc=2)
    assert 'File "a.re", line 6, characters 4-6:\n6 |     42,\n        ^^\nError: This expression has type int' in text


def test_warnings_point_into_the_reason_file(project, ocaml):
    project.write("a.re", "let f = x => {\n  let unused = 3;\n  switch (x) {\n  | Some(y) => y\n  };\n};\n")
    text = ocaml("ocamlc", "-c", "-w", "+a-70", "-impl", "a.re")
    assert 'File "a.re", line 2, characters 6-12:' in text
    assert 'File "a.re", lines 3-5, characters 2-4:' in text


@pytest.mark.parametrize("name, flag, line", [("a.re", "-impl", "let y = ;"), ("a.rei", "-intf", "let f: int => ;")])
def test_syntax_error_is_shown_once_with_its_line(project, ocaml, name, flag, line):
    project.write(name, f"\n{line}\n")
    place = line.index(";")
    header = f'File "{name}", line 2, characters {place}-{place + 1}:'
    expected = f"{header}\n2 | {line}\n{' ' * (4 + place)}^\nError: Syntax error\n"
    for command in (("ocamlc", "-c", flag, name), ("ocamldep", "-modules", flag, name)):
        text = ocaml(*command, rc=2)
        assert text.endswith(expected)  # ocamldep prints the name of the file before
        assert "preprocessor" not in text and text.count("Error") == 1


def test_interface_and_implementation_in_reason(project, ocaml):
    project.write("a.rei", "let f: int => int;\n")
    project.write("a.re", "let f = x => x + 1;\n")
    ocaml("ocamlc", "-c", "-intf", "a.rei")
    ocaml("ocamlopt", "-c", "-intf-suffix", ".rei", "-impl", "a.re")
    project.write("a.re", 'let f = x => x ++ "";\n')
    text = ocaml("ocamlopt", "-c", "-intf-suffix", ".rei", "-impl", "a.re", rc=2)
    assert 'File "a.rei", line 1, characters 0-17: Expected declaration' in text


def test_ocamldep(project, ocaml):
    project.write("a.re", "open Tp;\nlet a = B.x + Foo.Bar.y;\n")
    assert ocaml("ocamldep", "-modules", "-impl", "a.re").split() == ["a.re:", "B", "Foo", "Tp"]


def test_tree_file_serves_every_tool(project, refmt, driver):
    project.write("src/a.re", "let x: int = B.y;\nlet z: string = x;\n")
    project.write("b.ml", "let y = 1")
    project.run("ocamlc", "-c", "b.ml")
    project.run(*reason.tree_command(refmt, driver, "src/a.re", "a.tree"))
    assert project.run("ocamldep", "-modules", "-impl", "a.tree").out.split() == ["a.tree:", "B"]
    assert 'File "src/a.re", line 2, characters 16-17:' in project.run("ocamlc", "-c", "-impl", "a.tree", rc=2).err
    first = project.path("a.tree").read_bytes()
    project.run(*reason.tree_command(refmt, driver, "src/a.re", "a.tree"))
    assert project.path("a.tree").read_bytes() == first


def test_a_failing_refmt_leaves_no_tree(project, refmt, driver):
    project.write("a.re", "let x = ;\n")
    project.run(*reason.tree_command(refmt, driver, "a.re", "a.tree"), rc=1)
    assert not project.path("a.tree").exists()
    out = project.run(*reason.tree_command("/bin/true", driver, "a.re", "a.tree"), rc=2)
    assert out.err == "refmt_pp: /bin/true wrote no syntax tree for a.re\n"
    assert "No such file" in project.run(*reason.tree_command("/nowhere/refmt", driver, "a.re", "a.tree"), rc=2).err


def test_a_preprocessor_that_dies_in_silence_is_still_reported(project):
    project.write("a.ml", "let x = 1\n")
    text = project.run("ocamlc", "-pp", "false", "-c", "a.ml", rc=2).err
    assert "Error while running external preprocessor" in reason.filter_compiler_output(text)


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_where_refmt_comes_from(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no" / "python"))  # a refmt beside Python counts
    npm = program(tmp_path / "node_modules/bs-platform/linux/refmt.exe")
    path = program(tmp_path / "bin/refmt")
    named = program(tmp_path / "mine")
    folder = tmp_path / "packages" / "one"
    folder.mkdir(parents=True)
    nothing = {"PATH": str(tmp_path / "empty")}
    assert reason.find_refmt(str(folder), nothing) == npm
    assert reason.find_refmt(str(folder), {"PATH": str(tmp_path / "bin")}) == path
    assert reason.find_refmt(str(folder), {**nothing, "REFMT": named}) == named
    with pytest.raises(MissingTool, match=r"\$REFMT is /no/refmt"):
        reason.find_refmt(str(folder), {**nothing, "REFMT": "/no/refmt"})
    os.unlink(npm)
    with pytest.raises(MissingTool, match="npm install bs-platform@9.0.2"):
        reason.find_refmt(str(folder), nothing)


def test_driver_is_compiled_once_and_concurrently_safe(tmp_path, driver):
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    with ThreadPoolExecutor(3) as pool:
        paths = set(pool.map(lambda _: reason.ensure_driver(OCAMLFIND, OCAMLOPT, environ), range(3)))
    (path,) = paths
    assert os.listdir(tmp_path / "rebel-tools") == [os.path.basename(path)]
    before = os.stat(path).st_mtime_ns
    assert reason.ensure_driver(OCAMLFIND, OCAMLOPT, environ) == path
    assert os.stat(path).st_mtime_ns == before


def test_missing_ppxlib_names_the_package(tmp_path):
    (tmp_path / "findlib.conf").write_text(f'destdir="{tmp_path}"\npath="{tmp_path}"\n')
    environ = {**os.environ, "OCAMLFIND_CONF": str(tmp_path / "findlib.conf"), "OCAMLPATH": ""}
    with pytest.raises(MissingTool, match="libppxlib-ocaml-dev"):
        reason.ensure_driver(OCAMLFIND, OCAMLOPT, environ)


def test_a_driver_that_does_not_compile_shows_the_compiler(tmp_path, monkeypatch):
    broken = tmp_path / "refmt_pp.ml"
    broken.write_text("let x : int = true\n")
    monkeypatch.setattr(reason, "DRIVER_SOURCE", str(broken))
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with pytest.raises(reason.DriverFailure, match="expected of type"):
        reason.ensure_driver(OCAMLFIND, OCAMLOPT, environ)
    assert subprocess.run(["ls", "-A", tmp_path / "cache/rebel-tools"], capture_output=True).stdout == b""
