"""The records that are kept between builds, and what happens if their file is damaged."""

from __future__ import annotations

import os

import pytest

from rebel_tools.memory.digests import Files
from rebel_tools.memory.disk import RealDisk
from rebel_tools.memory.records import Record, State
from rebel_tools.memory.state_file import FORMAT

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
    for text in [*cut, *flipped, good.replace(FORMAT.encode(), b"rebel-tools 9 state 9"), b"\xff\n{"]:
        with open(path, "wb") as file:
            file.write(text)
        state = State(path)
        assert (state.files, state.names, state.records) == ({}, {}, {}), text
    assert saved(path).records == {"a.cmx": RECORD}


def test_small_changes_are_added(path):
    state = saved(path)
    for number in range(40):
        state.records[f"m{number}.cmx"] = RECORD
    state.save()
    whole = os.stat(path)
    state = State(path)
    state.records["a.cmx"] = other = Record("t", {}, {})
    del state.records["m0.cmx"]
    state.names["out b.ml"] = ["2", "q", []]
    state.save()
    status = os.stat(path)
    assert status.st_ino == whole.st_ino and 0 < status.st_size - whole.st_size < 400
    again = State(path)
    assert again.records["a.cmx"] == other and len(again.records) == 40 and "m0.cmx" not in again.records
    assert again.names.keys() == {"out a.ml", "out b.ml"} and again.files == {"a.ml": [1, 2, 3, "1"]}
    for number in range(1, 40):
        again.records[f"m{number}.cmx"] = other
        again.save()
    assert os.stat(path).st_size < 2 * whole.st_size  # it was rewritten when it had become too long
    assert State(path).records == again.records


def test_what_an_interrupted_build_has_added_does_not_count(path):
    state = saved(path)
    for number in range(20):
        state.records[f"m{number}.cmx"] = RECORD
    state.save()
    size, before = os.path.getsize(path), dict(State(path).records)
    state.records["m0.cmx"] = Record("t", {}, {})
    state.save()
    with open(path, "rb") as file:
        good = file.read()
    for length in range(size, len(good) - 1, 5):
        with open(path, "wb") as file:
            file.write(good[:length])
        state = State(path)
        assert state.records == before
    for gone in (False, True):
        with open(path, "wb") as file:
            file.write(good[:-2])
        state = State(path)
        if gone:
            os.unlink(path)
        state.records["m1.cmx"] = Record("u", {}, {})
        state.save()
        assert State(path).records == {**before, "m1.cmx": Record("u", {}, {})}


def test_file_that_somebody_else_has_written_is_written_anew(path):
    first, second = saved(path), State(path)
    first.records["b.cmx"] = RECORD
    first.save()
    second.records["c.cmx"] = RECORD
    second.save()
    assert State(path).records == {"a.cmx": RECORD, "c.cmx": RECORD}


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
    files = Files(RealDisk(str(tmp_path)), remembered)
    one = files.digest("a")
    (tmp_path / "a").write_text("two")
    assert files.digest("a") == one  # asked once in a run
    files.forget("a")
    two = files.digest("a")
    assert two != one
    # Same size, and written within the same tick of the clock: the time stamp alone does not show the change.
    (tmp_path / "a").write_text("six")
    assert Files(RealDisk(str(tmp_path)), remembered).digest("a") not in (one, two)
    assert files.digest("missing") is None and files.digest(".") is None
