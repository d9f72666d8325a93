""".merlin files: the user's lines are kept, nothing is written twice, and merlin's own reader agrees."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.merlin import BEGIN, END, BrokenBlock, Merlin, merge, remove_merlin, render, write_merlin

REBEL = [sys.executable, "-m", "rebel_tools"]

CONFIG = Merlin(
    sources=("/p/src", "/p/src/deep dir", "/p/src"),
    builds=("/p/_build/default/foo",),
    packages=("str", "lwt.unix", "str"),
    flags=("-open", "Foo", "-w", "+a-4", "-ppx", "'/c d/my ppx' -x"),
)


def test_text():
    assert render(CONFIG, "/p/src").splitlines() == [
        BEGIN,
        "S .",
        "S deep dir",
        "B ../_build/default/foo",
        "PKG str",
        "PKG lwt.unix",
        """FLG -open Foo -w +a-4 -ppx ''"'"'/c d/my ppx'"'"' -x'""",
        END,
    ]


def test_every_line_is_of_the_grammar():
    for line in render(CONFIG, "/p").splitlines():
        assert re.fullmatch(r"(#|S |B |PKG |FLG ).*", line)


def test_merge_keeps_the_users_lines():
    block, newer = render(CONFIG, "/p"), render(Merlin(sources=("/p/lib",)), "/p")
    first = merge("FLG -w -27\r\n# mine\n", block)
    assert first == block + "FLG -w -27\r\n# mine\n"
    above = "EXT lwt\n" + first
    assert merge(above, newer) == "EXT lwt\n" + newer + "FLG -w -27\r\n# mine\n"
    assert merge(merge(above, newer), block) == above
    assert merge("", block) == block


@pytest.mark.parametrize("text, line", [(f"a\n{BEGIN}\nS .\n", 2), (f"S .\n\n{END}\n", 3), (f"{END}\n{BEGIN}\n", 2)])
def test_damaged_marks_lose_nothing(tmp_path, text, line):
    path = tmp_path / ".merlin"
    path.write_text(text)
    with pytest.raises(BrokenBlock) as caught:
        write_merlin(str(tmp_path), CONFIG)
    assert caught.value.place.path == str(path)
    assert caught.value.place.line == line
    assert path.read_text() == text


def test_written_only_when_changed(tmp_path):
    path = tmp_path / ".merlin"
    path.write_bytes(b"FLG -w -27 \xff\r\n")
    assert write_merlin(str(tmp_path), CONFIG)
    assert path.read_bytes().endswith(b"\nFLG -w -27 \xff\r\n")
    before = path.stat().st_mtime_ns
    assert not write_merlin(str(tmp_path), CONFIG)
    assert path.stat().st_mtime_ns == before


def test_no_directive_comes_from_a_name():
    """A folder of a package with a line break in its name must not give the editor a preprocessor."""
    config = Merlin(("/p/src", "/p/src/a\nFLG -ppx evil"), ("/p/b\rPKG x",), ("str\nS /",), ("-w", "+a", "-x\nB /"))
    assert render(config, "/p").splitlines() == [BEGIN, "S src", "FLG -w +a", END]


def test_a_link_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("keep me\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / ".merlin").symlink_to(victim)
    for change in (lambda: write_merlin(str(project), CONFIG), lambda: remove_merlin(str(project))):
        with pytest.raises(RebelError, match="not a regular file"):
            change()
    assert victim.read_text() == "keep me\n" and (project / ".merlin").is_symlink()


def test_removing_leaves_the_users_lines(tmp_path):
    path = tmp_path / ".merlin"
    path.write_text("FLG -w -27\n")
    write_merlin(str(tmp_path), CONFIG)
    remove_merlin(str(tmp_path))
    assert path.read_text() == "FLG -w -27\n"
    path.unlink()
    write_merlin(str(tmp_path), CONFIG)
    remove_merlin(str(tmp_path))
    assert not path.exists()


@pytest.mark.skipif(not shutil.which("ocamlfind"), reason="needs ocamlfind")
class TestBuilds:
    """The files that a build writes for editors, and where."""

    @pytest.fixture
    def app(self, project):
        project.write("app/package.json", '{"name": "app", "dependencies": {"dep": "*", "lib": "*"}, "rebel": {}}')
        project.write("app/src/Index.ml", "let () = print_string (Dep.A.x ^ Lib.B.x)\n")
        project.write("app/node_modules/dep/package.json", '{"name": "dep", "rebel": {}}')
        project.write("app/node_modules/dep/src/a.ml", 'let x = "a"\n')
        project.write("lib/package.json", '{"name": "lib", "rebel": {}}')
        project.write("lib/src/deep/b.ml", 'let x = "b"\n')
        project.path("app/node_modules/lib").symlink_to("../../lib")
        return project

    def build(self, project, *words, **options):
        run = project.run(sys.executable, "-m", "rebel_tools", "build", *words, cwd="app", **options)
        assert project.run(project.path("app/_build/default/src/app.out")).out == "ab"
        return run

    def test_only_the_root_package_has_one(self, app):
        self.build(app)
        assert [str(path.relative_to(app.root)) for path in app.root.rglob(".merlin")] == ["app/.merlin"]
        lines = app.path("app/.merlin").read_text().splitlines()
        for line in ("S src", "S node_modules/dep/src", "S ../lib/src/deep", "B _build/default/dep"):
            assert line in lines
        app.run(sys.executable, "-m", "rebel_tools", "clean", cwd="app")
        assert not app.path("app/.merlin").exists()

    def test_nothing_of_a_dependency_is_written(self, app):
        for folder in ("app/node_modules/dep", "lib"):
            app.path(
                folder,
            ).joinpath(".merlin").symlink_to(app.path("victim"))
        app.write("victim", "keep me")
        before = app.snapshot("lib"), app.snapshot("app/node_modules")
        self.build(app)
        assert (app.snapshot("lib"), app.snapshot("app/node_modules")) == before

    @pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("elsewhere"), os.mkfifo])
    def test_what_is_no_file_stays_and_is_told(self, app, make):
        make(app.path("app/.merlin"))
        note = "rebel: note: the file for editors was not written: "
        assert f"{note}{app.path('app/.merlin')}: this is not a regular file" in self.build(app).err
        assert not app.path("app/.merlin").is_file() and not app.path("app/elsewhere").exists()

    def test_a_file_that_cannot_be_written(self, app):
        """The folder of the root package is read-only, except _build, as in a container."""
        app.path("app/_build").mkdir()
        app.path("app/.sconsign.dblite").touch()
        mounts = 'mount --bind . . && mount --bind _build _build && mount -o remount,bind,ro . && cd . && exec "$@"'
        unshare = ["unshare", "-m", "sh", "-c", mounts, "sh"]
        if app.run(*unshare, "true", cwd="app", rc=None).rc:
            pytest.skip("unshare -m cannot mount here")
        run = app.run(*unshare, "sh", "-c", 'cd "$PWD" && exec "$@"', "sh", *REBEL, "build", cwd="app", rc=None)
        assert run.rc == 0, run.text
        assert "/app/.merlin: cannot be written: Read-only file system" in run.err


def read_csexp(data: bytes):
    """The first canonical S-expression of `data`, as nested lists, and the rest."""
    if data[:1] == b"(":
        items, data = [], data[1:]
        while data[:1] != b")":
            item, data = read_csexp(data)
            items.append(item)
        return items, data[1:]
    length, _, rest = data.partition(b":")
    return rest[: int(length)].decode(), rest[int(length) :]


@pytest.mark.skipif(not shutil.which("dot-merlin-reader"), reason="dot-merlin-reader is not installed")
def test_the_real_reader(tmp_path):
    for name in ("src/deep dir", "_build/default/foo"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".merlin").write_text("FLG -w -27\n")
    config = Merlin(
        (f"{tmp_path}/src", f"{tmp_path}/src/deep dir"),
        (f"{tmp_path}/_build/default/foo",),
        ("str",),
        CONFIG.flags,
    )
    write_merlin(str(tmp_path), config)
    out = subprocess.run(["dot-merlin-reader"], cwd=tmp_path, input=b"(4:File4:a.ml)4:Halt", stdout=subprocess.PIPE)
    directives, _ = read_csexp(out.stdout)
    assert ["S", f"{tmp_path}/src/deep dir"] in directives
    assert ["B", f"{tmp_path}/_build/default/foo"] in directives
    assert ["FLG", list(CONFIG.flags)] in directives
    assert ["FLG", ["-w", "-27"]] in directives
    assert not [d for d in directives if d[0] == "ERROR"]


@pytest.mark.skipif(not shutil.which("ocamlmerlin-server"), reason="ocamlmerlin-server is not installed")
@pytest.mark.skipif(not shutil.which("dot-merlin-reader"), reason="dot-merlin-reader is not installed")
class TestMerlin:
    """The package Foo with modules A and B, and requests of an editor about it."""

    @pytest.fixture
    def ask(self, project):
        project.write("src/a.ml", "let answer = 42\n")
        project.write("_build/foo/Foo.ml", "module A = Foo__A\nmodule B = Foo__B\n")
        # Without Foo.cmt, merlin cannot go from `A.answer` to the definition.
        project.run("ocamlc", "-c", "-bin-annot", "-no-alias-deps", "-w", "-49", "_build/foo/Foo.ml")
        options = ("-bin-annot", "-I", "_build/foo", "-open", "Foo", "-o", "_build/foo/Foo__A")
        project.run("ocamlc", *options, "-c", "src/a.ml")

        def run(name: str, *command: str):
            path = project.path(name)
            options = ["single", *command, "-filename", path]
            out = subprocess.run(
                ["ocamlmerlin-server", *options], cwd=project.root, input=path.read_bytes(), stdout=subprocess.PIPE
            )
            return json.loads(out.stdout)["value"]

        return run

    def test_modules_resolve_through_the_alias(self, project, ask):
        project.write("src/b.ml", "let text = string_of_int A.answer\n")
        root = str(project.root)
        write_merlin(root, Merlin((f"{root}/src",), (f"{root}/_build/foo",), flags=("-open", "Foo")))
        assert ask("src/b.ml", "errors") == []
        assert ask("src/b.ml", "type-enclosing", "-position", "1:28")[0]["type"] == "int"
        place = ask("src/b.ml", "locate", "-position", "1:28", "-look-for", "ml")
        assert place == {"file": str(project.path("src/a.ml")), "pos": {"line": 1, "col": 4}}
