"""`--sandbox` in C trees: undeclared accesses are named, and declared ones build as without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from user_project import snapshot

FILES = {
    "main.c": '#include "part.h"\nint main(void) { return part(); }\n',
    "part.c": '#include "part.h"\nint part(void) { return 0; }\n',
    "inc/part.h": "int part(void);\n",
}
PROGRAM = "env.Append(CPPPATH=['inc'])\nenv.Program('prog', ['main.c', env.StaticLibrary('part', 'part.c')])\n"
MODES = ("--sandbox", "--sandbox=report", "--sandbox=fast", "--sandbox=trace")


@pytest.mark.parametrize("mode", MODES)
def test_a_declared_tree_builds_to_the_same_bytes(tree, mode: str) -> None:
    project = tree(PROGRAM, **FILES)
    project.scons("-s")
    plain = snapshot(project.root)
    project.scons("-c")
    project.scons(mode)
    assert snapshot(project.root) == plain
    assert project.up_to_date()
    assert "up to date" in project.scons(mode).out
    project.scons("-c", mode)
    assert set(snapshot(project.root)) == {*FILES, "SConstruct"}
    assert not project.path(".rebel-sandbox").exists()


def test_many_jobs_build_the_same(tree) -> None:
    objects = "".join(f"env.Command('o{n}.txt', 'in.txt', 'cat $SOURCE > $TARGET; sleep 0.01')\n" for n in range(60))
    project = tree(objects, **{"in.txt": "text\n"})
    project.scons("--sandbox", "-j8")
    assert {project.path(f"o{n}.txt").read_text() for n in range(60)} == {"text\n"}


@pytest.mark.parametrize("mode", ["--sandbox", "--sandbox=trace"])
def test_a_header_behind_a_flag_is_named(tree, mode: str) -> None:
    project = tree("env.Object('main.c', CCFLAGS=['-Iinc'])\n", **FILES)
    project.scons("-s")  # succeeds, and is stale after an edit of the header
    project.scons("-c")
    run = project.scons(mode, rc=2)
    assert "main.o: read inc/part.h, which is not declared" in run.err
    assert "env.Depends('#main.o', '#inc/part.h')" in run.err
    assert not project.path("main.o").exists()


def test_a_silent_build_is_held_to_the_same(tree) -> None:
    """With -s, SCons does not tell an action its targets."""
    project = tree("env.Object('main.c', CCFLAGS=['-Iinc'])\n", **FILES)
    assert "main.o: read inc/part.h, which is not declared" in project.scons("-s", "--sandbox", rc=2).err


def test_what_the_message_says_is_what_helps(tree) -> None:
    project = tree("env.Object('main.c', CCFLAGS=['-Iinc'])\nenv.Depends('#main.o', '#inc/part.h')\n", **FILES)
    project.scons("--sandbox")


@pytest.mark.parametrize("mode", ["--sandbox", "--sandbox=trace"])
def test_a_read_is_an_error_whatever_the_exit_status(tree, mode: str) -> None:
    script = "env.Command('out.txt', 'in.txt', 'cat $SOURCE > $TARGET; cat table.txt >> $TARGET 2> /dev/null; true')\n"
    project = tree(script, **{"in.txt": "a\n", "table.txt": "b\n"})
    run = project.scons(mode, rc=2)
    assert "out.txt: read table.txt, which is not declared" in run.err
    assert not project.path("out.txt").exists()


def test_a_generated_file_is_named(tree) -> None:
    script = """
made = env.Command('made.h', 'value.txt', 'sed "s/^/#define VALUE /" $SOURCE > $TARGET')
env.Command('show.txt', ['show.sh'], 'sh $SOURCE > $TARGET')
env.Requires('late.txt', made)
env.Command('late.txt', ['show.sh'], 'sh $SOURCE > $TARGET')
"""
    project = tree(script, **{"value.txt": "7\n", "show.sh": "cat made.h\n"})
    project.scons("-s", "made.h")
    run = project.scons("--sandbox", "-k", rc=2)
    assert "show.txt: read made.h, which is not declared" in run.err
    assert project.path("late.txt").read_text() == "#define VALUE 7\n"  # may be read, and is not compared


def test_the_data_of_a_tool_and_what_it_imports_are_named(tree) -> None:
    tool = "import helper, os\nprint(open(os.path.join(os.path.dirname(__file__), 'table.txt')).read(), helper.X)\n"
    files = {"tools/gen.py": tool, "tools/table.txt": "7", "tools/helper.py": "X = 1\n"}
    project = tree("import sys\nenv.Command('out.txt', 'tools/gen.py', [[sys.executable, '$SOURCE']])\n", **files)
    run = project.scons("--sandbox", rc=2)
    assert "out.txt: read tools/table.txt, which is not declared" in run.err
    assert "out.txt: read tools/helper.py, which is not declared" in run.err


def test_outputs_and_changed_inputs_are_named(tree) -> None:
    script = """
