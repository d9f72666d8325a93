"""`--remote-executor`: commands run on an engine, and the outcome is as after a local build, even if it fails."""

from __future__ import annotations

import os
import re

import pytest

pytest.importorskip("grpc", reason="needs the extra `remote`: grpcio")
pytest.importorskip("buildgrid", reason="needs the extra `remote`: buildgrid-common")

from buildgrid.common.protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as api  # noqa: E402
from buildgrid.common.protos.google.rpc import status_pb2  # noqa: E402
from c_project import FILES, PROGRAM  # noqa: E402
from casd import running_casd  # noqa: E402
from faulty_engine import running_engine  # noqa: E402
from user_project import snapshot  # noqa: E402

COUNT = re.compile(r"remote cache: (\d+) commands, (\d+) of them from the cache, (\d+) on the executor")


@pytest.fixture
def engine():
    with running_engine() as found:
        yield found


def counts(run) -> tuple[int, int, int]:
    """The number of commands, of those from the cache, and of those that the engine ran."""
    found = COUNT.search(run.err)
    assert found, run.text
    return int(found[1]), int(found[2]), int(found[3])


def remotely(project, url: str, *words: str, **options):
    return project.scons(f"--remote-executor={url}", *words, **options)


def test_a_tree_is_as_after_a_local_build(tree, casd) -> None:
    here, there = tree(), tree(at="two")
    here.scons()
    run = remotely(there, casd.url)
    assert counts(run) == (5, 0, 5)
    assert snapshot(here.root) == snapshot(there.root) and os.access(there.path("prog"), os.X_OK)
    assert run.err.count("unused variable") == 1
    assert there.up_to_date() and "up to date" in remotely(there, casd.url).out
    there.write("part.c", FILES["part.c"] + "/* a comment */\n")
    assert counts(remotely(there, casd.url))[0] == 1  # the object stays the same
    there.scons("-c")
    assert set(snapshot(there.root)) == {*FILES, "SConstruct"}
    there.write("part.c", FILES["part.c"])
    run = remotely(there, casd.url, "-j8")
    assert counts(run) == (5, 5, 0) and snapshot(here.root) == snapshot(there.root)
    assert run.err.count("unused variable") == 1


def test_a_proxy_in_front_of_an_engine(tree, casd, tmp_path) -> None:
    words = [f"--cas-remote={casd.url.replace('grpc', 'http')}", f"--ac-remote={casd.url.replace('grpc', 'http')}"]
    words += [f"--exec-remote={casd.url.replace('grpc', 'http')}"]
    with running_casd(tmp_path / "front", *words, executes=False) as front:
        here, there = tree(), tree(at="two")
        here.scons()
        assert counts(remotely(there, front.url)) == (5, 0, 5) and snapshot(here.root) == snapshot(there.root)


def test_failures_are_those_of_the_command(tree, casd) -> None:
    script = """
env.Command('a.txt', 'in.txt', 'echo said; echo loud >&2; exit 7')
env.Command('b.txt', 'in.txt', 'kill -9 $$$$')
env.Command('c.txt', 'in.txt', '-cp $SOURCE $TARGET; exit 3')
env.Command('d.txt', 'in.txt', 'true')
env.Object('wrong.c')
"""
    project = tree(script, **{"in.txt": "a\n", "wrong.c": "int main(void) { return x; }\n"})
    for _ in range(2):  # an engine may cache failures; these must not be used
        run = remotely(project, casd.url, "-k", rc=2)
        assert "said\n" in run.out and "loud\n" in run.err and "[a.txt] Error 7" in run.err
        assert "[b.txt] Error 137" in run.err and "[wrong.o] Error 1" in run.err and "'x' undeclared" in run.err
        assert "the remote executor failed" not in run.err
    assert not project.path("a.txt").exists()


def test_folders_of_a_project_are_not_those_of_a_worker(tree, casd) -> None:
    """A worker mounts its toolchain at /lib and /bin."""
    script = "env.Program('bin/main', 'lib/main.c')\nenv.Command('tmp/copy', 'usr/a.txt', 'cp $SOURCE $TARGET')\n"
    project = tree(script, **{"lib/main.c": "int main(void) { return 0; }\n", "usr/a.txt": "a\n"})
    assert counts(remotely(project, casd.url)) == (3, 0, 3)


def test_a_named_file_elsewhere_keeps_a_command_here(tree, casd, tmp_path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "far.h").write_text("#define FAR 1\n")
    project = tree(f"env.Object('a.c', CCFLAGS=['-I{tmp_path}/elsewhere'])\n", **{"a.c": "#include <far.h>\nint a;\n"})
    run = remotely(project, casd.url)
    assert f"{tmp_path}/elsewhere belongs neither to the project nor to the system" in run.err
    assert counts(run) == (1, 0, 0)


