"""A build without an output folder starts from the outcome of an earlier build, in whatever tree that was."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from cmt_file import folder_in_cmt

from rebel_tools import tools
from rebel_tools.cache.pack import Pack, packed, unpacked

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

ALL = "Built _build/default/src/app.out (all from the cache)\n"
NOTHING = "_build/default/src/app.out is up to date\n"
WARNS = "let one = let unused = 2 in Text.Words.count\n"


def as_clean(tree) -> None:
    """Everything is as after a clean build without a cache, and scons itself has nothing to do."""
    found = tree.made()
    assert tree.rebel("build", "-q", rc=None).rc == 0
    assert "is up to date" in tree.rebel().out and tree.made() == found
    shutil.rmtree(tree.path("_build"))
    tree.rebel("build", "-j4", env={"REBEL_CACHE": "0"})
    assert tree.made() == found


def test_without_scons_all_is_there_again(tree) -> None:
    tree.write("src/count.ml", WARNS)
    warned = tree.rebel().err
    shutil.rmtree(tree.path("_build"))
    again = tree.rebel("build", "--explain")
    assert again.out.startswith(ALL.partition(" (")[0]) and "running scons" not in again.err and warned in again.err
    assert tree.rebel("build", "--explain").err == warned
    as_clean(tree)


def test_a_clone(tree) -> None:
    tree.rebel()
    clone = tree.clone("a place of its own/two")
    assert clone.rebel().out == ALL
    assert clone.rebel("build", "--explain").err == ""
    as_clean(clone)
    assert tree.rebel().out == NOTHING


def _edit(name: str, text: str):
    return lambda tree: tree.write(name, text)


TARGET = {"target": "default", "engine": "native", "entry": "src/index.ml", "unstable_flags": {"compile": "-w -a"}}

EDITS = {
    "source": _edit("src/count.ml", "let one = Text.Words.count + 1\n"),
    "interface": _edit("node_modules/text/src/words.mli", "val count : int\nval loud : Base.t -> string\n"),
    "new": _edit("src/string.ml", "let own = 1\n"),
    "flags": _edit(
        "package.json", json.dumps({"name": "app", "dependencies": {"text": "*"}, "rebel": {"targets": [TARGET]}})
    ),
    "version": _edit("node_modules/text/package.json", json.dumps({"name": "text", "version": "2.0.0", "rebel": {}})),
    "shadow": _edit("node_modules/text/node_modules/x/package.json", json.dumps({"name": "x", "rebel": {}})),
}


@pytest.mark.parametrize("edit", EDITS)
def test_after_an_edit_it_is_an_incremental_build(tree, edit: str) -> None:
    tree.rebel()
    for each in (tree, tree.clone("two")):
        EDITS[edit](each)
        shutil.rmtree(each.path("_build"), ignore_errors=True)
        each.rebel("build", "-j2", rc=None)
        as_clean(each)


def test_a_module_that_is_gone(tree) -> None:
    tree.write("src/list.ml", "let length _ = 7\n")
    tree.write("src/count.ml", "let one = List.length [1]\n")
    tree.rebel()
    shutil.rmtree(tree.path("_build"))
    tree.path("src/list.ml").unlink()
    tree.rebel()
    assert tree.run("_build/default/src/app.out").out == "hi!1"
    as_clean(tree)


def test_where_the_folder_matters_it_is_not_that_of_another_tree(tree) -> None:
    tree.rebel()
    clone = tree.clone("a=b")
    assert len([each for each in clone.ran(clone.rebel()) if each.startswith(("ocamlopt", "link"))]) == 8
    as_clean(clone)
    mapped = tree.clone("mapped")
    mapped.rebel(env={"BUILD_PATH_PREFIX_MAP": "/x=/y"})
    assert folder_in_cmt(mapped.path("_build/default/src/Default_Tar__Count.cmt")) == str(mapped.root)


def test_what_is_missing_or_damaged_is_made(tree) -> None:
    tree.rebel()
    first = tree.made()
    kept = tree.kept()
    kept[0].unlink()
    kept[1].write_bytes(kept[1].read_bytes()[:-1])
    shutil.rmtree(tree.path("_build"))
    assert "all from" not in tree.rebel().out
    assert tree.made() == first and tree.kept() == kept
    (seed,) = (path for path in (tree.cache / "seeds").rglob("*") if path.is_file())
    seed.write_bytes(seed.read_bytes()[:-1])
    shutil.rmtree(tree.path("_build"))
    assert "(11 steps from the cache)" in tree.rebel().out
    as_clean(tree)


def test_nothing_is_written_outside_of_the_folder(tree) -> None:
    """A result that claims to be another file, with the right digest."""
    tree.rebel()
    for path in tree.kept():
        pack = unpacked(path.read_bytes())
        about = json.loads(json.dumps(pack.about).replace("_build/default/src/app.out", "_build/../../stolen"))
        path.write_bytes(packed(Pack(about, pack.pieces)))
    shutil.rmtree(tree.path("_build"))
    tree.rebel()
    assert not (tree.root.parent / "stolen").exists()
    assert tree.run("_build/default/src/app.out").out == "hi!1"


def test_bytecode_and_several_targets(tree) -> None:
    manifest = json.loads(tree.sources["package.json"])
    manifest["rebel"]["targets"] = [
        {"target": name, "engine": engine, "entry": "src/index.ml"}
        for name, engine in (("default", "native"), ("b", "byte"), ("c", "native"))
    ]
    tree.write("package.json", json.dumps(manifest))
    tree.rebel("build", "default", "b", "c")
    shutil.rmtree(tree.path("_build"))
    for each in (tree, tree.clone("two")):
        each.rebel("build", "-j4", "default", "b", "c")
        found = each.made()
        shutil.rmtree(each.path("_build"))
        each.rebel("build", "default", "b", "c", env={"REBEL_CACHE": "0"})
        assert each.made() == found


def test_a_folder_that_cannot_be_written(tree) -> None:
    tree.rebel()
    shutil.rmtree(tree.path("_build"))
    tree.path("_build").write_text("mine")
    assert "Traceback" not in tree.rebel(rc=2).text
    assert tree.path("_build").read_text() == "mine"


def test_rules_of_packages_run(tree) -> None:
    tree.write("src/lex.mll", "{ }\nrule token = parse _ { 5 }\n")
    tree.write("src/count.ml", 'let one = Lex.token (Lexing.from_string "x")\n')
    tree.rebel()
    shutil.rmtree(tree.path("_build"))
    assert "all from" not in tree.run(sys.executable, "-m", "rebel_tools", "build").out
    assert tree.run("_build/default/src/app.out").out == "hi!5"
