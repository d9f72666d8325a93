"""Extensions of a core with a JIT, in loops that are compiled after a few iterations, compared with plain Python 2.7.

The core is translated by tests/rpython/jit_core.py, which stores it; without it, these tests are skipped.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import jit_core
import jit_log
import jit_random
import pytest
from conftest import once
from test_stages import assert_same

# of core.py, and of ext.py
CALL, TRY, GLOBAL, IS_INT, SEND, INSIDE = range(6)
CORE, PLUS, PAIRS, MAKES, RAISES, SENDS, NO_METHODS, NESTED, SETS, LOOKS = range(10)
RANDOM_EFFECTS = 7  # EffectInfo.EF_RANDOM_EFFECTS
STRESS = {"PYPY_GC_DEBUG": "2", "PYPY_GC_NURSERY": "32k", "PYPY_GC_MIN": "256k"}


def run(program: int, n: int = 300):
    return ("core", "run", [program, n], "int")


def use(function: int, n: int = 120):
    return ("ext", "use", [function, n], "int")


HOT = ("core", "hot_after", [7], "int")
ALL = [HOT, *map(run, range(6))]
for _function in range(10):
    ALL += [use(_function), *map(run, range(6)), ("second", "mix", [_function], "int"), *map(run, range(6))]
ALL += [("second", "work", [1], "int"), run(TRY, 3000), ("second", "were_deleted", [2900], "int")]


@pytest.fixture(scope="module")
def core(toolchain, shared) -> Path:
    """A folder with the sources, and in `out` the core and its extensions."""
    kept = jit_core.kept(toolchain)
    if not kept.exists():
        pytest.skip("the core with a JIT is not kept: python tests/rpython/jit_core.py makes it in some ten minutes")

    return once(shared / "jit", lambda folder: jit_core.extend(toolchain, kept, folder))


@pytest.fixture(scope="module")
def expected(toolchain, core):
    return toolchain.results("python", core, ALL, "late")


@pytest.mark.parametrize("env", [{}, STRESS], ids=["plain", "stress"])
@pytest.mark.parametrize("first", [("ext", "second"), ("second", "ext"), ("late",)], ids=" ".join)
def test_calls(toolchain, core, expected, env, first):
    """`late`: the extensions are loaded when traces exist already."""
    assert_same(ALL, toolchain.results("libraries", core / "out", ALL, *first, env=env), expected)


def test_random_calls(toolchain, core):
    """One of the sequences of tests/rpython/jit_random.py, which makes as many as one likes."""
    calls = jit_random.sequence(1)
    assert_same(
        calls,
        toolchain.results("libraries", core / "out", calls, "late"),
        toolchain.results("python", core, calls, "late"),
    )


def loop(toolchain, core, tmp_path, function: int, program: int) -> jit_log.Trace:
    """The last loop that is compiled for a long-running program with one function."""
    log = tmp_path / "log"
    calls = [use(function, 10**9), run(program, 20000)]
    toolchain.results("libraries", core / "out", calls, "ext", env={"PYPYLOG": f"jit-log-opt:{log}"})
    return [trace for trace in jit_log.traces(log.read_text()) if trace.kind == "loop"][-1]


def test_a_function_of_the_core_is_inlined(toolchain, core, tmp_path):
    trace = loop(toolchain, core, tmp_path, CORE, CALL)
    assert trace.calls() == [] and trace.allocations() == []


@pytest.mark.parametrize("program", [CALL, TRY, GLOBAL])
def test_a_function_of_an_extension_is_one_call(toolchain, core, tmp_path, program):
    """It may do anything: so its arguments have to exist, and it may force the frame and raise exceptions."""
    trace = loop(toolchain, core, tmp_path, PLUS, program)
    assert [(call.name, call.effect) for call in trace.calls()] == [("call_may_force_r", RANDOM_EFFECTS)]
    names = [operation.name for operation in trace.body]
    after = names[names.index("call_may_force_r") + 1 :]
    assert after[0] == "guard_not_forced" and after[1] in ("guard_no_exception", "guard_exception")


def test_an_elidable_function_is_called_once(toolchain, core, tmp_path):
    """The method that find_method() finds through the extension's class is a constant in the loop."""
    trace = loop(toolchain, core, tmp_path, SENDS, SEND)
    assert "call_pure_r" not in [operation.name for operation in trace.body]
    assert all("find_method" not in call.text for call in trace.calls())


def test_a_quasi_immutable_field_is_a_constant_until_it_is_written(toolchain, core, tmp_path):
    trace = loop(toolchain, core, tmp_path, PLUS, GLOBAL)
    names = [operation.name for operation in trace.body]
    assert "guard_not_invalidated" in names
    assert not any("w_value" in operation.text for operation in trace.body)


HEAD = "import core\nfrom sepcomp import entrypoint\n\n\n"  # user code starts on line 5
TAIL = "\n@entrypoint(int)\ndef f(n):\n    core.install(core.W_Class(W_Mine(core.W_Twice())))\n    return n\n"
OVERRIDE = "class W_Mine(core.W_Class):\n    def find(self, name):\n        {}\n        return self.w_method\n"
FINDS = (
    "6: error: bad.W_Mine.find overrides a method of core.W_Class that the elidable function core.find_method of the "
    "core calls: it must have no effects, and "
)
EFFECTS = {
    "writes": ("self.w_method = core.W_Int(1)", "writes the attribute w_method of core.W_Class"),
    "a function of the core": ("core.install(self)", "calls core.install of the core, which may have effects"),
    "a method of the core": ("self.w_method.call(self)", "calls core.W_Root.call of the core, which may have effects"),
    "a list": ("found.append(name)", "changes a list"),
}


@pytest.mark.parametrize("what", EFFECTS)
def test_an_override_with_effects_is_refused(toolchain, core, tmp_path, what):
    source, message = EFFECTS[what]
    project = tmp_path / "project"
    shutil.copytree(core, project)
    (project / "bad.py").write_text(HEAD + OVERRIDE.format(source) + "\n\nfound = []\n\n" + TAIL)
    said = toolchain.extension(project, "bad", rc=1).stderr
    assert said.startswith(f"{project}/bad.py:{FINDS}{message}"), said
    assert "Traceback" not in said and not (project / "out" / "bad.so").exists()
