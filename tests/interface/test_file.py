"""Interface files: what is written can be read back, and anything else in a file is one typed error."""

from __future__ import annotations

import contextlib
import copy
import os
import random
import subprocess
import sys

import pytest

from rebel_tools.abi import types as t
from rebel_tools.errors import Place
from rebel_tools.interface import codec, file, plain
from rebel_tools.interface.codec import Limits
from rebel_tools.interface.errors import UnreadableInterface
from rebel_tools.interface.model import ExceptionType, Interface, Producer, Target
from rebel_tools.interface.render import to_json, to_text

INT = t.Integer(4, True, "int")
POINT = t.Ref("struct point")
EVERY_TYPE = (
    t.Void(), t.Bool(), INT, t.Float(8, "double"), t.Float(16, "", True), t.Pointer(POINT, 8), t.Pointer(INT, 8, "&&"),
    t.MemberPointer(INT, 16), t.MemberPointer(INT, 8, POINT), t.Array(INT, 3), t.Array(INT, None),
    t.FunctionType(INT, (INT, INT), True, "stdcall"),
    t.Typedef("T", INT), t.Qualified(INT, "const"), t.Record("union", None, 4, (t.Field("x", INT, 0),)),
    t.Enum(None, INT, (("A", -1),)), t.Unknown("no reason", 3),
)  # fmt: skip


def sample() -> Interface:
    """An interface with every kind of type and of declaration."""
    functions = {
        f"f{n}": t.Function(f"f{n}", kind, (t.Parameter("a", kind),), declared_at=Place("core.h", n))
        for n, kind in enumerate(EVERY_TYPE)
    }
    functions["h"] = t.Function("h", t.Void(), noreturn=True)
    functions["g"] = t.Function("g", INT, varargs=True, convention="stdcall", raises=("CoreError",), display="ns::g")
    fields = (t.Field("x", INT, 0), t.Field("b", INT, 4, 3, 33), t.Field("Base", POINT, 8, kind="base"))
    types = {
        "struct point": t.Record("struct", "point", 16, fields, Place("core.h", 100)),
        "struct opaque": t.Record("struct", "opaque", None),
        "enum colour": t.Enum("colour", INT, (("RED", 1), ("GREEN", 2**40))),
    }
    return Interface(
        Target("x86_64", 8, "little", "linux"),
        Producer("test", "1"),
        t.Declarations(functions, {"v": t.Variable("v", INT, tls=True)}, types),
        options={"gc": "incminimark", "flags": ["-m64"]},
        exceptions={"CoreError": ExceptionType("CoreError", "Exception", "_ZTI9CoreError")},
        digest_symbol="core_digest",
        extra={"producer": {"specific": [1, 2.5, None]}},
    )


def test_everything_is_read_as_it_was_written():
    interface = sample()
    again = file.from_bytes(file.to_bytes(interface), "x")
    assert again == interface
    assert hash(again) == hash(interface)
    assert again.declarations == interface.declarations
    assert again.declarations.functions["f3"].declared_at == Place("core.h", 3)
    assert again.declarations.types["struct point"].declared_at == Place("core.h", 100)
    assert file.to_bytes(again) == file.to_bytes(interface)
    assert to_json(again) == to_json(interface)
    assert to_text(again) == str(interface)


def test_equality_is_about_the_promise():
    one, two = sample(), sample()
    object.__setattr__(two, "producer", Producer("other", "2"))
    assert one == two
    two = sample()
    object.__setattr__(two, "target", Target("x86_64", 8, "little", "windows"))
    assert one != two
    assert one != "an interface"


def envelope() -> dict:
    return codec.loads(file.to_bytes(sample()))


def reseal(data: dict) -> bytes:
    """The bytes of changed data, with the right digest."""
    return codec.seal(data["interface"], data["producer"], data["places"])


