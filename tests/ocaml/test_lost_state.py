"""Files that an earlier build left behind are not trusted, even without a record of who made them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from tool_project import commands, outputs, sconstruct
from user_project import unquoted

STATE = ".rebel-tools.json"


def lose(project, state: str, how: str) -> None:
    path = project.path(state)
    data = path.read_bytes()
    if how == "lost":
        path.unlink()
    elif how == "damaged":
        path.write_bytes(data[: len(data) // 2] + b"?" + data[len(data) // 2 + 1 :])
    elif how == "cut off":
        path.write_bytes(data[:-1])
    else:
        path.write_bytes(data.replace(b"rebel-tools ", b"rebel-tools 0.0.", 1))


LOSSES = ["lost", "damaged", "cut off", "of another version"]
PLACES = {
    "beside the sources": "env.OCamlObject(Glob('src/*.ml') + Glob('src/*.mli'))",
    "OCAMLOBJDIR": "env.OCamlObject(Glob('src/*.ml*'), OCAMLOBJDIR='made/here', OCAMLENGINES='byte native')",
    "a folder of its own": "env.OCamlLibrary('lib', Glob('src/*.ml') + Glob('src/*.mli'))",
    "a variant folder": "VariantDir('variant', 'src')\n"
    "env.OCamlObject(['variant/' + f.name for f in Glob('src/*.ml*')])",
}


@pytest.mark.parametrize("how", LOSSES)
@pytest.mark.parametrize("place", PLACES)
def test_a_module_is_removed_when_the_state_is(project, place, how):
    files = {"src/gone.ml": "let v = 1\n", "src/gone.mli": "val v : int\n", "src/user.ml": "let w = Gone.v\n"}
    sconstruct(project, PLACES[place], files)
    project.scons()
    lose(project, STATE, how)
    for name in ("gone.ml", "gone.mli"):
        project.path(f"src/{name}").unlink()
    assert "Unbound module Gone" in unquoted(project.scons(rc=2).err)
    project.write("src/user.ml", "let w = 2\n")
    project.scons()
    assert commands(project.scons()) == []
    incremental = outputs(project)
    remove_outputs(project, ["SConstruct", "src"])
    for path in project.path("src").glob("*.[!m]*"):
        path.unlink()
    project.scons()
    copies = {"variant/gone.ml", "variant/gone.mli"}  # of sources, which SCons does not remove
    assert outputs(project) == {name: data for name, data in incremental.items() if name not in copies}


@pytest.mark.parametrize("how", LOSSES)
def test_a_module_of_a_package_is_removed_when_the_state_is(project, how):
    project.write("package.json", '{"name": "app", "dependencies": {"bar": "*"}, "rebel": {}}')
    project.write("node_modules/bar/package.json", '{"name": "bar", "rebel": {}}')
    project.write("node_modules/bar/src/gone.ml", "let v = 1\n")
    project.write("node_modules/bar/src/text.ml", "let w = Gone.v\n")
    project.write("src/index.ml", "let () = print_int Bar.Text.w\n")
    project.write("src/own.ml", "let v = 1\n")
    rebel(project, "build")
    lose(project, f"_build/default/{STATE}", how)
    project.path("node_modules/bar/src/gone.ml").unlink()
    project.path("src/own.ml").unlink()
    assert "Unbound module Gone" in unquoted(rebel(project, "build", rc=2).text)
    project.write("node_modules/bar/src/text.ml", "let w = 2\n")
    rebel(project, "build")
    assert not project.path("_build/default/src/App__Own.cmi").exists()
    incremental = compiled(project)
    shutil.rmtree(project.path("_build"))
    rebel(project, "build")
    assert compiled(project) == incremental


def test_a_package_is_removed_when_the_state_is(project):
    project.write("package.json", '{"name": "app", "dependencies": {"bar": "*"}, "rebel": {}}')
    project.write("node_modules/bar/package.json", '{"name": "bar", "rebel": {}}')
    project.write("node_modules/bar/src/text.ml", "let w = 1\n")
    project.write("node_modules/bar/src/list.ml", "let length l = List.length l\n")
    project.write("src/index.ml", "let () = print_int 1\n")
    rebel(project, "build")
    project.path(f"_build/default/{STATE}").unlink()
    project.write("package.json", '{"name": "app", "rebel": {}}')
    rebel(project, "build")
    assert not any(name.startswith("bar/") for name in compiled(project))


def test_a_program_is_removed_when_the_state_is(project):
    """Another engine had made it."""
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/index.ml", "let () = print_int 1\n")
    rebel(project, "build")
    project.write("_build/default/src/app.bc", "old")
    project.path(f"_build/default/{STATE}").unlink()
    rebel(project, "build")
    assert "src/app.out" in compiled(project) and "src/app.bc" not in compiled(project)


def test_a_state_that_is_older_than_the_outputs(project):
    """A cache of a whole tree may restore one without the other."""
    sconstruct(project, "env.OCamlObject(Glob('*.ml'), OCAMLOBJDIR='obj')", {"user.ml": "let w = 1\n"})
    project.scons()
    before = project.path(STATE).read_bytes()
    project.write("gone.ml", "let v = 1\n")
    project.write("user.ml", "let w = Gone.v\n")
    project.scons()
    project.path("gone.ml").unlink()
    project.path(STATE).write_bytes(before)
    assert "Unbound module Gone" in unquoted(project.scons(rc=2).err)


def test_an_implementation_is_removed_when_the_state_is(project):
    """Otherwise, other units would use its code from yesterday's .cmx."""
    files = {"a.ml": "let v = 1\n", "a.mli": "val v : int\n", "b.ml": "let w = A.v\n"}
    sconstruct(project, "env.OCamlObject(Glob('*.ml*'), OCAMLOBJDIR='obj')", files)
    project.scons()
    project.path("a.ml").unlink()
    project.path(STATE).unlink()
    project.scons()
    assert not list(project.path("obj").glob("a.[co]*x")) and project.path("obj/a.cmi").exists()


