"""Interfaces as text: read back exactly, and nothing else than what was written is accepted."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from test_file import sample

from rebel_tools.interface import file
from rebel_tools.interface.errors import UnreadableInterface


@pytest.fixture
def text(tmp_path) -> bytes:
    path = tmp_path / "core.interface"
    file.write_interface(sample(), path, as_text=True)
    return path.read_bytes()


def test_it_is_read_as_it_was_written(text):
    again = file.from_bytes(text, "core.interface")
    assert again == sample()
    assert file.to_bytes(again) == file.to_bytes(sample())


def test_it_is_for_people(text):
    lines = text.decode("ascii").splitlines()
    assert any(" int ns::g(" in line and line.endswith("raises CoreError  [g]") for line in lines)
    assert any(line.startswith("   # struct point { int x @0; int b : 3 @4;") for line in lines)
    assert max(map(len, lines)) < 200


def test_names_that_are_not_ascii(tmp_path):
    interface = sample()
    functions = {"größe": replace(interface.declarations.functions["g"], name="größe", display="a\x1b[2J\n#b")}
    interface = replace(interface, declarations=replace(interface.declarations, functions=functions))
    path = tmp_path / "core.interface"
    file.write_interface(interface, path, as_text=True)
    assert file.read_interface(path) == interface
    assert b"\x1b" not in path.read_bytes()


WRONG = [
    (b'"x86_64"', b'"i386"', "digest"),
    (b"# struct point { int x @0", b"# struct point { int x @4", "was edited"),
    (b"{\n", b"{{\n", "this is not JSON"),
    (b'"digest"', b'"digest": 1, "digest"', "twice"),
    (b"8", b"NaN", "NaN is not a number"),
    (b"8", b"8" * 5000, "a number of 5000 digits"),
    (b"\n", b"\r\n", "end in carriage returns"),
    (b"8", b"\xff", "not text in UTF-8"),
    (b"\n}\n", b"\n}", "was edited"),
    (b"\n}\n", b"\n}\n\n", "was edited"),
]


@pytest.mark.parametrize("old, new, said", WRONG)
def test_what_was_edited_is_refused(text, old, new, said):
    broken = text.replace(old, new)
    assert broken != text
    with pytest.raises(UnreadableInterface) as caught:
        file.from_bytes(broken, "core.interface")
    assert said in str(caught.value)


def test_what_was_added_at_the_end_is_refused_there(text):
    with pytest.raises(UnreadableInterface) as caught:
        file.from_bytes(text + b"\n", "core.interface")
    last = len(text.split(b"\n"))
    assert str(caught.value).startswith(f"core.interface:{last + 1}: this line was edited")


def test_deep_nesting_is_an_error(text):
    for deep in (200, 100_000):
        with pytest.raises(UnreadableInterface, match="nested|levels"):
            file.from_bytes(text.split(b"\n")[0] + b"\n" + b"[" * deep + b"]" * deep, "x")


def test_broken_at_random(text):
    """Only typed errors."""
    chance = random.Random(7)
    for _ in range(400):
        out = bytearray(text)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(out))
            out[at : at + chance.randrange(3)] = bytes([chance.choice(b'{}[]",:#\n 0-9eE\\u\xff')])
        try:
            assert file.from_bytes(bytes(out), "x") == sample()
        except UnreadableInterface:
            continue
