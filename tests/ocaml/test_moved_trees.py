"""Copied and moved trees: outputs that depend on the place of the tree are made again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
from cmt_file import folder_in_cmt
from tool_project import commands
from user_project import Project

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

IGNORED = (
    ".sconsign.dblite",
    ".rebel-tools.json",
    ".rebel-tools.manifest",
    ".rebel-tools.up-to-date",
)
TOOL = """\
import os, rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "ar", "gnulink", "ocaml"], toolpath=[rebel_tools.TOOLPATH], ENV=os.environ)
env["CPPPATH"] = [env.subst("$OCAMLWHERE")]
library = env.OCamlLibrary("lib/words", ["a.ml", "a.mli"], OCAMLENGINES=["native", "byte"])
env.OCamlProgram("p", "p.ml", OCAMLLIBS=[library], OCAMLLINKFLAGS=["-g", "-ccopt", "-Lc", "-cclib", "-lfoo"])
env.OCamlProgram("q", "q.ml", OCAMLLIBS=[library], OCAMLENGINES=["byte"], OCAMLLINKFLAGS=["-g"])
"""
PLACES = ["b", "a much longer place", "100%", "a,b;c", "ü", "c:d"]


@pytest.fixture
def tree(tmp_path) -> Project:
    """A tree in the folder `one`, with an archive of C code that no builder makes."""
    project = Project(tmp_path / "one")
    project.write("SConstruct", TOOL)
    project.write("a.ml", "let v () = failwith __FILE__\n")
    project.write("a.mli", "val v : unit -> int\n")
    project.write("p.ml", 'external answer : unit -> int = "answer"\nlet () = print_int (answer () + Words.A.v ())\n')
    project.write("q.ml", "let () = print_int (Words.A.v ())\n")
    _archive(project, 1)
    return project


def _archive(project: Project, number: int) -> None:
    where = subprocess.run(["ocamlc", "-where"], check=True, capture_output=True, text=True).stdout.strip()
    body = f"value answer(value unit) {{ return Val_int({number}); }}"
    project.write("c/s.c", f"#include <caml/mlvalues.h>\n{body}\n")
    project.run("gcc", "-c", "-I", where, "s.c", cwd="c")
    project.run("ar", "rcs", "libfoo.a", "s.o", cwd="c")


def _made(project: Project) -> dict:
    return project.snapshot(ignore=IGNORED)


def _as_clean(project: Project) -> None:
    """Everything is as after a clean build here."""
    found = _made(project)
    project.scons("-c")
    project.scons("-j4")
    assert _made(project) == found


@pytest.mark.parametrize("name", PLACES)
def test_a_copy_is_what_a_clean_build_there_makes(tree, name: str) -> None:
    tree.scons("-j4")
    copy = Project(tree.root.parent / name)
    shutil.copytree(tree.root, copy.root, copy_function=shutil.copy2)
    assert commands(copy.scons()) == []
    _as_clean(copy)


def test_a_moved_tree_and_another_one_in_its_place(tree) -> None:
    """A build at the new place does not read what is at the old place."""
    tree.scons()
    moved = Project(tree.root.parent / "moved")
    tree.root.rename(moved.root)
    shutil.copytree(moved.root, tree.root)
    assert commands(moved.scons()) == []
    _archive(moved, 1000)
    assert any(" -o p " in line for line in commands(moved.scons()))
    _archive(tree, 55)
    moved.scons()
    assert moved.up_to_date()
    _as_clean(moved)


def test_where_the_folder_cannot_be_mapped_all_is_made_again(tree) -> None:
    tree.scons()
    for name in ("a=b", "c=d"):
        copy = Project(tree.root.parent / name)
        shutil.copytree(tree.root, copy.root, copy_function=shutil.copy2)
        assert commands(copy.scons())
        assert copy.up_to_date()
        _as_clean(copy)


@pytest.mark.parametrize("target", ["/workspace", "."])
def test_a_map_of_the_user_counts(tree, target: str) -> None:
    copy = Project(tree.root.parent / "copy")
    for project in (tree, copy):
        mapping = {"BUILD_PATH_PREFIX_MAP": f"/nowhere=/some:{target}={project.root}"}
        if project is copy:
            shutil.copytree(tree.root, copy.root, copy_function=shutil.copy2)
            assert commands(project.scons(env=mapping)) == []
        project.scons(env=mapping)
        assert folder_in_cmt(project.path("lib/words.objs/Words__A.cmt")) == target
    assert commands(copy.scons(env={"BUILD_PATH_PREFIX_MAP": f"/other={copy.root}"}))


def test_a_map_of_other_folders_does_not_make_bytes_the_same(tree) -> None:
    mapping = {"BUILD_PATH_PREFIX_MAP": "/x=/y"}
    tree.scons(env=mapping)
    copy = Project(tree.root.parent / "copy")
    shutil.copytree(tree.root, copy.root, copy_function=shutil.copy2)
    assert commands(copy.scons(env=mapping))
    assert folder_in_cmt(copy.path("lib/words.objs/Words__A.cmt")) == str(copy.root)


def test_bytecode_with_c_in_it_is_linked_again(tree) -> None:
    flags = '["-g", "-custom", "-ccopt", "-Lc", "-cclib", "-lfoo"]'
    line = f'env.OCamlProgram("r", "p.ml", OCAMLLIBS=[library], OCAMLENGINES=["byte"], OCAMLLINKFLAGS={flags})\n'
    tree.write("SConstruct", TOOL + line)
    tree.scons()
    copy = Project(tree.root.parent / "copy")
    shutil.copytree(tree.root, copy.root, copy_function=shutil.copy2)
    found = commands(copy.scons())
    assert len(found) == 1 and " -o r " in found[0]


def test_packages(tmp_path) -> None:
    one = Project(tmp_path / "one")
    one.write("package.json", json.dumps({"name": "x", "dependencies": {"dep": "*"}}))
    one.write("node_modules/dep/package.json", json.dumps({"name": "dep", "rebel": {}}))
    one.write("node_modules/dep/src/a.ml", "let v () = failwith __FILE__\n")
    one.write("src/Index.ml", "let () = Dep.A.v ()\n")
    build = ("python3", "-m", "rebel_tools", "build")
    one.run(*build)
    for name, copied in (("copied", True), ("moved", False)):
        other = Project(tmp_path / name)
        if copied:
            subprocess.run(["cp", "-a", one.root, other.root], check=True)
        else:
            one.root.rename(other.root)
        assert "ocamlopt" not in other.run(*build).text
        found = _made(other)
        assert not any(os.fsencode(one.root) in data for data in found.values())
        other.run(*build, "-c")
        other.run(*build, "-j4")
        assert _made(other) == found


def test_through_a_link_it_is_the_same(tree) -> None:
    """The assembler gets the folder from $PWD, which a shell sets."""
    tree.scons()
    (tree.root.parent / "link").symlink_to(tree.root)
    found = _made(tree)
    tree.scons("-c")
    tree.run("sh", "-c", "cd ../link && exec scons -j4 >&2")
    assert _made(tree) == found


def test_debuggers_find_sources(tree) -> None:
    if not shutil.which("gdb"):
        pytest.skip("needs gdb")
    tree.scons()
    assert "external answer" in tree.run("gdb", "-batch", "-ex", "list p.ml:1", "./p").out
