"""Results on a server: stored ones are used, and after any failure the build succeeds, with one line about it."""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
import subprocess
import sys

import pytest
from faulty_server import FAULTS, running
from nginx_cache import running_nginx

from rebel_tools import tools
from rebel_tools.cache.server import Credentials, HttpCache, credentials
from rebel_tools.errors import RebelError

SLOW = ("silent", "drips")  # the faults of which the client waits, for a shorter time than in a build

with_ocaml = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

NAME = "a" * 64
DATA = b"some data"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server():
    with running() as found:
        yield found


@pytest.fixture
def client(server):
    """A client with a list for its messages, and a short deadline."""
    said: list[str] = []
    there = HttpCache(server.url, Credentials({"Authorization": "Bearer secret"}), said.append, deadline=0.5)
    yield there, said
    there.close()


def test_what_is_put_is_got(server, client) -> None:
    there, said = client
    assert there.get("ac", NAME) is None and there.put("ac", NAME, DATA) and there.get("ac", NAME) == DATA
    assert there.put("cas", DIGEST, DATA) and there.get("cas", DIGEST) == DATA
    assert set(server.data) == {f"/team/ac/{NAME}", f"/team/cas/{DIGEST}"} and said == []
    assert {headers["Authorization"] for _, _, headers in server.seen} == {"Bearer secret"}
    assert there.counts == (2, 2 * len(DATA), 2, 2 * len(DATA))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_is_given_up(server, client, fault: str) -> None:
    """It is reported in one line, and the server is not used again."""
    there, said = client
    assert there.put("cas", DIGEST, DATA)
    server.fault = fault
    assert there.get("cas", DIGEST) is None
    asked = len(server.seen)
    assert there.get("ac", NAME) is None and not there.put("ac", NAME, DATA) and len(server.seen) == asked
    assert len(said) == 1 and said[0].startswith("the remote cache http://127.0.0.1") and "\n" not in said[0], said


def test_wrong_bytes_are_not_taken(server, client) -> None:
    there, said = client
    server.fault = "wrong bytes"
    assert there.get("cas", DIGEST) is None and said == []


def test_one_failure_is_tried_again(server, client) -> None:
    there, said = client
    assert there.put("cas", DIGEST, DATA)
    there._own.connection.sock.shutdown(socket.SHUT_RDWR)  # like a proxy that was restarted
    assert there.get("cas", DIGEST) == DATA and said == []


def test_nobody_is_there() -> None:
    said: list[str] = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    there = HttpCache(f"http://127.0.0.1:{port}", Credentials(), said.append)
    assert there.get("ac", NAME) is None and len(said) == 1 and "refused" in said[0]


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://h", "http://", "http://h:x", "http://u:p@h/", "http://h/?q", "http://h:0"]
)
def test_wrong_addresses(url: str) -> None:
    with pytest.raises(RebelError, match="not the address of a remote cache"):
        HttpCache(url, Credentials(), print)


def test_credentials_come_from_files_and_the_environment(tmp_path) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    (tmp_path / "headers").write_text("X-Team: a b\n\nX-More: 1\n")
    found = credentials(
        {"REBEL_REMOTE_TOKEN_FILE": str(tmp_path / "token"), "REBEL_REMOTE_HEADERS_FILE": str(tmp_path / "headers")}
    )
    assert found.headers == {"X-Team": "a b", "X-More": "1", "Authorization": "Bearer t0ken"}
    assert credentials({"REBEL_REMOTE_TOKEN": "own"}).headers == {"Authorization": "Bearer own"}
    (tmp_path / "headers").write_text("X-Team a b\n")
    for environ in (
        {"REBEL_REMOTE_HEADERS_FILE": str(tmp_path / "headers")},
        {"REBEL_REMOTE_TOKEN": "a\nX: b"},
        {"REBEL_REMOTE_TOKEN_FILE": str(tmp_path / "missing")},
    ):
        with pytest.raises(RebelError):
            credentials(environ)


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 with its key, and an unrelated one."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl: apt-get install openssl")
    for name in ("own", "other"):
        words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
        words += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{name}.key", "-out", f"{name}.crt"]
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)
        (tmp_path / f"{name}.pem").write_text(
            (tmp_path / f"{name}.crt").read_text() + (tmp_path / f"{name}.key").read_text()
        )
    return tmp_path


