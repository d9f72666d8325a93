"""Two builds in one tree wait for each other, and a cache gets only results that match their keys."""

from __future__ import annotations

import os
import subprocess
import sys

from hang import SECONDS
from tool_project import commands, outputs, sconstruct
from user_interactive import Interactive
from user_project import ROOT

WAITS = "rebel: another build is running in .; waiting for its end"
BODY = "env.OCamlProgram('app', Glob('src/*.ml'), OCAMLENGINES='native byte')\n"


def start(project, *options: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "SCons", *options]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=project.root, env=environment, text=True, **streams)


def many_modules(project) -> None:
    files = {f"src/m{n}.ml": f"let v = {f'M{n - 1}.v + ' if n else ''}1\n" for n in range(12)}
    sconstruct(project, BODY, {**files, "src/main.ml": "let () = print_int M11.v\n"})


def test_builds_of_one_tree(project):
    many_modules(project)
    for round_ in range(2):
        project.write("src/m3.ml", f"let v = M2.v + {round_ + 1}\nlet more = {round_}\n")
        builds = [start(project, "-j2") for _ in range(3)]
        texts = [build.communicate(timeout=SECONDS)[0] for build in builds]
        assert [build.returncode for build in builds] == [0, 0, 0], texts
        assert any(WAITS in text for text in texts)
        assert project.run("./app").out == str(12 + round_)
    assert commands(project.scons()) == []
    assert WAITS not in project.scons().out
    before = outputs(project)
    project.scons("-c")
    project.scons()
    assert outputs(project) == before


def test_a_build_and_a_clean(project):
    many_modules(project)
    first, second = start(project), start(project, "-c")
    texts = [each.communicate(timeout=SECONDS)[0] for each in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), texts
    project.scons()
    assert project.run("./app").out == "12"


def test_who_only_looks_does_not_wait(project):
    sconstruct(project, BODY + 'env.Command("slow", [], "touch started; while ! test -e go; do sleep 0.05; done")\n')
    project.write("src/main.ml", "")
    with start(project) as slow:
        while not project.path("started").exists():
            assert slow.poll() is None
        for option in ("-n", "-q", "-h"):
            assert WAITS not in project.scons(option, rc=None).out
        project.write("go", "")
        slow.communicate(timeout=SECONDS)
    assert slow.returncode == 0


def test_a_build_that_is_a_step_of_another(project):
    """It cannot wait for the build that waits for it."""
    again = f"{sys.executable} -m SCons -f Inner inner"
    sconstruct(project, f"env['ENV'] = dict(__import__('os').environ)\nenv.Command('out', [], {again!r})\n" + BODY)
    sconstruct(project, BODY.replace("app", "inner"), name="Inner")
    project.write("src/main.ml", "let () = print_int 1\n")
    project.scons("app", "out")
    assert project.run("./inner").out == "1"


def test_interactive_sessions_hold_the_tree_while_they_build(project):
    many_modules(project)
    with Interactive(project) as session:
        session("build")
        assert WAITS not in project.scons().out
        project.write("src/m3.ml", "let v = M2.v + 5\n")
        project.scons()
        assert commands(project.scons()) == []
        assert "up to date" in session("build app")


def test_a_source_that_is_saved_before_the_compiler_reads_it(project):
    """The cache key was computed from the old contents."""
    sconstruct(
        project,
        """
        CacheDir("cache")
        objects = env.OCamlObject(["a.ml", "a.mli", "b.ml"])
        env.AddPreAction([node for node in objects if str(node) == "a.cmx"], "sh ./save.sh")
        env.OCamlProgram("app", objects)
        """,
        {"a.ml": 'let v = "old"\n', "a.mli": "val v : string\n", "b.ml": "let () = print_string A.v\n"},
    )
    project.write("save.sh", "if test -e new.ml; then cp new.ml a.ml; fi\n")
    project.write("new.ml", 'let v = "new"\n')
    project.scons()
    assert project.run("./app").out == "new"
    project.path("new.ml").unlink()
    project.write("a.ml", 'let v = "old"\n')
    project.scons("-c")
    project.path(".rebel-tools.json").unlink(missing_ok=True)
    project.scons("--cache-force")
    assert project.run("./app").out == "old"
    project.scons("-c")
    again = project.scons()
    assert "Retrieved `a.cmx' from cache" in again.out
    assert project.run("./app").out == "old"
    project.write("a.ml", 'let v = "new"\n')
    project.scons()
    assert project.run("./app").out == "new"
