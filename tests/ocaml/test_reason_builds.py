"""Builds of Reason sources: refmt reads each source once per change, and messages refer to the source."""

from __future__ import annotations

import os
import sys

import pytest
from needs import needs_reason
from tool_project import append, commands, entries, outputs, replace, sconstruct, targets
from user_project import unquoted

from rebel_tools.ocaml import reason

PROGRAM = {
    "src/word.rei": "let word: int => string;\n",
    "src/word.re": "let word = n => string_of_int(n);\n",
    "src/main.re": "print_endline(Word.word(42));\n",
}
BODY = 'env.OCamlProgram("main", Glob("src/*.re*"))'


pytestmark = needs_reason()


@pytest.fixture
def build(project, tmp_path_factory):
    """Run scons on a project with a refmt that counts; return the sources on which refmt was run in each build."""
    refmt = reason.find_refmt(os.getcwd())
    log = tmp_path_factory.mktemp("refmt") / "log"
    counting = log.with_name("refmt")
    count = f'open({str(log)!r}, "a").write(" ".join(sys.argv[7:]) + "\\n")'
    counting.write_text(f"#!{sys.executable}\nimport os, sys\n{count}\nos.execv({refmt!r}, sys.argv)\n")
    counting.chmod(0o755)

    def run(*args: str, rc: int = 0):
        log.write_text("")
        done = project.scons(*args, rc=rc, env={"REFMT": str(counting)})
        done.converted = sorted(log.read_text().split())
        return done

    return run


@pytest.mark.parametrize("options", [(), ("-j4",), ("-k",)])
def test_refmt_reads_each_source_once(project, build, options):
    sconstruct(project, "env['OCAMLENGINES'] = ['native', 'byte']\nenv.OCamlLibrary('all', Glob('src/*.re*'))\n" + BODY,
               PROGRAM)  # fmt: skip
    assert build(*options).converted == sorted([*PROGRAM, *PROGRAM])  # two scopes have these sources
    assert project.run("./main").out == "42\n"
    again = build(*options)
    assert (again.converted, commands(again)) == ([], [])


def test_a_comment_compiles_nothing_and_an_edit_what_it_reaches(project, build):
    sconstruct(project, BODY, PROGRAM)
    build()
    append(project, "src/word.re", "/* nothing but a comment */\n")
    comment = build()
    assert (comment.converted, commands(comment)) == (["src/word.re"], [])
    replace(project, "src/word.re", "(n)", "(n + 1)")
    edit = build("--debug=explain")
    assert edit.converted == ["src/word.re"]
    assert targets(edit) == ["main.objs/Main__Word.cmx", "main.objs/Main__Main.cmx", "main"]
    assert project.run("./main").out == "43\n"
    # Other names are visible to all sources, which does not change their trees.
    project.write("src/more.re", "let x = 1;\n")
    assert build().converted == ["src/more.re"]


def test_trees_that_are_deleted_or_damaged_are_made_again(project, build):
    sconstruct(project, BODY, PROGRAM)
    build()
    first = outputs(project)
    project.path("main.objs/Main__Word.re.ast").unlink()
    assert build().converted == ["src/word.re"]
    append(project, "main.objs/Main__Word.rei.ast", "?")
    assert build().converted == ["src/word.rei"]
    assert outputs(project) == first and commands(build()) == []


def test_messages_are_about_sources(project, build):
    sconstruct(project, BODY, PROGRAM)
    project.write("src/word.re", "let word = n => n + 1;\n")
    mismatch = build(rc=2).err
    assert "File src/word.re, line 1:\nError: The implementation src/word.re\n" in unquoted(mismatch)
    assert ".ast" not in mismatch
    project.write("src/word.re", "let word = n => string_of_int(n;\n")
    for options in ((), ("-k",)):
        syntax = build(*options, rc=2)
        assert syntax.err.count('File "src/word.re", line 1, characters 31-32:\n1 | let word = n') == 1
        assert "main.objs/Main__Word.re.ast" not in entries(project)
    project.write("src/word.re", "let word = n => string_of_float(n);\n")
    assert 'File "src/main.re", line 1' not in build(rc=2).err
    project.write("src/word.re", PROGRAM["src/word.re"])
    build()
    assert project.run("./main").out == "42\n"


def test_a_dry_run_tells_what_follows_and_leaves_no_tree(project, build):
    sconstruct(project, BODY, PROGRAM)
    sources = entries(project)
    dry = build("-n")
    assert len(commands(dry)) == 6 and entries(project) == sources
    build()
    made = outputs(project)
    replace(project, "src/word.re", "(n)", "(n + 1)")
    assert targets(build("-n"))[0] == "main.objs/Main__Word.cmx"
    assert build("-q", rc=1).rc == 1
    assert {**outputs(project), "src/word.re": b""} == {**made, "src/word.re": b""}
    build("-c")
    assert entries(project) == sources


def test_incremental_builds_with_a_cache_and_a_variant_folder_equal_clean_ones(project, build):
    sconstruct(project, "CacheDir('cache')\nSConscript('src/SConscript', 'env', variant_dir='build', duplicate=0)\n",
               {**PROGRAM, "src/SConscript": "Import('env')\nenv.OCamlProgram('main', Glob('*.re*'))\n"})  # fmt: skip
    build()
    replace(project, "src/word.re", "(n)", "(n + 1)")
    build()
    after = {name: data for name, data in outputs(project).items() if not name.startswith("cache")}
    build("-c")
    again = build()
    assert "Retrieved" in again.out and not any(line.startswith("ocaml") for line in again.out.splitlines())
    assert after == {name: data for name, data in outputs(project).items() if not name.startswith("cache")}


def test_generated_reason_sources(project, build):
    body = """\
        made = env.Command("gen/word.re", "word.txt", "cp $SOURCE $TARGET")
        env.OCamlProgram("main", ["src/main.re", made])
        """
    sconstruct(project, body, {"src/main.re": PROGRAM["src/main.re"], "word.txt": PROGRAM["src/word.re"]})
    build("-j2")
    assert project.run("./main").out == "42\n"
    replace(project, "word.txt", "(n)", "(n * 2)")
    build("-j2")
    assert project.run("./main").out == "84\n"
    assert build().converted == []
