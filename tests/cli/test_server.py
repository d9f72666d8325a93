"""The resident server: its builds are the same as builds without it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from user_project import ROOT, snapshot

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")

SOCKET = "_build/.rebel-tools.server"


def rebel(project, *arguments, rc=0, **environ):
    return project.run(sys.executable, "-m", "rebel_tools", *arguments, rc=rc, env={"REBEL_SERVER": "1", **environ})


def wait_for(condition, what: str) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def is_served(project) -> bool:
    """Whether the socket of the project accepts connections."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        before = os.getcwd()
        os.chdir(project.root)  # the path of a socket has at most 107 bytes
        try:
            probe.connect(SOCKET)
            return True
        except OSError:
            return False
        finally:
            os.chdir(before)


@pytest.fixture
def served(project):
    """A project that was built twice, so that it has a server."""
    project.write("package.json", '{"rebel": {}}')
    project.write("src/one.ml", "let x = 1\n")
    project.write("src/Index.ml", "let () = print_int One.x\n")
    rebel(project, "build")
    assert not project.path(SOCKET).exists()
    project.write("src/one.ml", "let x = 2\n")
    rebel(project, "build")
    wait_for(lambda: is_served(project), "no server came")
    assert builds(project) == 0
    yield project
    rebel(project, "server", "stop", rc=None)


def builds(project) -> int:
    """The number of the server's builds. It may still be busy with the end of the last one."""
    told: dict = {}

    def is_told() -> bool:
        told.update(json.loads(rebel(project, "server", "status", "--json").out))
        return told["running"]

    wait_for(is_told, "the server does not answer")
    return told["builds"]


def output(project) -> str:
    return subprocess.check_output([project.path("_build/default/src/app.out")], text=True)


def test_an_edit_is_built_by_the_server(served):
    for number in range(3, 10):  # on a busy machine the server may not answer in time
        served.write("src/one.ml", f"let x = {number}\n")
        run = rebel(served, "build", "-Q")
        assert "ocamlopt src/one.ml" in run.out and output(served) == str(number)
        if builds(served):
            return
    raise AssertionError("the server has built nothing")


def test_the_socket_is_the_owners(served):
    mode = served.path(SOCKET).stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def test_an_error_is_shown_once_and_has_its_status(served):
    served.write("src/one.ml", "let x = \n")
    run = rebel(served, "build", "-Q", rc=2)
    assert run.err.count("Syntax error") >= 1 and 'File "src/one.ml", line 2' in run.err
    served.write("src/one.ml", "let x = 4\n")
    rebel(served, "build")
    assert output(served) == "4"


def test_variables_and_the_umask_are_those_of_who_asks(served):
    served.write("src/one.ml", "let x = 5\n")
    run = served.run("sh", "-c", f"umask 077; exec {sys.executable} -m rebel_tools build -Q", env={"REBEL_SERVER": "1"})
    assert "ocamlopt" in run.out
    assert stat.S_IMODE(served.path("_build/default/src/Default_Tar__One.cmx").stat().st_mode) == 0o600
    served.write("src/one.ml", "let x = 6\n")
    run = rebel(served, "build", "-Q", OCAMLPARAM="_,w=-a")
    assert output(served) == "6"


def test_what_is_built_equals_a_clean_build(served):
    served.write("src/two.ml", "let y = 10\n")
    served.write("src/Index.ml", "let () = print_int (One.x + Two.y)\n")
    rebel(served, "build")
    names = (".rebel-tools.server", ".rebel-tools.json", ".rebel-tools.manifest", ".rebel-tools.up-to-date")
    incremental = snapshot(served.path("_build"), ignore=names)
    rebel(served, "clean")
    rebel(served, "build", REBEL_SERVER="0")
    assert snapshot(served.path("_build"), ignore=names) == incremental and output(served) == "12"


def test_clean_leaves_nothing_and_ends_the_server(served):
    rebel(served, "clean")
    assert not served.path("_build").exists()
    wait_for(lambda: not processes(served), "the server still runs")


def test_the_server_ends_with_its_socket_and_with_the_project(served):
    assert processes(served)
    shutil.rmtree(served.root / "_build")
    wait_for(lambda: not processes(served), "the server still runs")


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, True),
        ({"CI": "true"}, False),
        ({"CI": "false"}, True),
        ({"CI": "true", "REBEL_SERVER": "1"}, True),
        ({"REBEL_SERVER": "0"}, False),
    ],
)
def test_where_there_is_one(project, environ, wanted):
    """The project of the fixture `served` has a server; these tests do not wait for one that is not started."""
    environ = {"CI": "", "REBEL_SERVER": "", **environ}
    project.write("package.json", '{"rebel": {}}')
    for text in ("1", "2"):
        project.write("src/Index.ml", f"let () = print_int {text}\n")
        rebel(project, "build", **environ)
    assert bool(processes(project)) == wanted
    if wanted:
        wait_for(lambda: is_served(project), "no server came")
        rebel(project, "server", "stop")


def test_check_is_done_by_the_server(served):
    for number in range(3, 10):
        served.write("src/one.ml", f"let x = {number}\n")
        assert "src/one.ml" in rebel(served, "check", "-Q").out
        if builds(served):
            return
    raise AssertionError("the server has checked nothing")


@pytest.fixture
def expecting(served):
    """A server that has built the same several times, and expects to be asked for it again."""
    for number in range(10, 20):
        served.write("src/one.ml", f"let x = {number}\n")
        rebel(served, "build", "-Q")
        assert output(served) == str(number)
        if builds(served) >= 3:
            break
    wait_for(lambda: len(processes(served)) == 3, "nothing has begun")  # it, what has begun, and who waits
    return served