def test_certificates(server, certificate) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "own.pem")
    context.load_verify_locations(certificate / "other.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url, own, other = (
        server.url.replace("http:", "https:"),
        str(certificate / "own.crt"),
        str(certificate / "other.pem"),
    )
    said: list[str] = []
    there = HttpCache(url, Credentials({}, other, own), said.append)
    assert there.put("cas", DIGEST, DATA) and there.get("cas", DIGEST) == DATA and said == []
    there.close()
    assert HttpCache(url, Credentials({}, other), said.append).get("ac", NAME) is None
    assert "its certificate is not accepted" in said[0]
    for wrong in (Credentials({}, "/missing"), Credentials({}, "", own.replace("crt", "key"))):
        with pytest.raises(RebelError, match="the certificate cannot be used"):
            HttpCache(url, wrong, said.append)


# Builds


def other_machine(tree, name: str):
    """A clone without access to the cache of this machine."""
    clone = tree.clone(name)
    clone.cache = tree.root.parent / f"{name}.cache"
    return clone


@with_ocaml
def test_a_second_machine_takes_what_the_first_one_made(tree, server) -> None:
    option = f"--remote-cache={server.url}"
    first = tree.rebel("build", option)
    assert "11 steps from" not in first.out and "remote cache: 0 files (0 KB) down, 2" in first.err
    clone = other_machine(tree, "two")
    second = clone.rebel("build", option)
    assert clone.ran(second) == [] and "(11 steps from the cache)" in second.out and "0 files (0 KB) up" in second.err
    assert clone.made() == tree.made()
    shutil.rmtree(clone.path("_build"))
    asked = len(server.seen)
    assert "all from the cache" in clone.rebel("build", option).out and len(server.seen) == asked
    third = other_machine(tree, "three")
    third.write("node_modules/text/src/words.ml", "let loud w = Base.(w.name ^ mark)\nlet count = 2\n")
    ran = third.ran(third.rebel("build", "-j1", "--remote-upload=never", env={"REBEL_REMOTE_CACHE": server.url}))
    assert len(ran) == 3  # the module, its archive, the program
    assert not any(method == "PUT" for method, _, _ in server.seen[asked:])


@with_ocaml
@pytest.mark.parametrize("fault", [*(each for each in FAULTS if each not in SLOW), "wrong bytes", "full"])
def test_a_build_with_a_server_that_fails(tree, server, fault: str) -> None:
    option = f"--remote-cache={server.url}"
    tree.rebel("build", option)
    server.fault = fault
    clone = other_machine(tree, "two")
    told = clone.rebel("build", option)
    assert clone.made() == tree.made() and "Traceback" not in told.text
    if fault == "full":  # nothing is uploaded then
        clone.write("src/count.ml", "let one = 5\n")
        told = clone.rebel("build", option)
        assert clone.run("_build/default/src/app.out").out == "hi!5"
    assert told.err.count("is not used") == (0 if fault == "wrong bytes" else 1), told.err


@with_ocaml
def test_damaged_and_exchanged_entries_are_found(tree, server) -> None:
    option = f"--remote-cache={server.url}"
    tree.rebel("build", option)
    good = dict(server.data)
    for number, change in enumerate(
        (lambda data: data[:-1], lambda data: b"", lambda data: data[:50] + b"?" + data[51:])
    ):
        server.data = {path: change(data) for path, data in good.items()}
        clone = other_machine(tree, f"clone{number}")
        assert "from the cache" not in clone.rebel("build", option).out
        assert clone.made() == tree.made()
    paths = sorted(path for path in good if "/ac/" in path)
    server.data = {**good, **dict(zip(paths, [good[path] for path in [*paths[1:], paths[0]]]))}
    clone = other_machine(tree, "last")
    assert "from the cache" not in clone.rebel("build", option).out and clone.made() == tree.made()


@with_ocaml
def test_mistakes_are_told_before_anything_is_built(tree) -> None:
    for option, env in (
        ("--remote-cache=ftp://x", {}),
        ("--remote-cache=http://x", {"REBEL_REMOTE_TOKEN_FILE": "/missing"}),
    ):
        told = tree.rebel("build", option, rc=2, env=env)
        assert "the remote cache cannot be used" in told.err and "Traceback" not in told.err
        assert not tree.path("_build/default/src/app.out").exists()


@pytest.fixture
def nginx(tmp_path):
    with running_nginx(tmp_path / "nginx") as url:
        yield url


@with_ocaml
def test_nginx(tree, nginx) -> None:
    option = f"--remote-cache={nginx}"
    tree.rebel("build", option)
    clone = other_machine(tree, "two")
    told = clone.rebel("build", option)
    assert clone.ran(told) == [] and clone.made() == tree.made() and "is not used" not in told.err


@with_ocaml
def test_other_builds_load_nothing_of_it(tree) -> None:
    script = "import sys, rebel_tools.scons.rebel, rebel_tools.scons.packages; print('http.client' in sys.modules)"
    code = f"import SCons.Script\n{script}"
    assert tree.run(sys.executable, "-c", code).out == "False\n"
