"""`--remote-cache` in C trees: the results of another machine are used for the same inputs, and for no others."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest
from c_project import FILES, HEAD, PROGRAM
from user_project import Project, snapshot

COUNT = re.compile(r"remote cache: (\d+) commands, (\d+) of them from the cache")


def counts(run) -> tuple[int, int]:
    """The number of commands, and of those from the cache."""
    found = COUNT.search(run.err)
    assert found, run.text
    return int(found[1]), int(found[2])


def built(project: Project, url: str, *words: str, **options):
    return project.scons(f"--remote-cache={url}", *words, **options)


def test_a_fresh_checkout_in_another_folder_runs_nothing(tree, nginx) -> None:
    first = tree()
    said = built(first, nginx)
    assert counts(said) == (5, 0)
    second = tree(at="two")
    again = built(second, nginx)
    assert counts(again) == (5, 5)
    assert snapshot(first.root) == snapshot(second.root)
    assert "unused" in said.err and again.err.count("unused") == said.err.count("unused")  # warnings are printed again
    assert subprocess.run([second.path("prog")]).returncode == 0
    assert second.up_to_date()
    assert "up to date" in built(second, nginx).out and not COUNT.search(built(second, nginx).err)
    second.scons("-c", f"--remote-cache={nginx}")
    assert set(snapshot(second.root)) == {*FILES, "SConstruct"}
    assert counts(built(second, nginx, "-j8", "-s")) == (5, 5) and snapshot(first.root) == snapshot(second.root)


def test_a_comment_stops_early_and_an_edit_runs_what_it_reaches(tree, nginx) -> None:
    first = tree()
    built(first, nginx)
    first.write("part.c", "/* a comment */ " + FILES["part.c"])
    assert counts(built(first, nginx)) == (1, 0)
    second = tree(at="two", **{**FILES, "inc/part.h": "int part(void);\n#define MORE 1\n"})
    assert counts(built(second, nginx)) == (5, 3)  # both objects are compiled, and stay the same


def test_dry_runs_and_questions_send_no_request(tree, server) -> None:
    project = tree()
    built(project, server.url, "-n")
    project.scons("-q", f"--remote-cache={server.url}", rc=1)
    built(project, server.url, "-c")
    assert server.seen == [] and not project.path("prog").exists()


def test_results_of_commands_that_read_undeclared_files_are_not_shared(tree, server) -> None:
    script = "env.Object('main.c', CCFLAGS=['-Iinc'])\nenv.Object('part.c', CPPPATH=['inc'])\n"
    project = tree(script)
    run = built(project, server.url)
    assert "main.o: not shared, because their commands read or write undeclared files" in run.err
    assert "part.o" not in run.err
    assert counts(built(tree(script, at="two"), server.url)) == (2, 1)


def test_a_read_counts_whatever_the_exit_status(tree, server) -> None:
    script = "env.Command('out.txt', 'in.txt', 'cat $SOURCE > $TARGET; cat table.txt >> $TARGET 2> /dev/null; true')\n"
    built(tree(script, **{"in.txt": "a\n", "table.txt": "b\n"}), server.url)
    second = tree(script, at="two", **{"in.txt": "a\n", "table.txt": "c\n"})
    assert counts(built(second, server.url)) == (1, 0)
    assert second.path("out.txt").read_text() == "a\nc\n"


@pytest.mark.parametrize("mode", ["--sandbox", "--sandbox=report", "--sandbox=trace", "--sandbox=fast"])
def test_with_a_sandbox(tree, server, mode: str) -> None:
    first = tree()
    if not shutil.which("bwrap"):
        pytest.skip("bwrap is not installed")
    built(first, server.url, mode)
    second = tree(at="two")
    hits = 0 if mode == "--sandbox=fast" else 5  # without a trace, the system files that were read are not known
    assert counts(built(second, server.url, mode)) == (5, hits)
    assert snapshot(first.root) == snapshot(second.root)


def test_a_sandbox_refuses_undeclared_files_and_nothing_is_stored(tree, server) -> None:
    project = tree("env.Object('main.c', CCFLAGS=['-Iinc'])\n")
    assert "read inc/part.h, which is not declared" in built(project, server.url, "--sandbox=trace", rc=2).err
    assert server.data == {}


def test_system_files_that_are_read_count(tree, server, tmp_path) -> None:
    """System headers are not declared; a machine with a different one does not use the result."""
    header = tmp_path / "system" / "version.h"
    header.parent.mkdir()
    header.write_text("#define VERSION 1\n")
    script = f"env['ENV']['CPATH'] = {str(header.parent)!r}\nenv.Object('main.c')\n"
    files = {"main.c": "#include <version.h>\nint version = VERSION;\n"}
    built(tree(script, **files), server.url)
    assert counts(built(tree(script, at="two", **files), server.url)) == (1, 1)
    header.write_text("#define VERSION 2\n")
    third = tree(script, at="three", **files)
    assert counts(built(third, server.url)) == (1, 0)
    shutil.copytree(header.parent, tmp_path / "more")
    header.unlink()
    assert "version.h: No such file" in built(tree(script, at="four", **files), server.url, rc=2).err


def test_command_lines_environment_and_program_are_part_of_the_key(tree, server) -> None:
    script = "env['ENV']['WORD'] = ARGUMENTS.get('word', 'a')\n"
    script += "env.Command('out.txt', ['tool.sh', 'in.txt'], ARGUMENTS.get('before', '') + './tool.sh > $TARGET')\n"
    files = {"in.txt": "a\n", "tool.sh": "#!/bin/sh\ncat in.txt; echo $WORD\n"}
    project = tree(script, **files)
    project.path("tool.sh").chmod(0o755)
    for words, hits in (((), 0), ((), 1), (("word=b",), 0), (("before=true; ",), 0), (("word=b",), 1)):
        project.path("out.txt").unlink(missing_ok=True)
        assert counts(built(project, server.url, *words)) == (1, hits), words
    assert project.path("out.txt").read_text() == "a\nb\n"
    project.write("tool.sh", "#!/bin/sh\necho other\n")
    assert counts(built(project, server.url)) == (1, 0)


def test_debugging_information_depends_on_the_folder_unless_it_is_mapped(tree, server) -> None:
    for flags, hits in (("-g", 0), ("-g -gz", 0), ("-g -ffile-prefix-map=%s=.", 1)):
        script = (
            f"flags = {flags!r}.replace('%s', Dir('#').get_abspath())\nenv.Object('main.c', CCFLAGS=flags.split())\n"
        )
        folders = [f"{number}{hits}{len(flags)}" for number in range(2)]
        first, second = (tree(script, at=folder, **{"main.c": "int main(void) { return 0; }\n"}) for folder in folders)
        assert counts(built(first, server.url)) == (1, 0)
        first.scons("-c")
        assert counts(built(first, server.url)) == (1, 1), flags
        assert counts(built(second, server.url)) == (1, hits), flags
        assert os.fsencode(first.root) not in second.path("main.o").read_bytes()


def test_failures_lists_and_odd_commands(tree, server) -> None:
    script = """
