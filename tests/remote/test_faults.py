"""A server that fails in some way: the build succeeds with the right outputs, and prints one line at most."""

from __future__ import annotations

import re
import shutil
import socket

import pytest
from faulty_server import FAULTS
from user_project import snapshot

SLOW = ("silent", "drips")
CACHED = re.compile(r", (\d+) of them from the cache")


@pytest.fixture
def filled(tree, server):
    """What a tree builds to; the server has all of it."""
    project = tree(at="first")
    project.scons(f"--remote-cache={server.url}")
    return snapshot(project.root)


def cached(run) -> int:
    return int(CACHED.search(run.err)[1])


@pytest.mark.parametrize("fault", [*(each for each in FAULTS if each not in SLOW), "wrong bytes", "full"])
def test_a_build_with_a_server_that_fails(tree, server, filled, fault: str) -> None:
    server.fault = fault
    project = tree()
    run = project.scons(f"--remote-cache={server.url}", "-j2")
    assert snapshot(project.root) == filled and "Traceback" not in run.text
    project.write("part.c", "int part(void) { return 3; }\n")
    run = project.scons(f"--remote-cache={server.url}")
    assert run.err.count("is not used") == (0 if fault == "wrong bytes" else 1), run.err


def test_a_closed_port(tree, filled) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    project = tree()
    run = project.scons(f"--remote-cache=http://127.0.0.1:{port}")
    assert run.err.count("is not used") == 1 and "refused" in run.err and snapshot(project.root) == filled


def test_it_dies_in_the_middle(tree, server, filled) -> None:
    project = tree()
    server.dies_after = len(server.seen) + 6
    run = project.scons(f"--remote-cache={server.url}", "-j1")
    assert run.err.count("is not used") == 1 and 0 < cached(run) < 5 and snapshot(project.root) == filled


def test_damaged_and_exchanged_entries_are_found(tree, server, filled) -> None:
    good = dict(server.data)
    changes = (
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
        lambda data: data[:2] + b"?" + data[3:],
    )
    for number, change in enumerate(changes):
        for kind in ("/ac/", "/cas/"):
            server.data = {path: change(data) if kind in path else data for path, data in good.items()}
            project = tree(at=f"{number}{kind[1]}")
            hits = cached(project.scons(f"--remote-cache={server.url}"))
            assert hits <= (kind == "/cas/")  # ar has just uploaded what ranlib makes
            assert snapshot(project.root) == filled
            shutil.rmtree(project.root)
    paths = sorted(path for path in good if "/ac/" in path)
    server.data = {**good, **dict(zip(paths, [good[path] for path in [*paths[1:], paths[0]]]))}
    project = tree()
    assert cached(project.scons(f"--remote-cache={server.url}")) == 0 and snapshot(project.root) == filled


def test_control_characters_from_a_server_do_not_reach_a_terminal(tree, server) -> None:
    script = "env.Command('out.txt', 'in.txt', r\"cp $SOURCE $TARGET; printf 'a \\033]0;title\\007 b\\n'\")\n"
    tree(script, at="first", **{"in.txt": ""}).scons(f"--remote-cache={server.url}")
    run = tree(script, **{"in.txt": ""}).scons(f"--remote-cache={server.url}")
    assert cached(run) == 1 and "a \\x1b]0;title\\x07 b\n" in run.out


def test_a_server_that_is_full_for_one_file(tree, server) -> None:
    server.fault = "too large"
    run = tree().scons(f"--remote-cache={server.url}")
    assert "is not used" not in run.err and server.data == {}
