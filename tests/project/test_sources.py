"""The key `rebel.sources`: which files of a package are its sources."""

from __future__ import annotations

import json
import time

import pytest

from rebel_tools.project import ProjectError, load_project
from rebel_tools.project.selection import Selection

# patterns: what they select / what they do not
PATTERNS = {
    "src": "src/a.ml src/b/c.ml / a.ml srcs/a.ml lib/src/a.ml",
    "src/": "src/a.ml / a.ml",
    "./src": "src/a.ml / a.ml",
    ".": "a.ml src/a.ml / _build/a.ml _opam/lib/a.ml node_modules/a/a.ml .git/a.ml x/node_modules/a.ml",
    "lib bin": "lib/a.ml bin/b.ml / test/c.ml",
    "lib !lib/test": "lib/a.ml lib/testing.ml lib/x/test/a.ml / lib/test/a.ml lib/test/x/a.ml",
    "!lib/test lib": "lib/a.ml / lib/test/a.ml",
    "lib !**/test": "lib/a.ml / lib/test/a.ml lib/x/test/a.ml",
    "lib !**/*_test.ml": "lib/a.ml / lib/a_test.ml lib/x/b_test.ml",
    "lib/*.ml": "lib/a.ml / lib/a.mli lib/x/a.ml",
    "lib/*": "lib/a.ml lib/x/a.ml / a.ml",
    "*/src": "a/src/b.ml / src/b.ml a/b/src/c.ml",
    "**/src": "a/src/b.ml src/b.ml a/b/src/c.ml / a/b.ml",
    "lib/**/a.ml": "lib/a.ml lib/x/a.ml lib/x/y/a.ml / lib/b.ml a.ml",
    "lib/**": "lib/a.ml lib/x/a.ml / a.ml",
    "main.ml": "main.ml / src/main.ml main.mli",
    "a?.ml [!b]c.ml": "ab.ml dc.ml / a.ml bc.ml",
    "!src": "/ src/a.ml a.ml",
    "": "/ a.ml",
}


@pytest.mark.parametrize("patterns, paths", PATTERNS.items(), ids=map(repr, PATTERNS))
def test_what_is_selected(patterns, paths):
    selection = Selection(patterns.split())
    inside, _, outside = paths.partition("/ ")
    for path in inside.split():
        assert selection.takes(path), path
        folders = path.split("/")[:-1]
        assert all(selection.enters("/".join(folders[:depth])) for depth in range(1, len(folders) + 1))
        assert any(folder == "." or f"{path}/".startswith(f"{folder}/") for folder in selection.folders)
    for path in outside.split():
        assert not selection.takes(path), path


def test_folders_that_need_not_be_read_are_not_entered():
    selection = Selection(["lib/*/src", "main.ml", "!lib/old"])
    assert selection.folders == ("lib", "main.ml")
    assert not any(map(selection.enters, ("doc", "lib/a/doc", "lib/old", "node_modules")))
    assert Selection(["lib", "lib/a", "libs"]).folders == ("lib", "libs")
    assert Selection(["lib", "."]).folders == (".",)


def test_hostile_patterns_take_no_time():
    started = time.process_time()
    path = "/".join(["a" * 200] * 30)
    for pattern in ("*a" * 90 + "b", "**/" * 60 + "b", "/".join(["*a*a*a*b"] * 20), "[" * 190, "[!" * 90):
        assert not Selection([pattern]).takes(path)
    assert time.process_time() - started < 2


def write(project, sources, *files, targets=(), folder=""):
    data = {"rebel": {"sources": sources, "targets": list(targets)}}
    for file in files:
        project.write(folder + file, "")
    return project.write(f"{folder}package.json", json.dumps(data, indent=1))


def sources(project):
    return [source.path for source in load_project(str(project.root)).root.sources]


def test_folders_and_exclusions(project):
    write(project, ["lib", "main.ml", "!lib/test"], "lib/a.ml", "lib/test/b.ml", "main.ml", "other.ml", "src/c.ml")
    assert sources(project) == ["lib/a.ml", "main.ml"]
    write(project, ["."], "_build/default/x.ml", "node_modules/y/z.ml")
    assert sources(project) == ["lib/a.ml", "lib/test/b.ml", "main.ml", "other.ml", "src/c.ml"]


def test_what_is_excluded_is_not_even_looked_at(project):
    write(project, ["lib", "!lib/old", "!lib/*.bad.ml"], "lib/a.ml", "lib/old/not-a-module.ml", "lib/x.bad.ml")
    project.path("lib/old/loop").symlink_to(".")
    assert sources(project) == ["lib/a.ml"]
    consulted = load_project(str(project.root)).consulted
    assert str(project.path("lib")) in consulted and str(project.path("lib/old")) not in consulted


def test_the_default_entry_is_in_the_first_folder_that_has_one(project):
    write(project, ["lib", "bin"], "lib/a.ml", "bin/index.ml", targets=[{}])
    assert load_project(str(project.root)).targets[0].entry == "bin/index.ml"
    project.path("bin/index.ml").unlink()
    with pytest.raises(ProjectError, match=r"there is neither bin/Index.re nor bin/Index.ml"):
        load_project(str(project.root))


def test_a_pattern_that_selects_nothing_is_a_warning(project):
    path = write(project, ["lib", "lb", "!test"], "lib/a.ml")
    assert load_project(str(project.root)).warnings == (f'{path}:5:4: "lb" selects no source',)


@pytest.mark.parametrize("pattern", ["/etc", "../x", "a/../../x", "a/..", "..", "!..", "a\nb", "a\\b", "", "!!a", 5])
def test_patterns_that_leave_the_package(project, pattern):
    path = write(project, ["lib", pattern], "lib/a.ml")
    with pytest.raises(ProjectError) as raised:
        load_project(str(project.root))
    assert str(raised.value).startswith(f"{path}:5:4: ")


def test_a_link_that_may_lead_to_a_folder_another_time_is_consulted(project):
    """It has no source's name, so that it is nothing until there is a folder behind it."""
    project.write("package.json", '{"rebel": {"targets": []}}')
    project.write("src/a.ml", "")
    project.path("src/later").symlink_to("../elsewhere")
    consulted: set[str] = set()
    loaded = load_project(str(project.root), consulted)
    assert [source.path for source in loaded.root.sources] == ["src/a.ml"]
    assert str(project.path("src/later")) in consulted
