"""What is remembered between builds, and what becomes of it when the file is damaged."""

from __future__ import annotations

import os

import pytest

from rebel_tools.plan.files import Files
from rebel_tools.plan.state import FORMAT, Record, State

RECORD = Record("s", {"a.ml": "1"}, {"a.cmx": "2"}, ["B"], {"B": "3", "C": None}, {"B": None}, "4", None)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "deep" / "state.json")


def saved(path: str) -> State:
    state = State(path)
    state.records["a.cmx"] = RECORD
    state.names["out a.ml"] = ["1", "q", ["B"]]
    state.files["a.ml"] = [1, 2, 3, "1"]
    state.save()
    return State(path)


def test_round_trip(path):
    state = saved(path)
    assert state.records == {"a.cmx": RECORD}
    assert state.names == {"out a.ml": ["1", "q", ["B"]]} and state.files == {"a.ml": [1, 2, 3, "1"]}
    assert os.listdir(os.path.dirname(path)) == ["state.json"]
    state.records.clear()
    state.names.clear()
    state.save()
    state.save()
    assert not os.path.exists(path)


def test_names_that_are_not_unicode(path):
    state = State(path)
    name = os.fsdecode(b"caf\xe9.cmx")
    state.records[name] = RECORD
    state.save()
    assert list(State(path).records) == [name]


def test_damaged_state_is_as_good_as_none(path):
    saved(path)
    with open(path, "rb") as file:
        good = file.read()
    cut = [good[:length] for length in range(0, len(good), 7)]
    flipped = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(0, len(good), 5)]
    for text in [*cut, *flipped, good + b" ", good.replace(FORMAT.encode(), b"rebel-tools 9 state 9"), b"\xff\n{"]:
        with open(path, "wb") as file:
            file.write(text)
        state = State(path)
        assert (state.files, state.names, state.records) == ({}, {}, {}), text
    assert saved(path).records == {"a.cmx": RECORD}


def test_state_that_is_no_file(path):
    os.makedirs(path)
    state = State(path)
    state.records["a.cmx"] = RECORD
    with pytest.raises(OSError):
        state.save()
    assert os.listdir(os.path.dirname(path)) == ["state.json"]


def test_digests_follow_contents(tmp_path):
    remembered: dict = {}
    (tmp_path / "a").write_text("one")
    files = Files(str(tmp_path), remembered)
    one = files.digest("a")
    (tmp_path / "a").write_text("two")
    assert files.digest("a") == one  # asked once in a run
    files.forget("a")
    two = files.digest("a")
    assert two != one
    # Same size, and written within the same tick of the clock: the time stamp alone would not tell.
    (tmp_path / "a").write_text("six")
    assert Files(str(tmp_path), remembered).digest("a") not in (one, two)
    assert files.digest("missing") is None and files.digest(".") is None
