"""Reason with the real refmt, the real converter and the real compilers: positions, warnings, ocamldep, errors."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from needs import missing_for_reason
from user_project import unquoted

from rebel_tools.errors import MissingTool
from rebel_tools.ocaml import reason

ROOT = Path(__file__).resolve().parents[2]
OCAMLFIND, OCAMLOPT = shutil.which("ocamlfind"), shutil.which("ocamlopt")

pytestmark = pytest.mark.skipif(not (OCAMLFIND and OCAMLOPT), reason="ocamlfind or ocamlopt is not installed")


@pytest.fixture(scope="session")
def refmt() -> str:
    return reason.find_refmt(str(ROOT))


@pytest.fixture(scope="session")
def driver() -> str:
    if missing_for_reason():
        pytest.skip(missing_for_reason())
    return reason.ensure_driver(OCAMLFIND, OCAMLOPT)


@pytest.fixture
def ocaml(project, refmt, driver):
    """Convert a Reason source and run a compiler or ocamldep on the tree; return the output, with excerpts."""

    def run(tool: str, *args: str, rc: int = 0) -> str:
        source, tree = args[-1], f"{args[-1]}.ast"
        out = project.run(*reason.converter(refmt, driver), source, "-o", tree, rc=None)
        if out.rc == 0:
            out = project.run(tool, *args[:-1], tree, rc=None)
        assert out.rc == rc, out.text
        return reason.add_excerpts(out.text, str(project.root))

    return run


def test_type_error_points_into_the_reason_file(project, ocaml):
    project.write("a.re", '/* one */\nlet greet = name => "Hello " ++ name;\n\nlet x =\n  greet(\n    42,\n  );\n')
    text = ocaml("ocamlopt", "-c", "-impl", "a.re", rc=2)
    assert 'File "a.re", line 6, characters 4-6:\n6 |     42,\n        ^^\nError: Th' in text
    assert "has type int" in unquoted(text)


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
    assert ocaml("ocamlc", "-c", flag, name, rc=1) == expected


def test_ocamldep(project, ocaml):
    project.write("a.re", "open Tp;\nlet a = B.x + Foo.Bar.y;\n")
    assert ocaml("ocamldep", "-modules", "-impl", "a.re").split() == ["a.re.ast:", "B", "Foo", "Tp"]


def test_many_files_are_converted_by_one_program(project, refmt, driver):
    project.write("src/a.re", "let x: int = B.y;\nlet z: string = x;\n")
    project.write("src/bad.re", "let x = ;\n")
    project.write("src/i.rei", "let x: int;\n")
    project.write("bad.tree", "of yesterday")
    command = [*reason.converter(refmt, driver), "src/a.re", "-o", "a.tree", "src/bad.re", "-o", "bad.tree"]
    out = project.run(*command, "src/i.rei", "-o", "i.tree", rc=1)
    assert out.err.count("Syntax error") == 1 and not project.path("bad.tree").exists()
    project.run("ocamlc", "-c", "-intf", "i.tree")
    project.write("b.ml", "let y = 1")
    project.run("ocamlc", "-c", "b.ml")
    assert 'File "src/a.re", line 2, characters 16-17:' in project.run("ocamlc", "-c", "-impl", "a.tree", rc=2).err
    first = project.path("a.tree").read_bytes()
    project.run(*command, rc=1)
    assert project.path("a.tree").read_bytes() == first


def counted(path: Path, refmt: str) -> str:
    """A refmt that writes a line to `path`.log whenever it runs."""
    path.write_text(f'#!/bin/sh\necho "$#" >> {path}.log\nexec {refmt} "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_one_refmt_makes_the_trees_of_many_files(project, refmt, driver, tmp_path):
    text = "/* {n} */\nlet x = {n};\n/** doc {n} */\nlet f = (a, b) => <p> a b </p>;\n"
    sources = {f"m{n}.re": text.replace("{n}", str(n)) for n in range(4)}
    sources |= {f"m{n}.rei": f"/** doc {n} */\nlet x: int;\n" for n in range(3)}
    for name, text in sources.items():
        project.write(name, text)
    together = [word for name in sources for word in (name, "-o", f"{name}.together")]
    project.run(*reason.converter(counted(tmp_path / "refmt", refmt), driver), *together)
    assert len((tmp_path / "refmt.log").read_text().split()) == 2  # one for .re, one for .rei
    for name in sources:
        project.run(*reason.converter(refmt, driver), name, "-o", f"{name}.alone")
        assert project.path(f"{name}.together").read_bytes() == project.path(f"{name}.alone").read_bytes()


def test_a_refmt_that_takes_one_file_only(project, refmt, driver, tmp_path):
    project.write("a.re", "let x = 1;\n")
    project.write("b.re", "let x = 2;\n")
    first = tmp_path / "first"
    first.write_text(f'#!/bin/sh\nexec {refmt} "$1" "$2" "$3" "$4" "$5" "$6" "$7"\n')
    first.chmod(0o755)
    out = project.run(*reason.converter(str(first), driver), "a.re", "-o", "a.tree", "b.re", "-o", "b.tree")
    assert out.err == "" and project.path("a.tree").exists() and project.path("b.tree").exists()


def test_a_refmt_that_does_not_answer(project, driver):
    project.write("a.re", "let x = 1;\n")
    out = project.run(*reason.converter("/bin/true", driver), "a.re", "-o", "a.tree", rc=2)
    assert out.err == "refmt_pp: /bin/true wrote no syntax tree for a.re\n"
    assert "No such file" in project.run(*reason.converter("/nowhere/refmt", driver), "a.re", "-o", "a.tree", rc=2).err
    assert not project.path("a.tree").exists()


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_where_refmt_comes_from(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no" / "python"))  # a refmt beside Python is found
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
    monkeypatch.setattr(reason, "DRIVER_SOURCES", (str(broken),))
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with pytest.raises(reason.DriverFailure, match="expected of type"):
        reason.ensure_driver(OCAMLFIND, OCAMLOPT, environ)
    assert subprocess.run(["ls", "-A", tmp_path / "cache/rebel-tools"], capture_output=True).stdout == b""
