"""Builds of packages use earlier results, from any tree: the bytes are the same, or the step runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from user_project import ROOT

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")


@pytest.fixture
def tree(tree):
    """A tree in which each step is looked up."""
    tree.steps_only = True
    return tree


ALL = "(11 steps from the cache)"


def test_after_clean_nothing_runs_and_all_is_the_same(tree) -> None:
    assert "from the cache" not in tree.rebel("build", "-j4").out
    first = tree.made()
    tree.rebel("clean")
    assert not tree.path("_build").exists()
    again = tree.rebel("build", "-j8")
    assert tree.ran(again) == [] and ALL in again.out
    assert tree.made() == first
    assert tree.run("_build/default/src/app.out").out == "hi!1"
    assert "up to date" in tree.rebel().out and tree.made() == first


def test_a_clone_in_another_folder(tree) -> None:
    tree.rebel()
    clone = tree.clone("a much longer name")
    assert ALL in clone.rebel().out
    found = clone.made()
    clone.rebel("clean")
    clone.rebel(env={"REBEL_CACHE": "0"})
    assert clone.made() == found


@pytest.mark.skipif(not shutil.which("menhir"), reason="needs menhir")
def test_a_grammar_waits_for_what_its_modules_read(tree) -> None:
    """One of them is made by a rule, so that what it reads is only known when it is there."""
    rule = {"command": ["cat", "b.txt"], "sources": ["b.txt"], "stdout": "src/b.ml"}
    tree.write("package.json", json.dumps({"name": "app", "rebel": {"rules": [rule]}}))
    tree.path("src/count.ml").unlink()
    tree.write("b.txt", "let g x = C.h x\n")
    tree.write("src/c.ml", "let h x = x\n")
    tree.write("src/p.mly", "%token END\n%start <int> main\n%%\nmain: END { B.g 1 }\n")
    tree.write("src/index.ml", "let () = ignore P.main\n")
    tree.rebel()
    tree.rebel("clean")
    file = tree.rebel("sconstruct").out.strip()
    assert "ocamlc -i src/p.mly" in tree.scons("-f", file).out
    assert tree.ran(tree.scons("-f", file)) == []


def test_plain_scons_and_a_tree_with_its_own_folder(tree) -> None:
    tree.rebel()
    tree.rebel("clean")
    with open(tree.path("SConstruct"), "w") as file:
        file.write(subprocess.check_output([sys.executable, "-m", "rebel_tools", "sconstruct"], text=True, cwd=ROOT))
    shutil.copy(tree.path("SConstruct").read_text().strip(), tree.path("SConstruct"))
    assert tree.ran(tree.scons()) == []
    assert tree.run("_build/default/src/app.out").out == "hi!1"
    assert tree.up_to_date()


def test_what_was_not_consulted_does_not_count(tree) -> None:
    """An edit deep down, in a clone: modules above it that did not consult the change are taken from the cache."""
    tree.rebel()
    clone = tree.clone("two")
    clone.write("node_modules/text/src/words.ml", "let loud w = Base.(w.name ^ mark)\nlet count = 2\n")
    assert clone.ran(clone.rebel("build", "-j1")) == [
        "ocamlopt node_modules/text/src/words.ml",
        "archive _build/default/text/Text.cmxa",
        "link _build/default/src/app.out",
    ]
    clone.write("node_modules/text/src/base.ml", "type t = { name : string }\nlet make name = { name }\n")
    assert "[" in clone.rebel("build", "-j1", rc=2).out  # `mark` does not exist any more
    clone.write("node_modules/text/src/base.ml", tree.sources["node_modules/text/src/base.ml"])
    clone.write("node_modules/text/src/words.ml", tree.sources["node_modules/text/src/words.ml"])
    assert clone.ran(clone.rebel()) == []
    assert clone.made() == tree.made()


def test_a_new_module_that_hides_another_one(tree) -> None:
    """The source is the same, but a name in it has a different meaning."""
    tree.write("src/index.ml", 'let () = print_string (String.concat "-" ["a"; "b"])\n')
    tree.rebel()
    tree.write("src/string.ml", 'let concat _ _ = "own"\n')
    tree.rebel()
    assert tree.run("_build/default/src/app.out").out == "own"
    tree.path("src/string.ml").unlink()
    assert tree.ran(tree.rebel()) == []
    assert tree.run("_build/default/src/app.out").out == "a-b"


def test_other_flags_and_profiles_are_other_results(tree) -> None:
    tree.rebel()
    tree.rebel("clean")
    assert "from the cache" not in tree.rebel("build", "--release").out
    manifest = json.loads(tree.sources["package.json"])
    manifest["rebel"]["targets"] = [
        {"target": "default", "engine": "native", "entry": "src/index.ml", "unstable_flags": {"compile": "-inline 9"}}
    ]
    tree.write("package.json", json.dumps(manifest))
    assert len([each for each in tree.ran(tree.rebel()) if each.startswith("ocamlopt")]) > 4


def test_warnings_are_said_again_and_errors_are_not_kept(tree) -> None:
    tree.write("src/count.ml", "let one = let unused = 2 in Text.Words.count\n")
    first = tree.rebel()
    assert "unused variable" in first.err
    tree.rebel("clean")
    again = tree.rebel()
    assert "from the cache, 1 warning)" in again.out and again.err == first.err
    tree.rebel("clean")
    script = tree.rebel("sconstruct").out.strip()
    assert "unused variable" in tree.scons("-f", script).err
    tree.write("src/count.ml", 'let one = "no number"\n')
    errors = [tree.rebel(rc=2).err, tree.rebel(rc=2).err]
    assert "src/index.ml" in errors[0] and errors[0] == errors[1]


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "other", "folder"])
def test_a_damaged_result_is_found_and_made_anew(tree, how: str) -> None:
    tree.rebel()
    first, kept = tree.made(), tree.kept()
    for path in kept:
        data = path.read_bytes()
        path.unlink()
        if how == "folder":
            path.mkdir()
        else:
            middle = len(data) // 2
            flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
            path.write_bytes({"flip": flipped, "cut": data[:-1], "empty": b"", "other": b"{}"}[how])
    tree.rebel("clean")
    again = tree.rebel()
    assert "from the cache" not in again.out and tree.made() == first
    if how != "folder":
        assert tree.kept() == kept
        tree.rebel("clean")
        assert ALL in tree.rebel().out
    assert tree.made() == first


def test_a_result_in_the_place_of_another_one_is_refused(tree) -> None:
    """Its digest is right, but its contents are not those of the requested result."""
    tree.rebel()
    first, kept = tree.made(), tree.kept()
    texts = [path.read_bytes() for path in kept]
    for path, text in zip(kept, [*texts[1:], texts[0]]):
        path.write_bytes(text)
    tree.rebel("clean")
    assert "from the cache" not in tree.rebel().out
    assert tree.made() == first


def test_a_cache_that_cannot_be_used_is_no_error(tree, tmp_path) -> None:
    tree.cache.write_text("a file")
    tree.rebel()
    first = tree.made()
    tree.cache.unlink()
    tree.cache.mkdir(mode=0o777)
    os.chmod(tree.cache, 0o777)  # anybody could have written to the folder
    tree.rebel("clean")
    tree.rebel()
    assert list(tree.cache.iterdir()) == [] and tree.made() == first
    os.chmod(tree.cache, 0o700)
    tree.path("_build/default/src/app.out").unlink()
    tree.write("src/count.ml", "let one = 7\n")
    tree.rebel()
    assert {path.stat().st_mode & 0o777 for path in tree.kept()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in tree.cache.rglob("*") if path.is_dir()} == {0o700}


def test_a_folder_that_cannot_be_made(tree) -> None:
    tree.rebel(env={"REBEL_CACHE": "/dev/null/cache"})
    assert tree.run("_build/default/src/app.out").out == "hi!1"


def test_it_can_be_turned_off(tree) -> None:
    tree.rebel(env={"REBEL_CACHE": "0", "XDG_CACHE_HOME": str(tree.cache)})
    tree.rebel("clean")
    tree.rebel("build", "--no-cache")
    assert not tree.cache.exists()
    tree.rebel("clean")
    tree.rebel("build", env={"REBEL_CACHE": "1", "XDG_CACHE_HOME": str(tree.cache)})
    assert (tree.cache / "rebel-tools" / "shared" / "results").is_dir()


def test_options_that_build_nothing_bring_nothing_back(tree) -> None:
    tree.rebel()
    tree.rebel("clean")
    for option in ("-n", "-q"):
        tree.rebel("build", option, rc=None)
        assert not tree.path("_build").exists()
    assert "[1/" in tree.rebel("build", "-n").out
    tree.rebel()
    tree.rebel("clean")
    assert sorted(tree.snapshot(ignore=(".sconsign.dblite",))) == sorted(tree.sources)


def test_a_cache_dir_of_the_sconstruct_is_used_alone(tree) -> None:
    tree.write(
        "SConstruct",
        "import rebel_tools\nDefaultEnvironment(tools=[])\nCacheDir('own')\n"
        "env = Environment(tools=['rebel'], toolpath=[rebel_tools.TOOLPATH])\nenv.Rebel()\n",
    )
    tree.scons()
    tree.scons("-c")
    assert "Retrieved" in tree.scons().out and not tree.cache.exists()


def test_preprocessors_and_commands_of_the_user_are_not_kept(tree) -> None:
    """The files that they read are not known."""
    tree.write("pp.sh", "#!/bin/sh\ncat extra.txt $1\n")
    os.chmod(tree.path("pp.sh"), 0o755)
    tree.write("extra.txt", "let extra = 1\n")
    manifest = json.loads(tree.sources["package.json"])
    manifest["rebel"]["unstable_flags"] = {}
    manifest["rebel"]["targets"] = [
        {"target": "default", "engine": "native", "entry": "src/index.ml", "unstable_flags": {"compile": "-pp ./pp.sh"}}
    ]
    tree.write("package.json", json.dumps(manifest))
    tree.rebel(rc=None)
    assert tree.kept() == []


def test_a_source_that_is_saved_while_it_is_compiled(tree) -> None:
    """The key was computed from the old contents, so the outputs belong to no key."""
    tree.write(
        "SConstruct",
        "import os, shutil, rebel_tools\nDefaultEnvironment(tools=[])\n"
        "env = Environment(tools=['rebel'], toolpath=[rebel_tools.TOOLPATH])\n"
        "def say(text, targets, sources, env):\n"
        "    if 'count' in text and os.path.exists('new.ml'):\n"
        "        os.replace('new.ml', 'src/count.ml')\n"
        "env['PRINT_CMD_LINE_FUNC'] = say\nenv.Rebel()\n",
    )
    old = tree.sources["src/count.ml"]
    tree.write("new.ml", "let one = 5\n")
    tree.scons("-j1")
    tree.write("src/count.ml", old)
    tree.scons("-c")
    tree.scons()
    assert tree.run("_build/default/src/app.out").out == "hi!1"


def test_two_builds_at_once_and_an_old_state(tree) -> None:
    clones = [tree.clone(f"clone{n}") for n in range(3)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "REBEL_CACHE": str(tree.cache)}
    command = [sys.executable, "-m", "rebel_tools", "build", "-j2"]
    running = [subprocess.Popen(command, cwd=clone.root, env=environ, stdout=subprocess.DEVNULL) for clone in clones]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert clones[0].made() == clones[1].made() == clones[2].made()
    assert ALL in tree.rebel().out and tree.made() == clones[0].made()


def test_it_is_explained(tree) -> None:
    first = tree.rebel("build", "--explain").out
    assert "count.cmx' is not in the cache: no such step was run before" in first.replace("Count", "count")
    tree.rebel("clean")
    assert "app.out' is taken from the cache" in tree.rebel("build", "--explain").out
    tree.write("node_modules/text/src/words.mli", "val loud : Base.t -> string\nval count : int\nval more : int\n")
    tree.write("node_modules/text/src/words.ml", "let loud w = Base.(w.name ^ mark)\nlet count = 2\nlet more = 3\n")
    again = tree.rebel("build", "--explain").out
    assert "Count.cmx' is not in the cache: the interface of `Text__Words' changed" in again


def test_the_command(tree) -> None:
    tree.rebel()
    told = json.loads(tree.rebel("cache", "size", "--json").out)
    assert told["files"] >= len(tree.kept()) == 11 and told["size"] > 10_000 and told["folder"] == str(tree.cache)
    assert "in 11 files" in tree.rebel("cache", "size").out
    tree.kept()[0].write_bytes(b"x")
    assert tree.rebel("cache", "verify").out.startswith("removed 1 damaged files")
    assert len(tree.kept()) == 10
    left = json.loads(tree.rebel("cache", "size", "--json").out)["size"]
    tree.rebel("cache", "trim", "--to", f"{left // 1024 - 4}K")
    assert 0 < len(tree.kept()) < 10
    assert "is not a size" in tree.rebel("cache", "trim", "--to", "much", rc=1).err
    tree.rebel("cache", "clear")
    assert tree.kept() == []
    tree.rebel("clean")
    tree.rebel()
    assert len(tree.kept()) == 11


def test_events(tree) -> None:
    tree.rebel()
    tree.rebel("clean")
    events = [json.loads(line) for line in tree.rebel("build", "--json").out.splitlines()]
    assert events[-1]["status"] == "built" and (events[-1]["steps"], events[-1]["cached"]) == (0, 11)