env.Command('a.txt', 'in.txt', 'cp $SOURCE $TARGET; echo log > a.log')
env.Command('b.txt', 'edited.txt', 'cp $SOURCE $TARGET; sed -i s/a/b/ $SOURCE')
env.SideEffect('c.log', env.Command('c.txt', 'in.txt', 'cp $SOURCE $TARGET; echo log > c.log'))
"""
    project = tree(script, **{"in.txt": "a\n", "edited.txt": "a\n"})
    run = project.scons("--sandbox", "-k", rc=2)
    assert "a.txt: wrote a.log, which is not among its targets" in run.err
    assert "env.SideEffect('#a.log', '#a.txt')" in run.err
    assert "b.txt: changed edited.txt, which is one of its inputs" in run.err
    assert project.path("edited.txt").read_text() == "a\n"
    assert project.path("c.log").read_text() == "log\n"
    assert not project.path("a.log").exists()


def test_python_functions_are_held_to_the_same(tree) -> None:
    script = """
def join(target, source, env):
    with open(str(target[0]), 'w') as out, open('table.txt') as table:
        out.write(open(str(source[0])).read() + table.read())
    open('extra.log', 'w').close()
env.Command('out.txt', 'in.txt', join)
"""
    project = tree(script, **{"in.txt": "a\n", "table.txt": "b\n"})
    run = project.scons("--sandbox", rc=2)
    assert "out.txt: read table.txt, which is not declared" in run.err
    assert "out.txt: wrote extra.log, which is not among its targets" in run.err
    assert not project.path("out.txt").exists()


def test_report_goes_on_and_lists_at_the_end(tree) -> None:
    script = "env.Command('a.txt', 'in.txt', 'cat $SOURCE table.txt > $TARGET')\n"
    script += "env.Command('b.txt', 'a.txt', Copy('$TARGET', '$SOURCE'))\n"
    project = tree(script, **{"in.txt": "a\n", "table.txt": "b\n"})
    run = project.scons("--sandbox=report")
    assert project.path("b.txt").read_text() == "a\nb\n"
    assert "scons: sandbox: 1 time something was not declared" in run.err
    assert "a.txt: read table.txt, which is not declared" in run.err
    assert "done building targets" in run.out


def test_fast_hides_what_is_not_declared(tree) -> None:
    project = tree("env.Object('main.c', CCFLAGS=['-Iinc'])\n", **FILES)
    run = project.scons("--sandbox=fast", rc=2)
    assert "part.h: No such file or directory" in run.err
    assert "scons --sandbox names" in run.err


def test_there_is_no_network_and_a_temporary_folder_of_its_own(tree) -> None:
    script = "env.Command('out.txt', 'in.txt', 'cp $SOURCE $TARGET; echo x > /tmp/left-by-a-command')\n"
    script += "env.Command('net.txt', 'in.txt', 'cat /proc/net/dev > $TARGET')\n"
    project = tree(script, **{"in.txt": "a\n"})
    project.scons("--sandbox=fast")
    devices = [line.split(":")[0].strip() for line in project.path("net.txt").read_text().splitlines() if ":" in line]
    assert devices == ["lo"]
    assert not os.path.exists("/tmp/left-by-a-command")


@pytest.mark.parametrize("duplicate", [0, 1])
def test_variant_folders(tree, duplicate: int) -> None:
    script = f"env.Append(CPPPATH=['inc'])\nVariantDir('build', '.', duplicate={duplicate})\n"
    script += "env.Program('build/prog', ['build/main.c', 'build/part.c'])\n"
    tree(script, **FILES).scons("--sandbox")


def test_a_repository(tree, tmp_path) -> None:
    project = tree(f"Repository({str(tmp_path / 'central')!r})\n" + PROGRAM)
    for name, text in FILES.items():
        path = tmp_path / "central" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    project.scons("--sandbox")
    assert subprocess.run([project.path("prog")]).returncode == 0


def test_long_command_lines_folders_and_lists_of_commands(tree) -> None:
    script = """
