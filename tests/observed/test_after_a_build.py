"""A build that leaves nothing to do is as good as a run without work: the next answer does not need SCons."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from asking import SCONSTRUCT, run, why_asked

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")

LATE = "env.Command('b', 'a', 'cp $SOURCE $TARGET; echo >> late')\n"
COPY = "env.Command('b', 'a', 'cp $SOURCE $TARGET')\n"


def build(tree, *arguments: str) -> str:
    time.sleep(0.04)  # a run proves nothing about files that are younger than a tick of the clock
    return run(tree, *arguments).out


@pytest.mark.parametrize("options", [[], ["-j4"], ["-Q"], ["-s"], ["prog", "src/main.c"], ["--debug=explain"]])
def test_the_answer_is_what_scons_would_have_printed(tree, options):
    tree.write("SConstruct", "print('hello from the SConstruct')\n" + SCONSTRUCT)
    build(tree, *options)
    answer = run(tree, *options)
    assert answer.err == "" and answer.out == tree.run("scons", *options).out


def test_after_an_edit(tree):
    build(tree)
    tree.write("include/a.h", "#define A 3\n")
    assert "gcc" in build(tree) and why_asked(tree) == ""
    assert tree.run("./prog", rc=3).out == "" and tree.up_to_date()


@pytest.mark.parametrize("path", ["prog", "src/main.o"])
def test_a_result_that_changes_after_it_was_made(tree, path):
    build(tree)
    tree.path(path).unlink()
    assert why_asked(tree)
    tree.path(path).write_bytes(b"")
    assert why_asked(tree, rc=None)


def test_what_comes_from_a_cache(tree):
    tree.write("SConstruct", "CacheDir('cache')\n" + SCONSTRUCT)
    build(tree)
    tree.run("scons", "-c")
    assert "Retrieved" in build(tree) and why_asked(tree) == ""


@pytest.mark.parametrize(
    "lines, reason",
    [
        (LATE + "env.Command('c', 'late', 'cp $SOURCE $TARGET')", "changed"),
        (COPY + "env.Command('c', 'b', 'cp $SOURCE $TARGET; echo x >> $SOURCE')", "changed by something else"),
        (COPY + "import os\nenv.Append(CPPDEFINES=['B_%d' % os.path.exists('b')])", "changed while scons ran"),
        (COPY + "env.Append(CPPDEFINES=['B_%d' % File('b').exists()])", "changed while scons ran"),
        (COPY + "env.Command('c', Glob('[ab]'), 'cat $SOURCES > $TARGET')", "Glob would find"),
        ("env.Command('b', 'a', 'true')", "does not exist after it was built"),
        ("AlwaysBuild(env.Command('b', 'a', 'touch $TARGET'))", "AlwaysBuild"),
        ("Alias('all', Command('b', 'a', 'touch $TARGET'), 'true'); Default('all')", "not a plain file node of SCons"),
        (COPY + "Decider('timestamp-newer')\nenv.Decider('timestamp-newer')", "a Decider"),
        (COPY + "File('a').Decider(lambda dep, *_: dep.get_timestamp() > 0)", "a Decider"),
        (COPY + "Progress(lambda node: None)", "Progress()"),
        ("def act(target, source, env):\n    open('b', 'w').close()\n    env.Depends('prog', 'late')\n"
         "env.Depends('prog', env.Command('b', 'a', act))", "an action adds a dependency"),
        (COPY + "import atexit; atexit.register(print, 'done')", "something was printed"),
        ("conf = Configure(env); conf.CheckHeader('stdio.h'); conf.Finish()", "while SConscripts were read"),
    ],
)  # fmt: skip
def test_builds_that_may_leave_something_to_do(tree, lines, reason):
    for name in ("a", "late"):
        tree.write(name, "1\n")
    tree.write("SConstruct", f"{SCONSTRUCT}{lines}\n")
    build(tree)
    assert reason in why_asked(tree)


def test_a_function_behind_an_alias_that_is_always_built(tree):
    function = "lambda target, source, env: print('CHECKED')"
    tree.write("SConstruct", SCONSTRUCT + f"AlwaysBuild(Alias('check', 'prog', {function}))\n")
    for _ in range(4):
        assert "CHECKED" in build(tree, "check")


# ---------------------------------------------------------------- changes in a text that change nothing else


READER = "import sys\nsys.path.append(Dir('tools').abspath)\nimport helper\nenv['VALUE'] = open('value').read()\n"


@pytest.fixture
def programs(tree):
    """An SConscript in a variant folder, a module, and a file that is read."""
    tree.write("tools/helper.py", "def name():\n    return 'prog'\n")
    tree.write("value", "1\n")
    tree.write("SConstruct", SCONSTRUCT + READER + "SConscript('sub/SConscript', 'env', variant_dir='out')\n")
    tree.write("sub/SConscript", "Import('env')\nenv.Command('x', '#value', 'cp $SOURCE $TARGET')\n")
    for _ in range(2):
        build(tree)
    assert why_asked(tree) == ""
    return tree


@pytest.mark.parametrize("path", ["SConstruct", "sub/SConscript", "tools/helper.py", "value"])
def test_another_stamp(programs, path):
    os.utime(programs.path(path), (1, 1))
    assert why_asked(programs) == ""


@pytest.mark.parametrize("path", ["SConstruct", "sub/SConscript", "tools/helper.py"])
def test_comments_are_no_part_of_a_program(programs, path):
    text = programs.path(path).read_text()
    programs.write(path, f"# first\n\n{text}# last\n")
    assert why_asked(programs) == "" and programs.up_to_date()
    programs.write(path, f"{text}x = 1\n")
    assert f"{Path(path).name} changed" in why_asked(programs)


@pytest.mark.parametrize(
    "line",
    [
        "env.Append(CPPDEFINES=['L%d' % __import__('sys')._getframe().f_lineno])",
        "env.Append(CPPDEFINES=['L%d' % open('SConstruct').read().count('#')])",
        "env.Depends('prog', 'SConstruct')",
        "env.Depends('prog', 'SConstruct'); Decider('timestamp-match'); env.Decider('timestamp-match')",
        "env.Append(CPPDEFINES=['L%d' % len(File('SConstruct').get_contents())])",
        "import sys; sys.stderr.write('SConstruct, line 3\\n')",
    ],
)
def test_comments_count_for_programs_that_look_at_themselves(tree, line):
    env, program = SCONSTRUCT.splitlines()
    tree.write("SConstruct", f"{env}\n{line}\n{program}\n")
    for _ in range(2):
        build(tree)
    assert why_asked(tree) == ""
    tree.write("SConstruct", f"# a comment\n{env}\n{line}\n{program}\n")
    assert "SConstruct" in why_asked(tree)


@pytest.mark.parametrize("question", ["get_timestamp", "getmtime"])
def test_a_time_that_an_sconscript_asks_a_node_for(tree, question):
    tree.write("data", "x\n")
    tree.write(
        "SConstruct", f"t = File('data').{question}()\n{SCONSTRUCT}env.Command('d', 'data', 'cp $SOURCE $TARGET')"
    )
    for _ in range(2):
        build(tree)
    os.utime(tree.path("data"), (1, 1))
    assert "data changed" in why_asked(tree)


def test_a_tree_below_a_folder_with_the_name_of_scons(tree, tmp_path):
    """What its SConstruct asks is not asked by SCons."""
    inner = type(tree)(tmp_path / "SCons" / "tree")
    inner.write(
        "SConstruct",
        "env = Environment(tools=[])\nenv['T'] = File('a').getmtime()\nenv.Command('b', 'a', 'echo $T > b')",
    )
    inner.write("a", "")
    os.utime(inner.path("a"), (1e9, 1e9))
    build(inner)
    build(inner)
    os.utime(inner.path("a"), (1e9 + 5, 1e9 + 5))
    build(inner)
    assert inner.path("b").read_text().startswith("1000000005")


@pytest.mark.parametrize("question", ["File('data').get_timestamp()", "File('data').getmtime()"])
def test_a_time_that_a_command_line_asks_a_node_for(tree, question):
    tree.write("data", "x\n")
    function = f"env['ASKED'] = lambda target, source, env, for_signature: str({question})\n"
    tree.write("SConstruct", f"{SCONSTRUCT}{function}env.Command('d', 'data', 'echo $ASKED > $TARGET')")
    for _ in range(2):
        build(tree)
    os.utime(tree.path("data"), (1, 1))
    assert "data changed" in why_asked(tree)
