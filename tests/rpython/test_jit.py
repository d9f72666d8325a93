"""Cores with a JIT, as far as they can be tested without translating one: options, refusals, and the passes."""

from __future__ import annotations

import json
import os
import subprocess

import jit_log
import pytest
from conftest import HERE, ROOT

SOURCES = HERE / "jit"
# EF_... of rpython.jit.codewriter.effectinfo.EffectInfo
ELIDABLE_CANNOT_RAISE, ELIDABLE_CAN_RAISE, RANDOM_EFFECTS = (0, 4, 7)
JIT = ("--opt", "jit", "--experimental-jit")
LOOP = """
from rpython.rlib.jit import JitDriver{imports}
from sepcomp import entrypoint, export_class, export_stable
driver = JitDriver(greens=[], reds=["n", "a"])
{classes}
@entrypoint(int)
def run(n):
    a = A(n)
    while n > 0:
        {marker}n -= {expression}
    return n
"""
MARKER = "driver.jit_merge_point(n=n, a=a)\n        "
CLASS = "class A(object):\n    def __init__(self, n):\n        self.n = n\n    def get(self):\n        return self.n\n"
FRAME = "@export_class\nclass A(object):\n    _virtualizable_ = ['n']\n    def __init__(self, n):\n        self.n = n\n"
GIVEN = (
    "from sepcomp import export\n@export_class\nclass A(object):\n    def __init__(self, n):\n        self.f = one\n"
    "def one(n):\n    return 1\ndef two(n):\n    return 2\n@export\ndef choose(a, n):\n    a.f = two if n else one\n"
    "    return n\n@elidable\ndef call(a, n):\n    return a.f(n)\n"
)
DIRECT = (
    "class A(object):\n    _virtualizable_ = ['n']\n    def __init__(self, n):\n        self.n = n\n"
    "from sepcomp import export\n@export\ndef get(a):\n    return a.n\n"
    "def direct(a):\n    a = hint(a, access_directly=True)\n    return get(a)\n"
)
REFUSED = {
    "without the opt-in": (
        LOOP.format(imports="", classes=CLASS, marker=MARKER, expression="a.get()"),
        ("--opt", "jit"),
        "error: --opt jit: a core with a JIT is not finished yet; --experimental-jit tries it, --opt 2 translates "
        "without one",
    ),
    "the opt-in alone": (
        "",
        ("--experimental-jit",),
        "error: --experimental-jit is only for --opt jit, not for --opt 2",
    ),
    "another collector": ("", (*JIT, "--gc", "minimark"), "error: --opt jit with --gc minimark has never been tried"),
    "threads": ("", (*JIT, "--thread"), "error: --opt jit with --thread has never been tried"),
    "no loop": (
        LOOP.format(imports="", classes=CLASS, marker="", expression="a.get()"),
        JIT,
        "{}:1: error: --opt jit: the program has no loop with a jit_merge_point of a JitDriver",
    ),
    "an exported virtualizable": (
        LOOP.format(imports="", classes=FRAME, marker=MARKER, expression="a.n"),
        JIT,
        "{}:6: error: class core.A is virtualizable, and cannot be exported by @export_class: a trace may hold its "
        "fields; use @export_stable",
    ),
    "a function for traces only": (
        LOOP.format(imports=", hint", classes=DIRECT, marker=MARKER, expression="direct(a)"),
        JIT,
        "{}:10: error: core.get is called with a virtualizable that is accessed directly, and cannot be exported; "
        "let a function with @dont_look_inside call it",
    ),
    "an elidable function that is given functions": (
        LOOP.format(imports=", elidable", classes=GIVEN, marker=MARKER, expression="call(a, n) + choose(a, n)"),
        JIT,
        "{}:18: error: core.call is elidable, and calls functions that extensions can give it as values",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_core(toolchain, tmp_path, what):
    source, options, message = REFUSED[what]
    (tmp_path / "core.py").write_text(source)
    said = toolchain.sepcomp("core", "core.py", "--output-dir", "out", *options, cwd=tmp_path, rc=1).stderr
    assert said.startswith(message.format(tmp_path / "core.py")), said
    assert said.count("error:") == 1 and "Traceback" not in said
    assert not (tmp_path / "out" / "libcore.so").exists()


def probe(toolchain, what: str, source: str):
    path = os.pathsep.join([str(ROOT / "rebel_tools" / "rpython"), toolchain.rpython])
    command = [toolchain.python, "-B", SOURCES / "probe.py", what, SOURCES / source]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_effects(toolchain):
    found = probe(toolchain, "effects", "writers.py")
    wrong = {name: pair for name, pair in found.items() if pair[0] != pair[1]}
    assert len(found) == 15 and not wrong


def test_passes(toolchain):
    """The interface of a small core, and the effects of its calls in a trace."""
    found = probe(toolchain, "core", "small.py")
    assert found["slots"] == [["small.A", "change", "small.lookup"], ["small.A", "find", "small.lookup"]]
    assert found["forced"] == ["sepcomp_q_small__A__colour"]
    assert (found["hidden"], found["fields of Frame"]) == (["small.Frame.depth"], ["name"])
    other = ["other"]
    assert found["effects"] == {
        "small.Counter.n__getter__": [[], other],
        "small.Counter.n__setter__": [[0], other],
        "small.A.__init__": [[0], other],
        "small.A.change": [[], other],  # lookup(), which is elidable, may call it
        "small.A.find": [[], other],
        "small.finds": [[], other],
        "small.reads": [[], other],
        "small.writes": [[0], other],
    }
    assert found["calls"] == {
        "call_open": ["indirect_call", RANDOM_EFFECTS, ["A.find", "B.find"], None],
        "call_change": ["indirect_call", RANDOM_EFFECTS, ["A.change"], None],
        "call_elidable": ["direct_call", ELIDABLE_CAN_RAISE, ["lookup"], True],
        "call_closed": ["direct_call", ELIDABLE_CANNOT_RAISE, ["closed"], False],
    }


def test_marks_for_the_tracer_are_refused_in_extensions(toolchain):
    """It never looks there, so that they would have no effect."""
    found = probe(toolchain, "marks", "loops.py")
    assert {name for name, (mark, _) in found.items() if not mark} == {"f_hint", "f_calls"}
    for name, (mark, refused) in found.items():
        expected = f"{name}() uses {mark}, which has no effect in an extension: the JIT is part" if mark else ""
        assert expected in refused and bool(refused) == bool(mark)
        assert not refused or refused.startswith(f"{SOURCES}/loops.py:")


LOG = """[1a] {jit-log-opt-loop
# Loop 0 (driver) : loop with 8 ops
[p0, i1]
+53: label(p0, i1, descr=TargetToken(139))
+66: i3 = int_add(i1, 1)
+70: label(p0, i3, descr=TargetToken(140))
+90: p5 = call_may_force_r(ConstClass(f), p0, descr=<Callr 8 r EF=7>)
+95: guard_not_forced(descr=<Guard0x7f>) [p0]
+99: p6 = new_with_vtable(descr=<SizeDescr 16>)
+105: jump(p6, i3, descr=TargetToken(140))
+120: --end of the loop--
[1b] jit-log-opt-loop}
[1c] {jit-log-opt-bridge
# bridge out of Guard 0x7f with 1 ops
[p0]
+12: finish(p0, descr=<DoneWithThisFrameDescrRef object>)
+20: --end of the loop--
[1d] jit-log-opt-bridge}
"""


def test_reading_a_log():
    loop, bridge = jit_log.traces(LOG)
    assert [operation.name for operation in loop.body] == [
        "call_may_force_r",
        "guard_not_forced",
        "new_with_vtable",
        "jump",
    ]
    assert [call.effect for call in loop.calls()] == [RANDOM_EFFECTS] and len(loop.allocations()) == 1
    assert (bridge.kind, [operation.name for operation in bridge.body]) == ("bridge", ["finish"])


def test_the_jit_of_another_rpython_package(toolchain):
    """No core was ever tried with it, so that it is not used."""
    code = (
        "from sepcomp import adapters; from sepcomp.jit import warm; "
        "adapters.choose().HAS_JIT = False; warm.import_jit()"
    )
    paths = os.pathsep.join([str(ROOT / "rebel_tools" / "rpython"), toolchain.rpython])
    command = [toolchain.python, "-B", "-c", code]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert "SetupError: --opt jit: with the JIT of this rpython package, " in done.stderr
    assert ", no core has been tried" in done.stderr