def test_what_others_have_compiled_stays(project):
    """By hand, by a builder of the SConstruct, by another SConstruct, or for another place."""
    sconstruct(
        project,
        """
        env.Command("obj/ruled.cmi", "ruled.mli", "ocamlc -bin-annot -c -o $TARGET $SOURCE")
        env.OCamlObject("user.ml", OCAMLOBJDIR="obj")
        """,
        {"user.ml": "let w = Hand.v + Ruled.v\n", "ruled.mli": "val v : int\n", "hand.mli": "val v : int\n"},
    )
    project.path("obj").mkdir()
    hand = ["ocamlfind", "ocamlc", "-bin-annot", "-c", "../hand.mli", "-o", "hand.cmi"]
    subprocess.run(hand, cwd=project.path("obj"), check=True)
    project.path("plain.o").write_bytes(b"of C")
    shutil.copy(project.path("obj/hand.cmi"), project.path("obj/plain.cmi"))
    project.scons("obj/ruled.cmi")
    project.scons()
    project.path(STATE).unlink()
    project.scons()
    kept = ("obj/ruled.cmi", "obj/hand.cmi", "obj/hand.cmti", "obj/plain.cmi", "plain.o")
    assert all(project.path(path).exists() for path in kept)


def test_annotations_that_are_no_files(project):
    """A FIFO does not block, and a file that is not a .cmt is ignored."""
    sconstruct(project, "env.OCamlObject('user.ml', OCAMLOBJDIR='obj')", {"user.ml": "let w = 1\n"})
    project.path("obj").mkdir()
    os.mkfifo(project.path("obj/fifo.cmt"))
    project.path("obj/text.cmt").write_text("Compilation flags: -o obj/text.cmi \n")
    project.path("obj/fifo.cmi").write_text("")
    project.path("obj/text.cmi").write_text("")
    project.path("obj/loop.cmti").symlink_to("loop.cmti")
    project.scons()
    assert project.path("obj/fifo.cmi").exists() and project.path("obj/text.cmi").exists()


def test_nothing_is_removed_where_nothing_is_built(project):
    sconstruct(project, "env.OCamlObject(Glob('*.ml'))", {"gone.ml": "let v = 1\n", "user.ml": "let w = 1\n"})
    project.scons()
    project.path(STATE).unlink()
    project.path("gone.ml").unlink()
    project.scons("-n")
    assert project.path("gone.cmi").exists()
    project.scons("-c")
    assert not project.path("gone.cmi").exists()


def rebel(project, *words: str, **kw):
    return project.run(sys.executable, "-m", "rebel_tools", *words, **kw)


def remove_outputs(project, sources: list[str]) -> None:
    """Everything except the sources: for a clean build in the same place, because annotations contain its path."""
    for path in project.root.iterdir():
        if path.is_dir() and path.name not in sources:
            shutil.rmtree(path)
        elif path.name not in sources:
            path.unlink()


def compiled(project) -> dict:
    files = project.snapshot("_build/default")
    return {name: data for name, data in files.items() if ".rebel-tools" not in name}