SPEEDS = """
env.Command('quick.txt', 'in.txt', 'cat $SOURCE > $TARGET')
env.Command('slow.txt', 'in.txt', 'sleep 2; cat $SOURCE > $TARGET')
"""


def test_short_commands_run_here(tree, casd) -> None:
    """Their times are known from the last build that had the option, on whatever machine they ran."""
    project = tree(SPEEDS, **{"in.txt": "1\n"})
    assert counts(remotely(project, casd.url)) == (2, 0, 2) and not project.path(".rebel-times.json").exists()
    for number, there in ((2, 2), (3, 1), (4, 1)):
        project.write("in.txt", f"{number}\n")
        run = remotely(project, casd.url, "--remote-min-seconds=1", "-j8")
        assert counts(run) == (2, 0, there) and project.path("quick.txt").read_text() == f"{number}\n"
    for damaged in ("{", '{"format": 1, "targets": [1]}', '{"format": 0}'):
        project.write(".rebel-times.json", damaged)
        project.write("in.txt", damaged)
        assert counts(remotely(project, casd.url, env={"REBEL_REMOTE_MIN_SECONDS": "1"})) == (2, 0, 2)


def test_a_new_target_takes_as_long_as_others_of_its_program(tree, casd) -> None:
    project = tree("for n in 'abc': env.Object(n + '.c')\n", **{f"{n}.c": f"int {n};\n" for n in "abc"})
    assert counts(remotely(project, casd.url, "--remote-min-seconds=1000", "-j1")) == (3, 0, 1)


@pytest.mark.parametrize("value", ["fast", "-1", "nan", ""])
def test_a_wrong_time(tree, value: str) -> None:
    run = remotely(tree(), "grpc://127.0.0.1:9", f"--remote-min-seconds={value}", rc=None)
    assert "Traceback" not in run.text and ("expected: a number of seconds" in run.err) == bool(value)


def test_undeclared_files_are_missing_there(tree, casd) -> None:
    project = tree("env.Object('main.c', CCFLAGS=['-Iinc'])\n")
    run = remotely(project, casd.url, rc=2)
    assert "part.h: No such file or directory" in run.err and "scons --sandbox names undeclared ones" in run.err


def test_a_program_that_is_missing_there_is_a_failure_of_the_engine(tree, casd, tmp_path) -> None:
    tool = tmp_path / "bin" / "own-tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\ncat in.txt\n")
    tool.chmod(0o755)
    script = f"env.PrependENVPath('PATH', {str(tool.parent)!r})\n"
    script += (
        "env.Command('a.txt', 'in.txt', 'own-tool > $TARGET')\nenv.Command('b.txt', 'in.txt', 'own-tool in.txt')\n"
    )
    script += "env.Command('c.txt', ['in.txt', 'sub/tool'], 'sub/tool > $TARGET')\n"
    project = tree(script, **{"in.txt": "a\n", "sub/tool": "#!/bin/sh\ncat in.txt\n"})
    project.path("sub/tool").chmod(0o755)
    run = remotely(project, casd.url, "-k", rc=None)
    assert "own-tool belongs neither to the project nor to the system" in run.err
    assert project.path("c.txt").read_text() == "a\n" and counts(run)[2] >= 1


def test_the_reason_for_running_here_is_reported_once(tree, casd) -> None:
    script = """
top = Dir('#').get_abspath()
for n in range(3):
    env.Command(f'{n}.txt', 'in.txt', f'test -d {top}; cp $SOURCE $TARGET')
env.Command(Dir('made'), 'in.txt', 'mkdir -p $TARGET; cp $SOURCE $TARGET/copy.txt')
env.AlwaysBuild(env.Command('always.txt', 'in.txt', 'cp $SOURCE $TARGET'))
env.Command('link.txt', 'in.txt', 'ln -s in.txt $TARGET')
env.Command('twice.txt', 'in.txt', ['cp $SOURCE $TARGET', 'echo b >> $TARGET', Touch('$TARGET')])
"""
    project = tree(script, **{"in.txt": "a\n"})
    run = remotely(project, casd.url)
    assert run.err.count("contains the path of the project") == 1, run.err
    assert "it has AlwaysBuild" in run.err and run.err.count("warning:") <= 1
    assert "links or folders" in run.err or "is not a file or directory" in run.err  # casd refuses links
    assert project.path("2.txt").read_text() == "a\n" and project.path("made/copy.txt").exists()
    assert project.path("link.txt").is_symlink() and project.path("twice.txt").read_text() == "a\nb\n"


def test_the_engine_dies_in_the_middle(tree, casd) -> None:
    plain = tree(at="plain")
    plain.scons()
    script = (
        PROGRAM + f"env.AlwaysBuild(env.Command('late', 'main.o', 'kill {casd.process.pid}; cp $SOURCE $TARGET'))\n"
    )
    project = tree(script + "env.Depends('libpart.a', 'late')\n")
    run = remotely(project, casd.url, "-j1")
    assert "Traceback" not in run.text and run.err.count("warning: the remote executor") in (1, 2), run.err
    assert project.path("prog").read_bytes() == plain.path("prog").read_bytes()


