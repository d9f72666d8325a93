"""`rebel scons` in C trees: after a run without work, the next one does not need SCons, until a relevant change."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time

import pytest
import tree_edits
from asking import SCONSTRUCT, cache, run, settle, why_asked

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")


def test_the_answer_is_what_scons_printed(tree):
    tree.write("SConstruct", "print('hello from the SConstruct')\n" + SCONSTRUCT)
    settle(tree)
    plain = tree.run("scons").out
    settle(tree)  # scons may have rewritten its database
    assert run(tree).out == plain
    assert "hello from the SConstruct" in plain and "`.' is up to date." in plain


def test_the_number_of_jobs_does_not_count_and_other_arguments_do(tree):
    settle(tree)
    assert why_asked(tree, "-j4") == "" and why_asked(tree, "-j", "3") == "" and why_asked(tree, "--jobs=2") == ""
    assert why_asked(tree, "prog") and why_asked(tree, "-Q") and why_asked(tree, "x=1")


@pytest.mark.parametrize("ask", ["GetOption", "env.GetOption"])
def test_the_number_of_jobs_counts_if_an_sconscript_asks_for_it(tree, ask):
    tree.write("SConstruct", SCONSTRUCT + f"env.Append(CPPDEFINES=['J%d' % {ask}('num_jobs')])\n")
    settle(tree, "-j2")
    for number in ("-j3", "-j2"):
        assert "number of jobs" in why_asked(tree, number) and why_asked(tree, number) == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.write("src/main.c", "int main(void) { return 1; }\n"),
        lambda t: t.write("include/a.h", "#define A 1\n"),
        lambda t: t.write("src/a.h", "#define A 2\n"),  # is found before include/a.h
        lambda t: t.write("src/more.c", "int more;\n"),
        lambda t: t.path("prog").unlink(),
        lambda t: t.path("src/main.o").unlink(),
        lambda t: t.write("SConstruct", SCONSTRUCT + "env.Append(CCFLAGS='-O1')\n"),
        lambda t: t.write("site_scons/site_init.py", "x = 1\n"),
        lambda t: t.path(".sconsign.dblite").unlink(),
    ],
)
def test_what_counts(tree, change):
    settle(tree)
    change(tree)
    assert why_asked(tree)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: os.utime(t.path("src/main.c")),
        lambda t: os.utime(t.path("prog")),
        lambda t: t.write("src/readme.md", "text\n"),
        lambda t: t.write("src/main.c", t.path("src/main.c").read_text()),
        lambda t: os.utime(t.path(".sconsign.dblite")),
    ],
)
def test_what_does_not_count(tree, change):
    settle(tree)
    change(tree)
    assert why_asked(tree) == ""


def test_variables_of_the_environment_that_were_read(tree):
    tree.write("SConstruct", "import os\nDEFINE = os.environ.get('LEVEL', '0')\n" + SCONSTRUCT)
    settle(tree, LEVEL="1")
    assert "LEVEL" in why_asked(tree, LEVEL="2")
    settle(tree)
    assert why_asked(tree, ANOTHER="1") == ""


def test_all_variables_count_where_all_were_read(tree):
    tree.write("SConstruct", "import os\nENV = dict(os.environ)\n" + SCONSTRUCT)
    settle(tree)
    assert "ANOTHER" in why_asked(tree, ANOTHER="1")


def test_commands_whose_output_is_read_are_run_again(tree):
    command = "import subprocess\nsaid = subprocess.run(['cat', 'version'], stdout=subprocess.PIPE, text=True).stdout\n"
    tree.write("version", "1\n")
    tree.write("SConstruct", command + SCONSTRUCT)
    settle(tree)
    tree.write("version", "2\n")
    assert "the output of the command `cat version` changed" in why_asked(tree)


@pytest.mark.parametrize(
    "line, reason",
    [
        ("import time; t = time.time()", "a clock"),
        ("import datetime; d = datetime.date.today()", "a clock"),
        ("import random; r = random.random()", "uses random numbers"),
        ("import socket", "imports socket"),
        ("import sqlite3", "imports sqlite3"),
        ("import sys; sys.stdin.read()", "reads standard input"),
        ("open('/proc/uptime').read()", "the state of the machine"),
        ("import os; os.system('true')", "os.system"),
        ("import subprocess; subprocess.call(['true'])", "output is not read"),
        ("import subprocess; subprocess.check_output(['sh', '-c', 'date +%N'])", "differs each time"),
        ("open('stamp', 'a').write('x')", "writes a file"),
        ("env.Execute('true')", "env.Execute"),
        ("AlwaysBuild(env.Command('x', [], 'touch x'))", "built something"),
    ],
)
def test_what_no_look_at_files_can_foretell_is_refused_with_its_place(tree, line, reason):
    tree.write("SConstruct", SCONSTRUCT + line + "\n")
    for _ in range(3):
        run(tree)
    said = why_asked(tree)
    assert reason in said
    assert "SConstruct:3" in said or "built something" in said


@pytest.mark.parametrize("python", ["open", "__import__('io').open", "__import__('pathlib').Path.open"])
def test_files_that_sconscripts_read_by_any_name(tree, python):
    tree.write("value", "0")
    opened = python + ("(__import__('pathlib').Path('value'))" if "Path" in python else "('value')")
    tree.write("SConstruct", SCONSTRUCT + f"env.Append(CPPDEFINES=['V' + {opened}.read()])\n")
    settle(tree)
    tree.write("value", "1")
    assert "value' changed" in why_asked(tree)


def test_functions_that_a_module_took_before(tree):
    tree.write("value", "0")
    tree.write("SConstruct", "import tarfile\nv = tarfile.bltn_open('value').read()\n" + SCONSTRUCT)
    settle(tree)
    tree.write("value", "1")
    assert "value' changed" in why_asked(tree)


def test_archives_of_files_and_folders(tree):
    tree.write("data/a", "1\n")
    tree.write("note", "1\n")
    tree.write("SConstruct", "env = Environment(tools=['tar'])\nenv.Tar('all.tar', ['data', 'note'])\n")
    settle(tree)
    for path in ("note", "data/a", "data/b"):
        tree.write(path, "2\n")
        assert why_asked(tree)
        settle(tree)
    tree.path("note").unlink()
    tree.path("note").mkdir()
    assert why_asked(tree)


def test_warnings_are_shown_again(tree):
    tree.write("SConstruct", "import sys\nsys.stderr.write('old key\\n')\n" + SCONSTRUCT)
    settle(tree)
    assert "old key" in run(tree).err


def test_commands_that_got_a_variable_from_the_sconstruct(tree):
    command = "said = subprocess.check_output('echo $LEVEL', shell=True)\n"
    tree.write("SConstruct", f"import os, subprocess\nos.environ['LEVEL'] = '3'\n{command}{SCONSTRUCT}")
    settle(tree)
    assert "ANOTHER" in why_asked(tree, ANOTHER="1")


def test_a_module_that_would_be_found_first(tree):
    tree.write("tools/helper.py", "LEVEL = 1\n")
    script = "import sys\nsys.path.append(Dir('#tools').abspath)\nimport helper\n"
    tree.write("SConstruct", script + SCONSTRUCT)
    settle(tree)
    tree.write("site_scons/helper.py", "LEVEL = 2\n")
    assert why_asked(tree)


def test_a_failed_build_and_other_kinds_of_run_leave_no_manifest(tree):
    settle(tree)
    tree.write("src/main.c", "int main(void) { return }\n")
    run(tree, rc=2)
    assert why_asked(tree, rc=2)
    for option in ("-n", "-c", "-q", "--tree=all", "--debug=explain"):
        run(tree, option, rc=None)
        assert why_asked(tree, option, rc=None)


def test_a_time_that_an_sconscript_asks_for(tree):
    tree.write("data", "x\n")
    tree.write("SConstruct", "import os\nt = os.path.getmtime('data')\n" + SCONSTRUCT)
    settle(tree)
    os.utime(tree.path("data"), (1, 1))
    assert "data changed" in why_asked(tree)


def test_a_link_that_leads_elsewhere(tree):
    tree.path("v1").mkdir()
    tree.path("v2").mkdir()
    os.symlink("v1", tree.path("current"))
    tree.write("SConstruct", "import os\nnow = os.path.realpath('current')\n" + SCONSTRUCT)
    settle(tree)
    tree.path("current").unlink()
    os.symlink("v2", tree.path("current"))
    assert "current" in why_asked(tree)


@pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")
@pytest.mark.parametrize("output", ["words", "words.objs/Words__Words.cmx"])
def test_the_tool_ocaml_looks_at_its_results(tree, output):
    tree.write("words.ml", 'let () = print_string "words"\n')
    tool = "env = Environment(tools=['default', 'ocaml'], toolpath=[rebel_tools.TOOLPATH])\n"
    tree.write("SConstruct", f"import rebel_tools\n{tool}env.OCamlProgram('words', ['words.ml'])\n")
    settle(tree)
    tree.path(output).write_bytes(tree.path(output).read_bytes() + b"x")
    assert why_asked(tree)


def test_damage_is_no_manifest(tree):
    settle(tree)
    folder = cache(tree) / "rebel-tools" / "observed"
    manifest = next(path for path in folder.rglob("*") if path.is_file() and not path.suffix)
    data = bytearray(manifest.read_bytes())
    data[len(data) // 2] ^= 1
    manifest.write_bytes(data)
    assert why_asked(tree)
    settle(tree)


def test_nothing_is_written_into_the_tree(tree):
    tree.run("scons")
    before = sorted(p.name for p in tree.root.iterdir())
    settle(tree)
    assert sorted(p.name for p in tree.root.iterdir()) == before


def test_scons_is_not_imported_for_the_answer(tree):
    settle(tree)
    program = (
        "import sys; from rebel_tools.cli.rebel import main; sys.argv = ['rebel', 'scons', '--explain']; s = main();"
        "assert s == 0 and not any(m.startswith('SCons') for m in sys.modules), sorted(sys.modules)"
    )
    tree.run(sys.executable, "-c", program, env={"XDG_CACHE_HOME": str(cache(tree))})


def test_random_edits_of_random_trees():
    counts = tree_edits.run_tree(2, 8)
    assert counts["edits"] == 8 and not counts["unsound"]


def build(project, *arguments: str):
    environ = {"XDG_CACHE_HOME": str(cache(project))}
    return project.run(sys.executable, "-m", "rebel_tools", "build", *arguments, env=environ)


def test_rebel_build_does_the_same_in_a_tree_with_an_sconstruct(tree):
    time.sleep(0.04)  # as in `settle`
    assert "gcc" in build(tree).out
    build(tree)
    assert build(tree, "--explain").err == ""
    tree.write("include/a.h", "#define A 1\n")
    run = build(tree, "--explain")
    assert f"{tree.path('include/a.h')}' changed" in run.err and "rebuilding `src/main.o' because" in run.out


def doctor(project, *arguments: str) -> str:
    environ = {"XDG_CACHE_HOME": str(cache(project))}
    return project.run(sys.executable, "-m", "rebel_tools", "doctor", *arguments, env=environ, rc=None).out


def test_doctor_tells_what_keeps_a_tree_from_being_answered_for(tree):
    assert "has not run in this tree yet" in doctor(tree)
    settle(tree)
    assert "answers without SCons while nothing changes" in doctor(tree)
    tree.write("SConstruct", "import time\nstarted = time.asctime()\n" + SCONSTRUCT)
    run(tree)
    text = doctor(tree)
    assert "always runs SCons in this tree" in text and "reads a clock (time.asctime)" in text
    assert f"{tree.path('SConstruct')}:2" in text
    told = json.loads(doctor(tree, "--json"))["tree"]
    assert told["state"] == "refused" and told["refusals"][0]["places"] == [f"{tree.path('SConstruct')}:2"]
