"""SIGINT, SIGTERM, SIGHUP during a build: compilers end, the build ends by that signal, and the next one succeeds."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rebel_tools import tools
from rebel_tools.signals import descendants

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 20
REBEL = [sys.executable, "-m", "rebel_tools"]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OCAMLOPT = tools.find("ocamlopt")
needs_ocaml = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

# Half of the outputs exist when the signal arrives, and the running program is a grandchild of the build.
SLOW_COMPILER = """#!/bin/sh
case "$*" in
  *{module}*)
    if [ -e slow ]; then
      echo half > _build/default/src/Default_Tar__{module}.cmx
      sh -c 'touch working; sleep 300'
      exit 3
    fi ;;
esac
exec {ocamlopt} "$@"
"""


@pytest.fixture
def app(project):
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/Index.ml", "let () = print_string A.text\n")
    project.write("src/a.ml", 'let text = "one"\n')
    for name in ("ocamlopt", "ocamlopt.opt"):
        project.write(f"bin/{name}", SLOW_COMPILER.format(module="A", ocamlopt=OCAMLOPT)).chmod(0o755)
    return project


def environ(project) -> dict[str, str]:
    path = f"{project.path('bin')}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


def start(project, *command: str) -> subprocess.Popen:
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=project.root, env=environ(project), text=True, **streams)


def wait_for(path: Path) -> None:
    end = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < end, f"waited in vain for {path}"
        time.sleep(0.01)


def working_in(folder: Path) -> list[str]:
    """The names of the processes whose working directory is a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder:
                found.append((process / "comm").read_text().strip())
        except OSError:  # it has ended, or belongs to another user
            continue
    return found


@needs_ocaml
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("jobs", ["-j1", "-j4"])
def test_a_signal_while_something_compiles(app, number, jobs):
    app.write("slow", "")
    build = start(app, *REBEL, "build", jobs)
    wait_for(app.path("working"))
    build.send_signal(number)
    said, _ = build.communicate(timeout=SECONDS)
    assert build.returncode == -number and "Traceback" not in said, said
    assert working_in(app.root) == []
    app.path("slow").unlink()
    app.run(*REBEL, "build", env=environ(app))
    assert app.run(app.path("_build/default/src/app.out")).out == "one"
    assert not [path for path in app.snapshot() if path.endswith(f".{build.pid}")]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_an_sconstruct_is_read(project, number):
    project.write("SConstruct", "import subprocess\nsubprocess.run(['sh', '-c', 'touch working; sleep 300'])\n")
    build = start(project, *REBEL, "build")
    wait_for(project.path("working"))
    build.send_signal(number)
    said, _ = build.communicate(timeout=SECONDS)
    assert build.returncode == -number and "Traceback" not in said, said
    assert working_in(project.root) == []


def test_commands_of_an_sconstruct_end_too(project):
    project.write(
        "SConstruct",
        "DefaultEnvironment(tools=[])\nenv = Environment(tools=[])\n"
        "env.Command('out', [], 'touch working; sleep 300; touch $TARGET')\n",
    )
    build = start(project, *REBEL, "build")
    wait_for(project.path("working"))
    build.send_signal(signal.SIGTERM)
    build.communicate(timeout=SECONDS)
    assert build.returncode == -signal.SIGTERM and working_in(project.root) == []
    assert not project.path("out").exists()


@needs_ocaml
def test_a_signal_while_another_build_is_waited_for(app):
    app.write("slow", "")
    with start(app, *REBEL, "build") as first:
        wait_for(app.path("working"))
        with start(app, sys.executable, "-u", "-m", "rebel_tools", "build", "-Q") as second:
            assert "another build is running" in second.stdout.readline()
            second.terminate()
            assert second.wait(SECONDS) == -signal.SIGTERM and first.poll() is None
        first.terminate()
        assert first.wait(SECONDS) == -signal.SIGTERM


def test_what_nohup_ignores_is_ignored(project):
    project.write("SConstruct", "import os, signal\nos.kill(os.getpid(), signal.SIGHUP)\nopen('read', 'w').close()\n")
    project.run("nohup", *REBEL, "build", "-Q", rc=None)
    assert project.path("read").exists()


def test_descendants_are_found_at_any_depth():
    with subprocess.Popen(["sh", "-c", "sh -c 'echo up; sleep 300'; true"], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        found = descendants()
        assert child.pid in found and len(found) >= 2
        for process in reversed(found):
            with contextlib.suppress(ProcessLookupError):  # its child does not exist any more, so it has ended
                os.kill(process, signal.SIGKILL)