env.Replace(MAXLINELENGTH=10)
env.Command('all.txt', Dir('data'), 'cat data/*.txt > $TARGET')
env.Command(Dir('made'), 'in.txt', ['mkdir -p $TARGET', 'cp $SOURCE $TARGET/copy.txt'])
env.Command('twice.txt', 'in.txt', ['cp $SOURCE $TARGET', 'echo b >> $TARGET', Touch('$TARGET')])
env.Command('tool', 'in.txt', 'printf "#!/bin/sh\\\\ncat in.txt" > $TARGET; chmod +x $TARGET')
env.Command('ran.txt', ['tool', 'in.txt'], './tool > $TARGET')
"""
    project = tree(PROGRAM + script, **FILES, **{"in.txt": "a\n", "data/1.txt": "1\n", "data/2.txt": "2\n"})
    project.scons("--sandbox")
    assert project.path("all.txt").read_text() == "1\n2\n"
    assert project.path("made/copy.txt").read_text() == "a\n"
    assert project.path("twice.txt").read_text() == "a\nb\n"
    assert project.path("ran.txt").read_text() == "a\n"


def test_failures_and_messages_are_those_of_the_command(tree) -> None:
    project = tree("env.Command('a.txt', 'in.txt', 'echo said; echo loud >&2; exit 7')\n", **{"in.txt": ""})
    run = project.scons("--sandbox", rc=2)
    assert "said\n" in run.out and "loud\n" in run.err and "[a.txt] Error 7" in run.err


def test_links_and_odd_names(tree) -> None:
    script = "env.Command('b.txt', 'link.txt', 'cat $SOURCE > $TARGET')\n"
    script += "env.Command('c.txt', 'ünï côde.txt', 'cat ${SOURCE} > $TARGET')\n"
    script += "env.Command('d.txt', 'in.txt', 'cat $SOURCE \"sp ace é.txt\" > $TARGET')\n"
    project = tree(script, **{"in.txt": "a\n", "ünï côde.txt": "c\n", "sp ace é.txt": "d\n"})
    project.path("link.txt").symlink_to("in.txt")
    run = project.scons("--sandbox", "-k", rc=2)
    assert project.path("b.txt").read_text() == "a\n"
    assert project.path("c.txt").read_text() == "c\n"
    assert "d.txt: read sp ace é.txt, which is not declared" in run.err


def test_a_cache_folder_and_dry_runs_are_not_touched(tree) -> None:
    project = tree("CacheDir('cache')\n" + PROGRAM, **FILES)
    project.scons("-n", "--sandbox")
    assert not project.path("main.o").exists()
    project.scons("--sandbox")
    project.scons("-c")
    assert "Retrieved `prog' from cache" in project.scons("--sandbox").out


def test_what_a_configure_test_does_is_its_own(tree) -> None:
    script = "conf = Configure(env)\nassert conf.CheckHeader('stdio.h')\nenv = conf.Finish()\n"
    tree(script + PROGRAM, **FILES).scons("--sandbox")


def test_variables_say_what_options_say(tree) -> None:
    script = "env.Command('a.txt', 'in.txt', 'cat $SOURCE table.txt > $TARGET')\n"
    project = tree("env.Tool('remote', SANDBOX='full')\n" + script, **{"in.txt": "a\n", "table.txt": "b\n"})
    assert "a.txt: read table.txt" in project.scons(rc=2).err
    project.scons("--sandbox=off")
    project.write("SConstruct", project.path("SConstruct").read_text() + "env['SANDBOX_READS'] = ['table.txt']\n")
    project.scons("-c")
    project.scons()
    bad = project.path("SConstruct").read_text().replace("'full'", "'ful'")
    project.write("SConstruct", bad)
    assert "SANDBOX is 'ful', expected one of off, full, report, fast, trace" in project.scons(rc=2).err


def test_an_unknown_mode_is_refused(tree) -> None:
    run = tree(PROGRAM, **FILES).scons("--sandbox=wrong", rc=2)
    assert "invalid choice: 'wrong'" in run.err


def test_missing_programs_and_forbidden_namespaces_are_one_sentence(tree, tmp_path) -> None:
    project = tree(PROGRAM, **FILES)
    empty = tmp_path / "bin"
    empty.mkdir()
    run = project.scons("--sandbox", rc=2, env={"PATH": str(empty)})
    assert "bubblewrap, which is not installed" in run.err and "Traceback" not in run.err
    (empty / "bwrap").symlink_to(shutil.which("false"))
    run = project.scons("--sandbox", rc=2, env={"PATH": str(empty)})
    assert "user namespaces are forbidden here" in run.err and "--sandbox=trace" in run.err
    (empty / "bwrap").unlink()
    (empty / "bwrap").symlink_to(shutil.which("bwrap"))
    assert "strace is not installed" in project.scons("--sandbox", rc=2, env={"PATH": str(empty)}).err


def test_a_build_without_the_option_does_not_load_it(tree) -> None:
    script = "import atexit, sys\nnames = lambda: [name for name in sys.modules if 'rebel_tools.sandbox.' in name]\n"
    script += "atexit.register(lambda: print(names()))\n"
    run = tree(script + PROGRAM, **FILES).scons()
    assert "['rebel_tools.sandbox.model']" in run.out


def test_an_sconstruct_that_does_not_know_the_tool(tree) -> None:
    head = "env = Environment()\n"
    project = tree("env.Object('main.c', CCFLAGS=['-Iinc'])\n", head, **FILES)
    rebel = (sys.executable, "-m", "rebel_tools", "scons")
    run = project.run(*rebel, "--sandbox", rc=2)
    assert "main.o: read inc/part.h, which is not declared" in run.err
    run = project.run(*rebel, "--sandbox=wrong", rc=None)
    assert run.rc and "there is no such mode" in run.err and "Traceback" not in run.err
    project.run(*rebel, "--sandbox=report")
    assert project.path("main.o").exists()
    assert not project.path(".rebel-sandbox").exists()
