"""Messages of the Remote Execution API, in the encoding of protocol buffers, and the entries that consist of them."""

from __future__ import annotations

import random

import pytest

from rebel_tools.remote import entry
from rebel_tools.remote.messages import Action, Command, Digest, Output, Result, digest_of, result_from
from rebel_tools.remote.tree import Input, merkle_tree
from rebel_tools.remote.wire import decoded, encoded

EMPTY = digest_of(b"")
KEY = digest_of(b"key")
RESULT = Result([Output("a/b.o", digest_of(b"x"), True)], b"out", b"err", started=1_500_000_000_000_000_007, ended=2)


def test_the_examples_of_the_format() -> None:
    """Those of https://protobuf.dev/programming-guides/encoding/."""
    assert encoded((1, 150)) == bytes.fromhex("089601")
    assert encoded((2, "testing")) == bytes.fromhex("120774657374696e67")
    assert encoded((3, encoded((1, 150)))) == bytes.fromhex("1a03089601")
    assert encoded((1, -2)) == bytes.fromhex("08feffffffffffffffff01")
    assert decoded(bytes.fromhex("089601120774657374696e67")) == {1: [150], 2: [b"testing"]}
    assert encoded((1, 0), (2, None), (3, "")) == bytes.fromhex("1a00")


@pytest.mark.parametrize(
    "text", ["08", "0a05", "0aff", "0d0000", "08" + "ff" * 11, "0b", "0c", "0a8080808080808080808001"]
)
def test_what_is_no_message(text: str) -> None:
    with pytest.raises(ValueError):
        decoded(bytes.fromhex(text))


def test_results_are_as_they_were() -> None:
    assert result_from(RESULT.encode()) == RESULT
    assert result_from(b"") == Result([])
    failed = Result([], digest_of(b"long"), EMPTY, exit_code=-9)
    assert result_from(failed.encode()) == failed


def test_a_tree_does_not_depend_on_the_order() -> None:
    files = {"b.c": Input(EMPTY), "a/z.h": Input(KEY), "a/é.h": Input(KEY, True), "a.c": Input(KEY)}
    tree = merkle_tree(files, ["empty/inside"])
    assert tree == merkle_tree(dict(reversed(list(files.items()))), ["empty", "empty/inside"])
    assert len(tree.folders) == 4 and all(digest_of(data) == digest for digest, data in tree.folders.items())
    assert tree.root != merkle_tree(files).root
    assert tree.root != merkle_tree({**files, "a.c": Input(KEY, True)}, ["empty/inside"]).root


def test_what_decides_about_a_key() -> None:
    command = Command(["cc", ""], {"A": "1", "B": "2"}, ["x.o"], "sub", {"os": "linux"})
    others = [
        command._replace(arguments=["cc"]),
        command._replace(environment={"A": "12", "B": ""}),
        command._replace(outputs=["y.o"]),
        command._replace(folder=""),
        command._replace(platform={}),
    ]
    assert len({each.encode() for each in [command, *others]}) == 6
    assert command.encode() == command._replace(environment={"B": "2", "A": "1"}).encode()
    action = Action(KEY, EMPTY, b"salt")
    assert action.encode() != action._replace(salt=b"").encode() != action._replace(root=KEY).encode()


def test_an_entry_is_that_of_its_key_and_machine() -> None:
    machine = {"/usr/include/a.h": "1"}.__getitem__
    data = entry.sealed(KEY, RESULT, ["/usr/include/a.h"], machine)
    result, consulted = entry.opened(KEY, data)
    assert result._replace(note=b"") == RESULT and consulted == {"/usr/include/a.h": "1"}
    assert entry.different(consulted, machine) == ""
    assert entry.different(consulted, lambda path: "2") == "/usr/include/a.h"
    assert entry.opened(EMPTY, data) is None and entry.opened(KEY, RESULT.encode()) is None


def test_damage_is_found_wherever_it_is() -> None:
    data = entry.sealed(KEY, RESULT, ["/usr/include/a.h"], lambda path: "1")
    generator = random.Random(1)
    for number in range(len(data) * 8):
        bit = bytearray(data)
        bit[number // 8] ^= 1 << number % 8
        found = entry.opened(KEY, bytes(bit))
        assert found is None or found[0]._replace(note=b"") == RESULT and found[1:] == entry.opened(KEY, data)[1:]
    for _ in range(2000):
        noise = generator.randbytes(generator.randrange(60))
        assert entry.opened(KEY, noise) is None
        assert entry.opened(KEY, data[: generator.randrange(len(data))]) is None


def test_a_digest_is_one() -> None:
    for wrong in (Digest("x" * 64, 1), Digest("a" * 63, 1), Digest("a" * 64, -1)):
        with pytest.raises(ValueError):
            result_from(Result([Output("a", wrong)]).encode())
