"""The bytes of interface files: the same on every Python, and safe to read, whatever they are."""

from __future__ import annotations

import contextlib
import glob
import os
import pickle
import shutil
import struct
import subprocess
import textwrap
from pathlib import Path

import pytest
from hang import no_hang

from rebel_tools.interface import codec
from rebel_tools.interface.codec import CodecError, Limits, dumps, loads

CODEC = Path(codec.__file__)

SAMPLE = {
    "numbers": [0, 1, 255, 256, 65535, 65536, -1, -129, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63, 2**64 - 1],
    "large": [-(2**63), 2**127, -(2**127)],
    "floats": [0.0, -1.5, 1e300],
    "text": ["", "plain", "\u00e9\u20ac", "\U0001f600"],
    "nested": {"list": [[], [{}], {"x": [None, True, False]}]},
    "\uffff": 1,
    "\U00010000": 2,
}


def python2() -> str | None:
    """A working Python 2.7 on this machine (pyenv has shims for versions that are not selected)."""
    candidates = [shutil.which(name) for name in ("python2.7", "pypy", "pypy2")]
    candidates += glob.glob(os.path.expanduser("~/.pyenv/versions/2.7*/bin/python"))
    for path in filter(None, candidates):
        if subprocess.run([path, "-c", "import cPickle"], capture_output=True).returncode == 0:
            return path
    return None


def test_reads_what_pickle_writes_and_pickle_reads_what_it_writes():
    assert loads(pickle.dumps(SAMPLE, 2)) == SAMPLE
    assert pickle.loads(dumps(SAMPLE)) == SAMPLE
    assert loads(dumps(SAMPLE)) == SAMPLE


def test_tuples_are_read_as_lists():
    assert loads(pickle.dumps([(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)], 2)) == [
        [],
        [1],
        [1, 2],
        [1, 2, 3],
        [1, 2, 3, 4],
    ]


def test_the_bytes_do_not_depend_on_the_order_of_keys():
    assert dumps({"a": 1, "b": 2}) == dumps({"b": 2, "a": 1})


def test_python_2_writes_the_same_bytes_and_reads_what_its_picklers_write(tmp_path):
    interpreter = python2()
    if interpreter is None:
        pytest.skip("needs python2.7 or pypy")
    shutil.copy(CODEC, tmp_path / "rebel_codec.py")
    (tmp_path / "sample.pickle").write_bytes(pickle.dumps(SAMPLE, 2))
    script = tmp_path / "write.py"
    script.write_text(
        textwrap.dedent(
            """
            import cPickle, pickle, rebel_codec
            data = rebel_codec.loads(open("sample.pickle", "rb").read())
            open("own", "wb").write(rebel_codec.dumps(data))
            open("digest", "w").write(rebel_codec.digest(data))
            data["bytes"] = "ascii"
            data["long"] = 5L
            data["tuple"] = (1, (2,))
            open("pickle", "wb").write(pickle.dumps(data, 2))
            open("cpickle", "wb").write(cPickle.dumps(data, 2))
            """
        )
    )
    subprocess.run([interpreter, str(script)], cwd=tmp_path, check=True)
    assert (tmp_path / "own").read_bytes() == dumps(SAMPLE)
    assert (tmp_path / "digest").read_text() == codec.digest(SAMPLE)
    expected = {**SAMPLE, "bytes": "ascii", "long": 5, "tuple": [1, [2]]}
    assert loads((tmp_path / "pickle").read_bytes()) == expected
    assert loads((tmp_path / "cpickle").read_bytes()) == expected


class Instance:
    pass


@pytest.mark.parametrize(
    "data",
    [b"bytes", {1, 2}, Instance(), {1: 2}, {"a": {None: 1}}, float("nan"), float("inf"), 2**128, "\ud800", object, 1j],
    ids=lambda value: type(value).__name__,
)
def test_the_writer_refuses_what_is_no_plain_data(data):
    with pytest.raises(CodecError):
        dumps({"x": [data]})


def test_the_writer_refuses_cycles():
    cycle: list = []
    cycle.append(cycle)
    with pytest.raises(CodecError, match="nested"):
        dumps(cycle)


def unicode_op(text: str) -> bytes:
    encoded = text.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


