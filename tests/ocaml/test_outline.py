"""The outline of a source: what is not in it has no part in what ocamldep says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from user_project import rebel

from rebel_tools.ocaml.outline import outline

WITHOUT = [
    ("let x = 1", "(* one *) let x = 1 (* (* two *) *)"),
    ("let x = 1", "let\tx =\n 1\n"),
    ("let x = y", "(**) let x (***) = (*) *) y"),
    ('let x = "a"', 'let x = "b (* \\" \\\\"'),
    ('let x = "a"', "let x = {id|it's \" |x} (* |id}"),
    ("let x = 'a'", "let x = '\"' (* '\"' \"*)\" don't *)"),
    ("let x' y' = y'", "let x' (* x' *) y' = y'"),
]
DIFFERENT = [
    ("let x = A.y", "let x = B.y"),
    ("let x = ab", "let x = a(**)b"),
    ("let x = A.b", 'let x = "A.b"'),
    ("let x = 'a'", "let x = 'a"),
    ('let x = f "" A.b ""', 'let x = f " A.b "'),
]
IN_DOUBT = [
    "let x = (* no end",
    'let x = "no end',
    "let x = {a|no end|b}",
    "let x = {%ext a|text|a}",
    "let x = 1 (* {a|*)|a} *)",
    "let x = 1 (* f'\" *)",
    "let x = \u00e9",
    '# 1 "other.ml"\nlet x = A.y',
    "#!/usr/bin/env ocaml\nlet x = A.y",
]


@pytest.mark.parametrize(("one", "other"), WITHOUT)
def test_comments_white_space_and_strings_do_not_count(one, other):
    assert outline(one.encode()) == outline(other.encode()) is not None


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_all_else_counts(one, other):
    assert outline(one.encode()) != outline(other.encode())


@pytest.mark.parametrize("text", IN_DOUBT)
def test_what_could_be_read_in_another_way_has_none(text):
    assert outline(text.encode()) is None


@pytest.mark.skipif(not shutil.which("ocamldep"), reason="ocamldep is not installed")
def test_ocamldep_says_the_same_of_the_outline(tmp_path):
    """The outlines of the standard library are programs, and name what its sources name."""
    where = subprocess.check_output(["ocamlc", "-where"], text=True).strip()
    sources = sorted(Path(where).glob("*.ml*"))
    found = {path.name: outline(path.read_bytes()) for path in sources if path.suffix in (".ml", ".mli")}
    texts = {name: text.replace(b"\0", b" ") for name, text in found.items() if text is not None}
    assert len(texts) > 0.8 * len(found) > 20
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    said = [
        subprocess.check_output(["ocamldep", "-modules", *sorted(texts)], cwd=folder, text=True)
        for folder in (where, tmp_path)
    ]
    assert said[0] == said[1]


@pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")
def test_ocamldep_is_not_asked_again_about_comments_and_messages(project):
    log = project.path("log")
    real = shutil.which("ocamldep")
    project.write("bin/ocamldep", f'#!/bin/sh\necho run >> {log}\nexec {real} "$@"\n').chmod(0o755)
    environ = {"PATH": f"{project.path('bin')}{os.pathsep}{os.environ['PATH']}"}
    project.write("package.json", '{"rebel": {}}')
    project.write("src/a.ml", 'let text = "a"\n')

    def runs(text: str) -> tuple[int, str]:
        """How often ocamldep runs for an edit, and what the program prints then."""
        log.write_text("")
        project.write("src/index.ml", text)
        rebel(project, "build", env=environ)
        printed = project.run(str(project.path("_build/default/src/app.out"))).out
        return len(log.read_text().splitlines()), printed

    assert runs('let () = print_string ("one" ^ A.text)\n') == (1, "onea")
    assert runs('let () = print_string ("two" ^ A.text)\n') == (0, "twoa")
    assert runs('let () = print_string ("three" ^ (* A *) A.text)\n') == (0, "threea")
    assert runs('(* B.text *)\nlet () = print_string ("four (*" ^ A.text)\n') == (0, "four (*a")
    assert runs('module A = struct let text = "b" end\nlet () = print_string ("five" ^ A.text)\n') == (1, "fiveb")
    assert runs('module A = struct let text = "b" end\nlet () = print_string ("six" ^ A.text)\n') == (0, "sixb")


HIDDEN = [  # what quotation marks in comments hide, or seem to
    """(* ''"' (* "' *) let x = %s.y (* '"' (* *) *) (* ''"' *) '"' *)""",
    """(* x'\\"' (* "' *) let x = %s.y (* '"' (* *) *) (* x'\\"' *) '"' *)""",
    """(* é'"' (* "' *) let x = %s.y (* '"' (* *) *) (* é'"' *) '"' *)""",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_quotation_marks_in_comments_hide_nothing(text):
    """Each of these is one comment, or code between comments, depending on where characters begin."""
    one, other = (outline((text % name).encode()) for name in ("Foo", "Bar"))
    assert one is None or one != other
