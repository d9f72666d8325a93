"""Servers of the Remote Execution API: results and data over gRPC, from buildbox-casd and from a server with faults."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="needs the extra `remote`: grpcio")
pytest.importorskip("buildgrid", reason="needs the extra `remote`: buildgrid-common")

from buildgrid.common.protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as api  # noqa: E402
from c_project import PROGRAM  # noqa: E402
from casd import running_casd  # noqa: E402
from faulty_engine import running_engine  # noqa: E402
from user_project import ROOT, snapshot  # noqa: E402

from rebel_tools.cache.server import Credentials  # noqa: E402
from rebel_tools.errors import RebelError  # noqa: E402
from rebel_tools.remote.grpc_server import GrpcServer  # noqa: E402
from rebel_tools.remote.messages import (  # noqa: E402
    NOTE,
    Action,
    Command,
    Output,
    Result,
    digest_of,
    result_from,
)
from rebel_tools.remote.tree import Input, merkle_tree  # noqa: E402

COUNT = re.compile(r"remote cache: (\d+) commands, (\d+) of them from the cache")
KEY, SMALL, LARGE = digest_of(b"key"), b"small", bytes(9 << 20) + b"large"


@pytest.fixture
def casd(tmp_path):
    with running_casd(tmp_path / "casd") as found:
        yield found


@pytest.fixture
def engine():
    with running_engine() as found:
        yield found


def client(url: str, shown: Credentials | None = None, deadline: float = 20.0) -> tuple[GrpcServer, list[str]]:
    said: list[str] = []
    return GrpcServer(url, "", shown or Credentials(), said.append, deadline=deadline), said


# Messages


def test_messages_are_those_of_the_generated_stubs() -> None:
    command = Command(["cc", "", "-o"], {"B": "2", "A": ""}, ["b.o", "a.o"], "sub/é", {"os": "linux"})
    theirs = api.Command(
        arguments=["cc", "", "-o"],
        environment_variables=[
            api.Command.EnvironmentVariable(name="A", value=""),
            api.Command.EnvironmentVariable(name="B", value="2"),
        ],
        output_paths=["a.o", "b.o"],
        working_directory="sub/é",
        platform=api.Platform(properties=[api.Platform.Property(name="os", value="linux")]),
    )
    assert api.Command.FromString(command.encode()) == theirs
    # They also sort fields by their numbers, but leave out empty values, which are the default.
    filled = command._replace(environment={"B": "2"})
    theirs.environment_variables.pop(0)
    assert filled.encode() == theirs.SerializeToString(deterministic=True)
    digest = api.Digest(hash=KEY.hash, size_bytes=KEY.size)
    action = api.Action(command_digest=digest, input_root_digest=digest, salt=b"salt", platform=theirs.platform)
    assert Action(KEY, KEY, b"salt", {"os": "linux"}).encode() == action.SerializeToString(deterministic=True)
    tree = merkle_tree({"b.c": Input(KEY, True), "a/é.h": Input(KEY)}, ["c"])
    root = api.Directory.FromString(tree.folders[tree.root])
    assert root.SerializeToString(deterministic=True) == tree.folders[tree.root]
    assert [each.name for each in root.files] == ["b.c"] and [each.name for each in root.directories] == ["a", "c"]
    assert root.files[0].is_executable and root.files[0].digest == digest


def test_results_are_those_of_the_generated_stubs() -> None:
    ours = Result([Output("a.o", KEY, True)], b"out", KEY, -9, 1_500_000_000_000_000_007, 5, b"note")
    theirs = api.ActionResult.FromString(ours.encode())
    assert theirs.exit_code == -9 and theirs.output_files[0].is_executable and theirs.stderr_digest.size_bytes == 3
    assert theirs.execution_metadata.execution_start_timestamp.nanos == 7
    assert theirs.execution_metadata.auxiliary_metadata[0].type_url == NOTE
    assert result_from(theirs.SerializeToString()) == ours
    theirs.output_symlinks.add(path="x", target="y")
    theirs.output_directories.add(path="d")
    assert result_from(theirs.SerializeToString()).others == 2 and not result_from(theirs.SerializeToString()).is_whole


# The client


def test_casd_returns_what_was_uploaded(casd) -> None:
    server, said = client(casd.url)
    blobs = {digest_of(data): data for data in (SMALL, LARGE, b"")}
    assert server.blobs(blobs) == {} or server.blobs(blobs) == {digest_of(b""): b""}
    assert server.upload(blobs)
    other, _ = client(casd.url)
    assert other.missing(blobs) == [] and other.blobs([*blobs, KEY]) == blobs
    result = Result([Output("a.o", digest_of(SMALL))], b"out", note=b"note")
    assert server.result(KEY) is None and server.keep_result(KEY, result.encode())
    assert result_from(other.result(KEY)) == result and said == []
    assert server.counts.up in (3, 4) and other.counts.bytes_down > len(LARGE)
    many = {digest_of(data): data for data in (bytes([n % 256, n // 256]) * 4000 for n in range(1500))}
    assert server.upload(many) and other.blobs(many) == many  # 12 MB, in several messages


def test_a_damaged_blob_that_casd_does_not_notice_is_rejected(casd) -> None:
    server, said = client(casd.url)
    digest = digest_of(SMALL)
    assert server.upload({digest: SMALL})
    kept = [path for path in casd.folder.rglob("*") if path.is_file() and path.read_bytes() == SMALL]
    assert kept
    for path in kept:
        path.chmod(0o644)
        path.write_bytes(b"SMALL")
    assert client(casd.url)[0].blobs([digest]) == {} and said == []


def test_temporary_failures_are_retried(engine) -> None:
    server, said = client(engine.url)
    engine.failures = 2
    assert server.upload({digest_of(SMALL): SMALL}) and said == []
    engine.failures = 3
    assert server.result(KEY) is None and "come again" in said[0] and not server.is_used
    asked = len(engine.asked)
    assert server.blobs([KEY]) == {} and not server.upload({KEY: b"key"}) and len(engine.asked) == asked
    assert len(said) == 1


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("silent", "it does not answer in time"),
        ("token", "it refuses access (the token has expired); check REBEL_REMOTE_TOKEN"),
        ("md5", "it does not support SHA-256 digests"),
    ],
)
def test_a_server_that_fails_is_given_up(engine, fault: str, text: str) -> None:
    engine.fault = fault
    server, said = client(engine.url, Credentials({"Authorization": "Bearer old"}), deadline=0.3)
    server.blobs([KEY])
    server.result(KEY)
    assert len(said) == 1 and text in said[0] and said[0].startswith("the remote cache grpc://127.0.0.1")
    assert "old" not in said[0]


def test_a_token_is_sent(engine) -> None:
    engine.fault = "token"
    server, said = client(engine.url, Credentials({"Authorization": "Bearer right"}))
    assert server.upload({digest_of(SMALL): SMALL}) and said == []


def test_full_and_wrong_bytes(engine) -> None:
    server, said = client(engine.url)
    assert server.upload({digest_of(SMALL): SMALL})
    engine.fault = "wrong bytes"
    assert server.blobs([digest_of(SMALL)]) == {}
    engine.fault = "full"
    assert not server.upload({KEY: b"key"}) and not server.keep_result(KEY, b"") and said == [] and server.is_used


def test_another_protocol_and_a_closed_port(nginx) -> None:
    server, said = client(nginx.replace("http:", "grpc:").partition("/some")[0])
    assert server.result(KEY) is None and len(said) == 1 and "\n" not in said[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server, said = client(f"grpc://127.0.0.1:{port}")
    assert server.result(KEY) is None and said[0].endswith("is not used: Connection refused")


@pytest.mark.parametrize("url", ["grpc://", "grpc://h", "grpc://h:0", "grpc://h:x", "grpc://u:p@h:1", "grpc://h:1/x"])
def test_wrong_addresses(url: str) -> None:
    with pytest.raises(RebelError, match="not the address of a gRPC server"):
        client(url)


def test_certificates(tmp_path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("needs openssl: apt-get install openssl")
    for name in ("own", "other"):
        words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
        words += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{name}.key", "-out", f"{name}.crt"]
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)
    pair = (tmp_path / "own.key").read_bytes(), (tmp_path / "own.crt").read_bytes()
    with running_engine(pair) as engine:
        server, said = client(engine.url, Credentials({}, "", str(tmp_path / "own.crt")))
        assert server.upload({digest_of(SMALL): SMALL}) and said == []
        server, said = client(engine.url, Credentials({}, "", str(tmp_path / "other.crt")))
        assert server.result(KEY) is None and "its certificate is not accepted" in said[0] and len(said) == 1
        for wrong in (Credentials({}, "/missing"), Credentials({}, "", __file__)):
            with pytest.raises(RebelError, match="the certificate cannot be used"):
                client(engine.url, wrong)


# Builds


def counts(run) -> tuple[int, int]:
    found = COUNT.search(run.err)
    assert found, run.text
    return int(found[1]), int(found[2])


def test_a_fresh_checkout_runs_nothing(tree, casd) -> None:
    first, second = tree(), tree(at="two")
    assert counts(first.scons(f"--remote-cache={casd.url}")) == (5, 0)
    assert counts(second.scons(f"--remote-cache={casd.url}", "-j4")) == (5, 5)
    assert snapshot(first.root) == snapshot(second.root)


def test_the_server_dies_in_the_middle(tree, casd) -> None:
    plain = tree(at="plain")
    plain.scons()
    script = PROGRAM + "env.Command('late', 'prog', f'kill {ARGUMENTS[\"casd\"]}; sleep 0.5; cp $SOURCE $TARGET')\n"
    project = tree(script + "env.Object('after.o', ['main.c'])\nenv.Depends('after.o', 'late')\n")
    run = project.scons(f"--remote-cache={casd.url}", f"casd={casd.process.pid}", "-j1")
    assert run.err.count("is not used") == 1 and "Traceback" not in run.text
    assert project.path("prog").read_bytes() == plain.path("prog").read_bytes() == project.path("late").read_bytes()


def test_results_of_packages(tmp_path, casd) -> None:
    from user_project import Project

    if not shutil.which("ocamlfind"):
        pytest.skip("ocamlfind is not installed")
    made = []
    for name in ("one", "two"):
        project = Project(tmp_path / name)
        project.write("package.json", '{"name": "app", "rebel": {}}')
        project.write("src/index.ml", "print_int Count.one\n")
        project.write("src/count.ml", "let one = 1\n")
        words = (sys.executable, "-m", "rebel_tools", "build", f"--remote-cache={casd.url}")
        run = project.run(*words, env={"REBEL_CACHE": str(tmp_path / f"{name}.cache"), "NO_COLOR": "1"})
        made.append(project.path("_build/default/src/app.out").read_bytes())
    assert "from the cache" in run.out and "is not used" not in run.err and made[0] == made[1]


# Imports, and missing packages


def test_other_builds_do_not_import_grpc(tree, server) -> None:
    script = "import atexit, sys\nnames = lambda: sorted({'grpc', 'buildgrid', 'google.protobuf'} & {*sys.modules})\n"
    script += "atexit.register(lambda: print(names()))\n" + PROGRAM
    assert "\n[]\n" in tree(script).scons().out
    assert "\n[]\n" in tree(script, at="two").scons(f"--remote-cache={server.url}").out
    run = tree(script, at="three").scons("--remote-cache=grpc://127.0.0.1:1")
    assert "['buildgrid', 'google.protobuf', 'grpc']" in run.out


def test_a_missing_package_is_reported_in_one_sentence(tree, tmp_path) -> None:
    broken = tmp_path / "broken" / "grpc"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('no grpc here')\n")
    path = f"{broken.parent}:{ROOT}"
    for option in ("--remote-cache", "--remote-executor"):
        run = tree().scons(f"{option}=grpc://h:1", rc=2, env={"PYTHONPATH": path})
        assert "gRPC needs the package grpc, which is not installed" in run.err and "Traceback" not in run.err
        assert "pip install 'rebel-tools[remote]'" in run.err


def old_python() -> str | None:
    names = [f"python3.{minor}" for minor in (9, 10)]
    there = [shutil.which(name) for name in names]
    there += [str(path) for path in sorted((Path.home() / ".pyenv" / "versions").glob("3.[91]*/bin/python3"))]
    for program in filter(None, there):
        version = subprocess.run([program, "-c", "import sys; print(sys.version_info[1])"], capture_output=True)
        if version.stdout.strip() in (b"9", b"10"):
            return program
    return None


def test_an_older_python_is_refused() -> None:
    program = old_python()
    if program is None:
        pytest.skip("no Python 3.9 or 3.10 is installed")
    code = "from rebel_tools.remote.connect import needs_grpc\nneeds_grpc()"
    run = subprocess.run([program, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "gRPC needs Python 3.11 or later; this is 3." in run.stderr


def test_mistakes_are_one_sentence(tree) -> None:
    for words, text in (
        (("--remote-cache=grpc://h",), "the remote cache cannot be used: this is not the address of a gRPC server"),
        (("--remote-executor=http://h",), "the remote executor cannot be used: this is not a valid address"),
        (("--remote-cache=http://h", "--remote-instance=x"), "only gRPC servers have instances"),
    ):
        run = tree().scons(*words, rc=2)
        assert text in run.err and "Traceback" not in run.err and "expected: " in run.err


def test_threads_share_one_server(casd) -> None:
    server, said = client(casd.url)
    wrong: list[int] = []

    def work(number: int) -> None:
        blobs = {digest_of(data): data for data in (b"%d" % (number % 3), b"%d of its own" % number)}
        if not server.upload(blobs) or server.blobs(blobs) != blobs:
            wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and said == []