ATTACKS = {
    # name: (bytes, offset of the error, words of the message)
    "empty": (b"", 0, "too early"),
    "truncated argument": (b"\x80\x02X\x10\x00\x00\x00abc", 2, "too early"),
    "no STOP": (b"\x80\x02N", 3, "too early"),
    "trailing data": (b"\x80\x02N.N", 4, "follow the end"),
    "several values": (b"\x80\x02NN.", 4, "left on the stack"),
    "open mark": (b"\x80\x02](.", 4, "left on the stack"),
    "GLOBAL": (b"\x80\x02cos\nsystem\n.", 2, "opcode 0x63"),
    "REDUCE": (b"\x80\x02)R.", 3, "opcode 0x52"),
    "BUILD": (b"\x80\x02}}b.", 4, "opcode 0x62"),
    "OBJ": (b"\x80\x02(o.", 3, "opcode 0x6f"),
    "INST": (b"\x80\x02(ios\nsystem\n.", 3, "opcode 0x69"),
    "NEWOBJ": (b"\x80\x02))\x81.", 4, "opcode 0x81"),
    "PERSID": (b"\x80\x02Pid\n.", 2, "opcode 0x50"),
    "BINPERSID": (b"\x80\x02NQ.", 3, "opcode 0x51"),
    "EXT1": (b"\x80\x02\x82\x01.", 2, "opcode 0x82"),
    "LONG4": (b"\x80\x02\x8b\xff\xff\xff\x7f.", 2, "opcode 0x8b"),
    "STACK_GLOBAL": (b"\x80\x02" + unicode_op("sys") + unicode_op("exit") + b"\x93.", 19, "opcode 0x93"),
    "protocol 4": (b"\x80\x04N.", 0, "protocol 4"),
    "second PROTO": (b"\x80\x02\x80\x02N.", 2, "PROTO"),
    "put at 2**26": (b"\x80\x02r\x00\x00\x00\x04.", 2, "nothing to remember"),
    "shared list": (b"\x80\x02](]q\x00h\x00e.", 7, "shared"),
    "shared tuple": (b"\x80\x02()q\x00h\x00t.", 6, "shared"),
    "missing memo": (b"\x80\x02h\x07.", 2, "does not exist"),
    "number as key": (b"\x80\x02}(K\x01K\x02u.", 8, "a key is a int"),
    "tuple as key": (b"\x80\x02})K\x02s.", 6, "a key is a list"),
    "twice the same key": (b"\x80\x02}(" + unicode_op("a") + b"N" + unicode_op("a") + b"Nu.", 18, "is there twice"),
    "odd number of items": (b"\x80\x02}(" + unicode_op("a") + b"u.", 10, "no value"),
    "append to text": (b"\x80\x02" + unicode_op("a") + b"Na.", 9, "no list"),
    "append below the mark": (b"\x80\x02](Na.", 5, "no list"),
    "pop of an empty stack": (b"\x80\x02\x86.", 2, "stack is empty"),
    "items without a mark": (b"\x80\x02]e.", 3, "no mark"),
    "text that is not UTF-8": (b"\x80\x02X\x01\x00\x00\x00\xff.", 2, "not UTF-8"),
    "half a surrogate pair": (b"\x80\x02X\x03\x00\x00\x00\xed\xa0\x80.", 2, "surrogate"),
    "byte string that is not ASCII": (b"\x80\x02U\x01\xff.", 2, "not ASCII"),
    "negative length": (b"\x80\x02T\xff\xff\xff\xff.", 2, "negative"),
    "huge decimal": (b"\x80\x02I" + b"9" * 5000 + b"\n.", 2, "does not end"),
    "no decimal": (b"\x80\x02I0x10\n.", 2, "not a decimal"),
    "large integer": (b"\x80\x02\x8a\xff" + b"\x7f" * 255 + b".", 2, "too large"),
    "infinity": (b"\x80\x02G\x7f\xf0\x00\x00\x00\x00\x00\x00.", 2, "infinite"),
    "nested lists": (b"\x80\x02" + b"]" * 101 + b"a" * 100 + b".", None, "nested"),
    "nested tuples": (b"\x80\x02)" + b"\x85" * 101 + b".", None, "nested"),
    "nested marks": (b"\x80\x02" + b"(" * 500, None, "nested"),
    "five million lists": (b"\x80\x02" + b"]" * 5_000_000, None, "too many values"),
    "text that is used a million times": (
        b"\x80\x02](" + unicode_op("x" * 1_000_000) + b"q\x00" + b"h\x00" * 1_000_000 + b"e.",
        None,
        "too much text",
    ),
    "memo entries": (b"\x80\x02N" + b"".join(b"r" + struct.pack("<I", n) for n in range(1_100_000)), None, "memo"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(name):
    data, offset, words = ATTACKS[name]
    with no_hang(), pytest.raises(CodecError, match=words) as caught:
        loads(data)
    assert caught.value.expected
    if offset is not None:
        assert caught.value.offset == offset


def test_a_file_that_is_too_large_is_refused_before_anything_else():
    with pytest.raises(CodecError, match="too many"):
        loads(b"\x80" * (Limits.size + 1))


def test_bit_flips_end_in_a_typed_error_or_in_plain_data():
    data = bytearray(dumps(SAMPLE))
    for position in range(len(data)):
        for bit in (0, 3, 7):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            with contextlib.suppress(CodecError):
                loads(bytes(flipped))


def test_truncation_at_every_byte_is_a_typed_error():
    data = dumps(SAMPLE)
    for length in range(len(data)):
        with pytest.raises(CodecError):
            loads(data[:length])
