"""File systems with time stamps in whole seconds: an edit in the second in which a build read the file is noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest
from package_app import PROGRAM, App
from user_project import Project

from rebel_tools import tools

PROGRAMS = ("mkfs.ext4", "mount", "umount", "ocamlfind")
NEEDED = [name for name in PROGRAMS if not (shutil.which(name) or tools.find(name))]

pytestmark = [
    pytest.mark.skipif(bool(NEEDED), reason=f"needs {', '.join(NEEDED)}"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a file system"),
]


@pytest.fixture
def app(tmp_path):
    """A project on ext4 with inodes of 128 bytes, which have no room for fractions of a second."""
    image, folder = tmp_path / "image", tmp_path / "mounted"
    folder.mkdir()
    subprocess.run(["truncate", "-s", "40M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-I", "128", image], check=True, capture_output=True)
    mounted = subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount here: {mounted.stderr.strip()}")
    assert folder.stat().st_mtime_ns % 1_000_000_000 == 0
    yield App(Project(folder))
    subprocess.run(["umount", folder], check=True)


def settle(app) -> None:
    """Build until the next build only has to look at the files; stamps are not trusted for two seconds."""
    app.build()
    time.sleep(2.1)
    app.build()
    assert app.build().endswith(" is up to date\n")


def early() -> None:
    """Wait for the beginning of a second."""
    time.sleep(1.01 - time.time() % 1)


def test_a_source_is_saved_when_it_was_compiled(app):
    """Repeated, because the second may be over before the compiler has ended."""
    app.script("bin/ocamlopt", '$REAL "$@" || exit 1; if [ -e next ]; then mv next src/index.ml; fi; exit 0')
    for number in range(10, 40, 2):
        early()
        app.write("src/index.ml", f"let () = print_int {number}\n")
        app.write("next", f"let () = print_int {number + 1}\n")
        app.build()
        app.build()
        assert app.output() == str(number + 1)
        app.build()
        assert app.output() == str(number + 1)


def test_an_output_is_damaged_when_it_was_made(app):
    settle(app)
    for number in range(3):
        early()
        app.write("src/index.ml", f"let () = print_int {number}\n")
        app.build()
        good = app.path(PROGRAM).read_bytes()
        with open(app.path(PROGRAM), "r+b") as file:
            file.write(b"damaged")
        app.build()
        assert app.path(PROGRAM).read_bytes() == good


def test_a_source_comes_into_a_folder_when_it_was_read(app):
    app.write("src/index.ml", "let () = print_string (List.fold_left (fun _ s -> s) {|library|} [])\n")
    app.script("bin/ocamlopt", '$REAL "$@" || exit 1; if [ -e list.ml ]; then mv list.ml src/; fi; exit 0')
    settle(app)
    early()
    app.write("src/index.ml", "let () = print_string (List.fold_left (fun _ s -> s) {|again|} [])\n")
    app.write("list.ml", "let fold_left _ _ _ = {|mine|}\n")
    app.build()
    app.build()
    assert app.output() == "mine"