env.Command('fail.txt', 'in.txt', 'echo said; echo loud >&2; exit 7')
env.Command('none.txt', 'in.txt', 'true')
env.Command('twice.txt', 'in.txt', ['cp $SOURCE $TARGET', 'echo b >> $TARGET', Touch('$TARGET')])
env.Command(['a.txt', 'b.txt'], 'in.txt', ['cp in.txt a.txt', 'cp a.txt b.txt'])
env.Command('log.txt', 'in.txt', 'cp $SOURCE $TARGET; echo log > side.log')
env.SideEffect('side.log', 'log.txt')
env.AlwaysBuild(env.Command('always.txt', 'in.txt', 'cp $SOURCE $TARGET'))
env.NoCache(env.Command('never.txt', 'in.txt', 'cp $SOURCE $TARGET'))
env.Command('link.txt', 'in.txt', 'ln -s in.txt $TARGET')
env.Command('ünï côde.txt', 'in.txt', 'cat $SOURCE > "ünï côde.txt"')
env.Command(Dir('made'), 'in.txt', ['mkdir -p $TARGET', 'cp $SOURCE $TARGET/copy.txt'])
env.Command('ignored.txt', 'in.txt', '-cp $SOURCE $TARGET; exit 3')
env.Command('run.out', 'tool', './tool > $TARGET')
env.Command('tool', 'in.txt', 'printf "#!/bin/sh\\\\necho ran" > $TARGET; chmod +x $TARGET')
"""
    runs = []
    for name in ("one", "two"):
        project = tree(script, at=name, **{"in.txt": "a\n"})
        run = built(project, server.url, "-k", rc=2)
        assert "said\n" in run.out and "loud\n" in run.err and "[fail.txt] Error 7" in run.err
        runs.append((project, run))
    (one, _), (two, run) = runs
    assert snapshot(one.root) == snapshot(two.root) and two.path("twice.txt").read_text() == "a\nb\n"
    assert two.path("made/copy.txt").exists() and two.path("link.txt").is_symlink()
    assert os.access(two.path("tool"), os.X_OK) and two.path("run.out").read_text() == "ran\n"
    ran = run.err.count("loud\n")
    assert ran == 1 and counts(run)[1] == 6, run.err  # twice (2), b.txt's list (1), ünï, tool, run.out


def test_long_command_lines(tree, server) -> None:
    """Their response file has a different name each time."""
    script = "env.Replace(MAXLINELENGTH=10)\n" + PROGRAM
    built(tree(script), server.url)
    assert counts(built(tree(script, at="two"), server.url))[1] == 5
    changed = tree(script + "env.Append(CCFLAGS=['-O1'])\n", at="three")
    assert counts(built(changed, server.url))[1] < 5


def test_a_cache_folder_goes_on_working(tree, server) -> None:
    script = "CacheDir('cache')\n" + PROGRAM
    project = tree(script)
    built(project, server.url)
    project.scons("-c")
    run = built(project, server.url)
    assert "Retrieved `prog' from cache" in run.out and not COUNT.search(run.err)


def test_variant_folders_and_repositories(tree, server, tmp_path) -> None:
    for duplicate in (0, 1):
        script = (
            f"VariantDir('build', 'src', duplicate={duplicate})\nenv.Object('build/part.c', CPPPATH=['build/inc'])\n"
        )
        files = {f"src/{name}": text for name, text in FILES.items()}
        built(tree(script, at=f"one{duplicate}", **files), server.url)
        assert counts(built(tree(script, at=f"two{duplicate}", **files), server.url)) == (1, 1)
    central = tree("", at="central")
    script = f"Repository({str(central.root)!r})\n" + PROGRAM
    built(tree(script, at="near", **{"note": ""}), server.url)
    assert counts(built(tree(script, at="far", **{"note": ""}), server.url)) == (5, 5)
    central.write("part.c", "int part(void) { return 1; }\n")
    assert counts(built(tree(script, at="other", **{"note": ""}), server.url))[1] < 5


def test_a_file_that_changes_while_it_is_read_is_not_shared(tree, server) -> None:
    script = "env.Command('out.txt', 'in.txt', 'cat $SOURCE > $TARGET; echo b > in.txt')\n"
    project = tree(script, **{"in.txt": "a\n"})
    built(project, server.url)
    assert server.data == {}


def test_upload_never(tree, server) -> None:
    project = tree()
    built(project, server.url, "--remote-upload=never")
    assert {method for method, _, _ in server.seen} == {"GET"} and server.data == {}
    project.scons("-c")
    built(project, server.url, env={"REBEL_REMOTE_UPLOAD": "never"})
    assert server.data == {}


def test_rebel_scons_shares_trees_that_do_not_know_the_tool(tree, server) -> None:
    head = "env = Environment()\n"
    rebel = (sys.executable, "-m", "rebel_tools", "scons", f"--remote-cache={server.url}")
    first, second = tree(head=head), tree(head=head, at="two")
    first.run(*rebel)
    run = second.run(*rebel)
    assert counts(run) == (5, 5) and snapshot(first.root) == snapshot(second.root)
    assert "up to date" in second.run(*rebel).out


def test_the_environment_and_a_variable_name_the_server(tree, server) -> None:
    tree(PROGRAM).scons(env={"REBEL_REMOTE_CACHE": server.url})
    head = HEAD.replace("'remote']", f"('remote', {{'REMOTE_CACHE': {server.url!r}}})]")
    assert counts(tree(head=head, at="two").scons()) == (5, 5)


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (("--remote-cache=ftp://x",), {}, "this is not the address of a remote cache"),
        (("--remote-cache=http://",), {}, "this is not the address of a remote cache"),
        (("--remote-cache=http://u:secret@h/",), {}, "this is not the address of a remote cache"),
        (("--remote-cache=http://x", "--remote-upload=maybe"), {}, "invalid choice: 'maybe'"),
        (("--remote-cache=http://x",), {"REBEL_REMOTE_UPLOAD": "no"}, "REBEL_REMOTE_UPLOAD, is no"),
        (
            ("--remote-cache=http://x",),
            {"REBEL_REMOTE_TOKEN_FILE": "/missing"},
            "/missing: the remote cache cannot be used: it cannot be read",
        ),
        (("--remote-cache=https://x",), {"REBEL_REMOTE_CA": "/missing"}, "the certificate cannot be used"),
    ],
)
def test_mistakes_are_one_sentence(tree, words, env, said: str) -> None:
    run = tree().scons(*words, rc=2, env=env)
    assert said in run.err and "Traceback" not in run.err and "secret" not in run.text


def test_without_a_trace_nothing_is_uploaded(tree, server, tmp_path) -> None:
    project = tree()
    folder = tmp_path / "bin"
    folder.mkdir()
    run = built(project, server.url, env={"PATH": str(folder)})
    assert "nothing is uploaded to the remote cache" in run.err and "apt-get install strace" in run.err
    assert server.data == {} and project.path("prog").exists()


def test_a_build_without_a_server_does_not_load_it(tree) -> None:
    script = "import atexit, sys\nnames = lambda: [name for name in sys.modules if 'rebel_tools.remote' in name]\n"
    run = tree(script + "atexit.register(lambda: print(names()))\n" + PROGRAM).scons()
    assert "\n[]\n" in run.out