def test_with_a_cache_elsewhere_and_a_sandbox(tree, casd, server) -> None:
    """Results of the engine stay there; the declarations of commands that run here are enforced."""
    words = (f"--remote-cache={server.url}", "--sandbox=trace")
    assert counts(remotely(tree(), casd.url, *words)) == (5, 0, 5)
    assert counts(remotely(tree(at="two"), casd.url, *words)) == (5, 5, 0)


def done(**fields) -> api.ExecuteResponse:
    return api.ExecuteResponse(**fields)


def failed(code: int) -> api.ActionResult:
    return api.ActionResult(exit_code=code, stderr_raw=b"wrong\n")


COPY = "env.Command('a.txt', 'in.txt', 'cp $SOURCE $TARGET')\n"
CANCELLED = status_pb2.Status(code=1, message="the worker was told to end")


GONE = api.OutputFile(path="a.txt", digest=api.Digest(hash="a" * 64))
HUGE = api.OutputFile(path="a.txt", digest=api.Digest(hash="a" * 64, size_bytes=1 << 60))
NO_DIGEST = api.OutputFile(path="a.txt", digest=api.Digest(hash="../x", size_bytes=-1))
NOT_STARTED = api.ActionResult(exit_code=1, stderr_raw=b"bwrap: execvp cp: No such file\n")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (None, "it closed the stream before the command had ended"),
        (done(status=CANCELLED, result=failed(143)), "the worker was told to end"),
        (done(result=api.ActionResult(output_files=[GONE])), "cannot be downloaded, is damaged"),
        (done(result=NOT_STARTED), "bwrap: execvp cp"),
        (done(result=api.ActionResult(output_files=[HUGE])), "is too large"),
        (done(result=api.ActionResult(output_files=[NO_DIGEST])), "its answer does not conform"),
        (done(result=api.ActionResult(stdout_digest=NO_DIGEST.digest)), "its answer does not conform"),
    ],
)
def test_an_engine_that_fails(tree, engine, answer, text: str) -> None:
    engine.answers = [answer] * 2
    project = tree(COPY, **{"in.txt": "a\n"})
    run = remotely(project, engine.url)
    assert project.path("a.txt").read_text() == "a\n" and text in run.err and counts(run) == (1, 0, 0)
    assert run.err.count("warning:") == 1 and "Error" not in run.err and engine.skipped == [False, False]


def test_an_engine_that_loses_outputs(tree, engine) -> None:
    engine.answers = [done(result=api.ActionResult())]
    project = tree(COPY, **{"in.txt": "a\n"})
    run = remotely(project, engine.url)
    assert project.path("a.txt").read_text() == "a\n" and "did not return all of its targets" in run.err


def test_an_engine_without_workers(tree, engine) -> None:
    engine.fault = "no worker"
    project = tree(COPY, **{"in.txt": "a\n"})
    run = remotely(project, engine.url, "--remote-timeout=1.5")
    assert project.path("a.txt").read_text() == "a\n" and len(engine.skipped) == 1
    assert "a command was there for more than 1.5 s" in run.err and run.err.count("warning:") == 1


def test_a_cached_failure_is_executed_again(tree, engine) -> None:
    engine.answers = [done(result=failed(1), cached_result=True), done(result=failed(5))]
    project = tree(COPY, **{"in.txt": "a\n"})
    run = remotely(project, engine.url, rc=2)
    assert engine.skipped == [False, True] and "[a.txt] Error 5" in run.err and "wrong\n" in run.err


def test_returned_outputs_are_checked(tree, engine) -> None:
    """A file that is not a target of the command is not written."""
    engine.data["b" * 64] = b"something else"
    stray = api.OutputFile(path="../b.txt", digest=api.Digest(hash="b" * 64, size_bytes=14))
    engine.answers = [done(result=api.ActionResult(output_files=[stray]))] * 2
    project = tree(COPY, **{"in.txt": "a\n"})
    remotely(project, engine.url)
    assert project.path("a.txt").read_text() == "a\n" and not (project.root.parent / "b.txt").exists()


@pytest.mark.parametrize("fault", ["token", "no engine", "full", "md5"])
def test_an_unusable_engine(tree, engine, fault: str) -> None:
    engine.fault = fault
    project = tree()
    run = remotely(project, engine.url, "-j2", env={"REBEL_REMOTE_TOKEN": "old-secret"})
    assert project.path("prog").exists() and "Traceback" not in run.text and "old-secret" not in run.text
    assert run.err.count("rebel: warning") == 1 and counts(run) == (5, 0, 0)