def test_what_was_asked_for_twice_begins_early_and_sees_every_change(expecting):
    """Sources, package.json, and what the next build says are read when somebody asks."""
    before = builds(expecting)
    expecting.write("src/two.ml", "let y = 100\n")
    expecting.write("src/Index.ml", "let () = print_int (One.x + Two.y)\n")
    expecting.write("src/one.ml", "let x = 1\n")
    rebel(expecting, "build", "-Q")
    assert output(expecting) == "101"
    expecting.write("package.json", '{"rebel": {"flags": {"compile": ["-nosuchflag"]}}}')
    assert "-nosuchflag" in rebel(expecting, "build", "-Q", rc=2).err
    expecting.write("package.json", '{"rebel": {')
    assert "package.json:1" in rebel(expecting, "build", "-Q", rc=2).err
    expecting.write("package.json", '{"rebel": {}}')
    rebel(expecting, "build", "-Q")
    assert builds(expecting) == before + 4


def test_what_else_is_asked_for_is_built_by_the_server_too(expecting):
    before = builds(expecting)
    expecting.write("src/one.ml", "let x = 2\n")
    assert "src/one.ml" in rebel(expecting, "build").out
    expecting.write("src/one.ml", "let x = 3\n")
    rebel(expecting, "build", "-Q", OCAMLPARAM="_,g=0")
    expecting.write("src/one.ml", "let x = 4\n")
    assert "src/one.ml" in rebel(expecting, "check", "-Q").out
    assert builds(expecting) == before + 3
    rebel(expecting, "build", "-Q")
    assert output(expecting) == "4"


def test_commands_get_the_variables_of_the_shell_that_asks_and_an_sconstruct_is_read(expecting):
    expecting.write("pp", '#!/bin/sh\necho "$OLDPWD $SHLVL" > variables\ncat "$1"\n').chmod(0o755)
    flags = {"compile": ["-pp", f"{expecting.root}/pp"]}
    expecting.write("package.json", json.dumps({"rebel": {"flags": flags}}))
    rebel(expecting, "build", "-Q", OLDPWD="/somewhere", SHLVL="7")
    assert expecting.path("variables").read_text() == "/somewhere 7\n"
    expecting.write("SConstruct", "print('mine')\n")
    assert "mine" in rebel(expecting, "build").out


def test_nothing_is_left_of_a_server_that_is_killed(expecting):
    os.kill(json.loads(rebel(expecting, "server", "status", "--json").out)["process"], signal.SIGKILL)
    wait_for(lambda: not processes(expecting), "a process of the server still runs")
    expecting.write("src/one.ml", "let x = 5\n")
    rebel(expecting, "build", "-Q")
    assert output(expecting) == "5"


def test_stop(served):
    assert "stopped" in rebel(served, "server", "stop").out
    wait_for(lambda: not processes(served), "the server still runs")
    assert "no server" in rebel(served, "server", "status").out


def test_other_circumstances_build_by_themselves(served):
    """A different Python path, limit or locale: the server does not know what they would change."""
    served.write("src/one.ml", "let x = 7\n")
    rebel(served, "build", LC_ALL="C")
    assert output(served) == "7"
    assert builds(served) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_an_error_of_one_line(served):
    """The build itself is done by the server, and again where the disk has room."""
    served.write("src/one.ml", "let x = 3\n")
    command = [sys.executable, "-m", "rebel_tools", "build"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command,
            cwd=served.root,
            env={**os.environ, "REBEL_SERVER": "1"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode != 0 and "No space left on device" in done.stderr and "Traceback" not in done.stderr
    rebel(served, "build")
    assert output(served) == "3"


@pytest.fixture
def client(served):
    """A build in a process of its own, which has started and waits in its preprocessor; the file pid has its id."""
    served.write("slow", f"#!/bin/sh\necho $$ > {served.root}/pid\nexec sleep 300\n").chmod(0o755)
    served.write("package.json", json.dumps({"rebel": {"flags": {"compile": ["-pp", f"{served.root}/slow"]}}}))
    process = subprocess.Popen(
        [sys.executable, "-m", "rebel_tools", "build"],
        cwd=served.root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "REBEL_SERVER": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(served.path("pid").exists, "the preprocessor has not started")
    return process


def the_preprocessor_ends(project) -> None:
    number = int(project.path("pid").read_text())
    wait_for(lambda: not is_running(number), "the preprocessor still runs")


def is_running(number: int) -> bool:
    """Whether a process exists and has not ended. If no process waits for orphans, an ended one remains as a zombie."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_interrupt_reaches_the_compilers(served, client):
    client.send_signal(signal.SIGINT)
    assert client.wait(60) == -signal.SIGINT
    the_preprocessor_ends(served)


def test_a_client_that_is_killed_ends_its_build(served, client):
    client.kill()
    client.wait()
    the_preprocessor_ends(served)


def test_who_sends_something_else_is_no_client(served):
    for data in (b"", b"{}\n", b"x" * 100, b"3\n{}\n", b"9\nbuild", b"12\nbuild\0/\0x\0\0y", b"99999999999\n"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            before = os.getcwd()
            os.chdir(served.root)
            other.connect(SOCKET)
            os.chdir(before)
            other.sendall(data)
    served.write("src/one.ml", "let x = 8\n")
    rebel(served, "build")
    assert output(served) == "8"


def processes(project) -> list[int]:
    """The servers in the folder of the project."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            folder = os.readlink(f"/proc/{name}/cwd")
            with open(f"/proc/{name}/cmdline", "rb") as f:
                words = f.read()
        except OSError:
            continue
        if folder.startswith(str(project.root)) and b"rebel_tools.scons.server" in words:
            found.append(int(name))
    return found
