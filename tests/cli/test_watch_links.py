"""`rebel watch` notices changes wherever links lead, and however a file is saved."""

from __future__ import annotations

import os
import shutil
import time

import pytest
from test_watch import SCONSTRUCT, Watcher, ocaml, project, watch, write  # noqa: F401 (fixtures)

from rebel_tools.watch.folders import Folders, Links
from rebel_tools.watch.loop import REPEATS

GREETING = 'let text = "{}"\n'


@pytest.fixture
def outside(project):  # noqa: F811
    folder = project.root.with_name("outside")
    folder.mkdir()
    return folder


def in_place(path, text):
    path.write_text(text)


def by_rename(path, text):
    new = path.with_name("new file")
    new.write_text(text)
    new.replace(path)


def with_backup(path, text):
    path.rename(path.with_name(f"{path.name}.bak"))
    path.write_text(text)


def removed_first(path, text):
    path.unlink()
    path.write_text(text)


def by_copy_of_times(path, text):
    """Save like tar, rsync and cp -p: a different file with the size and the time of the old one."""
    status = path.stat()
    by_rename(path, text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


SAVES = [in_place, by_rename, with_backup, removed_first, by_copy_of_times]


@pytest.mark.parametrize("save", SAVES)
def test_a_source_behind_two_links(project, watch, outside, save):  # noqa: F811
    """Even if the link in the middle is changed, or its target only appears later."""
    ocaml(project)
    file = project.path("src/greeting.ml")
    file.unlink()
    write(outside / "deep" / "real.ml", GREETING.format("one"))
    (outside / "middle.ml").symlink_to("deep/real.ml")
    file.symlink_to("../../outside/middle.ml")
    watcher = watch()
    watcher.prints("one")
    for text in ("two", "six"):
        save(outside / "deep" / "real.ml", GREETING.format(text))
        watcher.prints(text)
    (outside / "next").symlink_to("not/yet.ml")
    (outside / "next").replace(outside / "middle.ml")
    watcher.says("failed; waiting for changes")
    write(outside / "not" / "yet.ml", GREETING.format("now"))
    watcher.prints("now")
    save(outside / "not" / "yet.ml", GREETING.format("end"))
    watcher.prints("end")


@pytest.mark.parametrize("save", SAVES)
def test_a_folder_behind_a_link(project, watch, outside, save):  # noqa: F811
    ocaml(project, value="Words.greeting")
    write(outside / "lib" / "v1" / "words.ml", 'let greeting = "one"\n')
    project.path("src/lib").symlink_to(outside / "lib" / "v1")
    watcher = watch()
    watcher.prints("one")
    save(outside / "lib" / "v1" / "words.ml", 'let greeting = "two"\n')
    watcher.prints("two")
    write(outside / "lib" / "v1" / "more.ml", 'let greeting = "more"\n')
    save(outside / "lib" / "v1" / "words.ml", "let greeting = More.greeting\n")
    watcher.prints("more")

    shutil.copytree(outside / "lib" / "v1", outside / "copy")
    write(outside / "copy" / "more.ml", 'let greeting = "a copy"\n')
    (outside / "lib" / "v1").rename(outside / "old")
    (outside / "copy").rename(outside / "lib" / "v1")
    watcher.prints("a copy")
    save(outside / "lib" / "v1" / "more.ml", 'let greeting = "of it"\n')
    watcher.prints("of it")

    shutil.copytree(outside / "lib", outside / "whole")
    write(outside / "whole" / "v1" / "more.ml", 'let greeting = "higher"\n')
    (outside / "lib").rename(outside / "old lib")
    (outside / "whole").rename(outside / "lib")
    watcher.prints("higher")

    write(outside / "lib" / "v2" / "words.ml", 'let greeting = "v2"\n')
    (outside / "link").symlink_to(outside / "lib" / "v2")
    (outside / "link").replace(project.path("src/lib"))
    watcher.prints("v2")
    save(outside / "lib" / "v2" / "words.ml", 'let greeting = "v3"\n')
    watcher.prints("v3")


@pytest.mark.parametrize("save", SAVES)
def test_package_json_behind_a_link(project, watch, outside, save):  # noqa: F811
    ocaml(project, value="Bar.Text.it")
    package = project.path("package.json")
    shutil.move(package, outside / "package.json")
    package.symlink_to(outside / "package.json")
    write(outside / "bar" / "package.json", '{"name": "bar", "rebel": {}}')
    write(outside / "bar" / "src" / "text.ml", 'let it = "bar"\n')
    project.path("node_modules").mkdir()
    project.path("node_modules/bar").symlink_to(outside / "bar")
    watcher = watch()
    assert "failed" in watcher.says("waiting for changes")
    save(outside / "package.json", '{"name": "app", "dependencies": {"bar": "*"}, "rebel": {}}')
    watcher.prints("bar")
    save(outside / "bar" / "src" / "text.ml", 'let it = "two"\n')
    watcher.prints("two")
    save(outside / "bar" / "package.json", '{"name": "bar", "rebel": 1}')
    watcher.says("failed; waiting for changes")
    save(outside / "bar" / "package.json", '{"name": "bar", "rebel": {}}')
    watcher.prints("two")
    write(outside / "other.json", '{"name": "app", "rebel": {}}')
    (outside / "link").symlink_to(outside / "other.json")
    (outside / "link").replace(package)
    watcher.says("failed; waiting for changes")


@pytest.mark.parametrize("save", SAVES)
def test_sources_of_any_tree(project, watch, outside, save):  # noqa: F811
    """A file and a folder behind links, and the SConstruct itself."""
    (outside / "in").write_text("one")
    (outside / "folder").mkdir()
    (outside / "folder" / "other").write_text("1")
    text = SCONSTRUCT + "env.Command('out', ['in', 'folder/other'], 'cat $SOURCES > $TARGET')\n"
    (outside / "SConstruct").write_text(text)
    for name in ("in", "folder", "SConstruct"):
        project.path(name).symlink_to(outside / name)
    watcher = watch()
    watcher.holds("out", "one1")
    save(outside / "in", "two")
    watcher.holds("out", "two1")
    save(outside / "folder" / "other", "2")
    watcher.holds("out", "two2")
    save(outside / "SConstruct", text.replace("cat", "cat -n"))
    watcher.holds("out", "     1\ttwo2")


@pytest.mark.parametrize("save", SAVES)
def test_a_file_that_is_saved_all_the_time(project, watch, outside, save):  # noqa: F811
    """It changes during every build, and more often than a file may change that is not read."""
    project.write("SConstruct", SCONSTRUCT + "env.Command('out', 'in', 'sleep 0.2; cat $SOURCE > $TARGET')\n")
    (outside / "in").write_text("0")
    project.path("in").symlink_to(outside / "in")
    watcher = watch()
    watcher.holds("out", "0")
    number = 0
    while watcher.text.count("building") < REPEATS + 3:
        number += 1
        save(outside / "in", str(number))
        time.sleep(0.03)
    watcher.holds("out", str(number))
    assert "in every build" not in watcher.text


def test_a_command_that_writes_what_is_read(project, watch):  # noqa: F811
    """It cannot be told from a person, so building goes on, but slowly."""
    project.write(
        "SConstruct", SCONSTRUCT + "env.AlwaysBuild(env.Command('out', 'in', 'date +%N | tee in > $TARGET'))\n"
    )
    project.write("in", "")
    watcher = watch()
    watcher.until(lambda: watcher.text.count("building") >= REPEATS, "many builds")
    before, begin = watcher.text.count("building"), time.monotonic()
    watcher.until(lambda: watcher.text.count("building") >= before + 2, "two more")
    assert time.monotonic() - begin > 1


def test_what_links_lead_to(tmp_path):
    """Loops, dangling links, and `..` behind a link, which is the parent of the folder that the link leads to."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a/b")
    (tmp_path / "up").symlink_to("link/../file")
    (tmp_path / "loop").symlink_to("loop/x")
    (tmp_path / "nowhere").symlink_to("not/there")
    links = Links()
    top = os.path.realpath(tmp_path)
    assert links.real(f"{top}/up") == f"{top}/a/file"
    assert links.real(f"{top}/link/x/y") == f"{top}/a/b/x/y"
    assert links.real(f"{top}/nowhere") == f"{top}/not/there"
    assert links.real(f"{top}/loop").startswith(f"{top}/loop")
    assert links.found == {f"{top}/{name}" for name in ("up", "link", "loop", "nowhere")}
    assert os.path.join(top, "a") in Folders(top).to_watch()