def walk(value, path=()):
    """The path of every item in plain data."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from walk(item, (*path, key))


def replaced(data, path, value):
    data = copy.deepcopy(data)
    target = data
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return data


FREE = {("interface", "options"), ("interface", "extra")}


@pytest.mark.parametrize("junk", [None, -1, "junk", [], {}, ["pointer"]], ids=repr)
def test_no_wrong_item_anywhere_gets_through_as_something_else(junk):
    """Every item of a good file is replaced by junk: the file is refused with a place, or read back as it is."""
    good = envelope()
    for path in walk(good):
        if path[:2] in FREE or path[0] in ("digest", "format", "version"):
            continue
        changed = replaced(good, path, junk)
        if not all(isinstance(changed[key], dict) for key in ("interface", "producer", "places")):
            continue  # reported by codec.unseal, see below
        try:
            interface = file.from_bytes(reseal(changed), "x.interface")
        except UnreadableInterface as error:
            assert error.place.path == "x.interface"
            assert error.expected
        else:
            assert interface.plain == changed["interface"]


def test_the_message_leads_to_the_wrong_item():
    path = ("interface", "types", "struct point", 4, 0, 2)
    with pytest.raises(UnreadableInterface) as caught:
        file.from_bytes(reseal(replaced(envelope(), path, -4)), "x.interface")
    assert "interface.types.struct point.fields.0.offset is int -4" in str(caught.value)
    assert "expected: a size in bytes" in str(caught.value)


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("digest", "0" * 64, "do not have the digest"),
        ("format", "something", "not an interface file"),
        ("version", 2, "unknown format version 2"),
        ("interface", [], 'no "interface"'),
        ("producer", None, 'no "producer"'),
        ("places", 1, 'no "places"'),
    ],
)
def test_the_envelope_is_checked(key, value, words):
    data = codec.dumps({**envelope(), key: value})
    with pytest.raises(UnreadableInterface, match=words):
        file.from_bytes(data, "x")


def test_a_changed_promise_does_not_have_the_digest():
    data = replaced(envelope(), ("interface", "language"), "pascal")
    with pytest.raises(UnreadableInterface, match="digest"):
        file.from_bytes(codec.dumps(data), "x")


def test_an_undeclared_exception_is_refused():
    data = replaced(envelope(), ("interface", "exceptions"), {})
    with pytest.raises(UnreadableInterface, match="CoreError"):
        file.from_bytes(reseal(data), "x")


def test_random_damage_ends_in_the_typed_error():
    data = bytearray(file.to_bytes(sample()))
    chance = random.Random(7)
    for _ in range(500):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        if damaged != data:
            with contextlib.suppress(UnreadableInterface):  # or the damage hit a place or the producer
                assert file.from_bytes(bytes(damaged), "x") == sample()


@pytest.mark.parametrize("what", ["missing", "folder", "pipe"])
def test_what_is_no_file(tmp_path, what):
    path = tmp_path / "x"
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    with pytest.raises(UnreadableInterface, match="x"):
        file.read_interface(path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "x"
    with open(path, "wb") as stream:
        stream.write(codec.PROTOCOL)  # something else that would reveal at once that it is not an interface
        stream.truncate(1 << 40)
    with pytest.raises(UnreadableInterface, match="too many"):
        file.read_interface(path)


def test_the_schema_covers_every_kind_of_type():
    assert set(plain._TAGS) == set(t.Type.__args__)


READ = """
import re, sys
from rebel_tools.interface import file
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
before = peak()
file.read_interface(sys.argv[1])
print(peak() - before)
"""


def largest(kind: str) -> dict:
    """An interface with the largest allowed number of values, all of the smallest kind."""
    body = {**envelope()["interface"], "types": {}, "functions": {}, "variables": {}}
    if kind == "functions":
        body["functions"] = {str(n): [["void"], [], False, None, [], None] for n in range(Limits.cells // 15)}
    else:
        types = [["void"]] * (Limits.cells // 3 - 100)
        body["functions"] = {"f": [["function", ["void"], types, False, None], [], False, None, [], None]}
    return body


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc to measure memory")
@pytest.mark.parametrize("kind", ["types", "functions"])
def test_the_largest_interface_that_is_read_takes_bounded_memory(kind, tmp_path):
    path = tmp_path / "large.interface"
    path.write_bytes(codec.seal(largest(kind), {"name": "", "version": ""}, {}))
    root = codec.__file__.rsplit("/rebel_tools/", 1)[0]
    command = [sys.executable, "-c", READ, str(path)]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert float(run.stdout) < (256 << 10) + path.stat().st_size / 1024  # in KiB
