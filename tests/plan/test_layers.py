"""Layers: which steps run together, and which steps become stale by their outputs."""

from __future__ import annotations

import pytest
from test_plan import Tree, needs_ocamldep

from rebel_tools.memory.records import Record
from rebel_tools.plan.layers import Layers
from rebel_tools.plan.model import NATIVE
from rebel_tools.plan.status import Status
from rebel_tools.plan.step import Compile, CompileImplementation, Link, LinkCommand, Step, WriteAlias

pytestmark = needs_ocamldep


class Build:
    """A chain A <- B <- C, with an interface file each, that was built; `run` simulates building a layer."""

    def __init__(self, root, names="abc", interfaces="abcd"):
        self.tree = Tree(root)
        files = {f"{name}.ml": f"let x = {below.upper()}.x" for below, name in zip(names, names[1:])}
        files["a.ml"] = "let x = 1"
        files.update({f"{name}.mli": "val x : int" for name in names if name in interfaces})
        self.scope = self.tree.scope("Own", files)
        self.plan = self.tree.plan
        self.status = Status(self.plan)
        goal = Link(self.scope, NATIVE, ("app",), tuple(self.scope.modules.values()), LinkCommand())
        self.goal = self.plan.add(goal)
        self.made: dict[str, str] = {}

    def run(self, steps, made=None) -> None:
        """Record each step as built, with outputs and digests whose contents depend on `made`."""
        for step in steps:
            content = (made or {}).get(step.key, "same")
            for path in step.outputs:
                full = self.tree.root / path
                full.parent.mkdir(parents=True, exist_ok=True)
                full.write_text(content)
                self.plan.files.forget(path)
            self.status.records[step.key] = self.record(step, content)

    def record(self, step: Step, content: str) -> Record:
        digest = self.plan.files.digest
        record = Record(
            signature=self.status.signature(step),
            inputs={path: digest(path) for path in self.plan.inputs(step)},
            outputs={path: digest(path) for path in step.outputs},
        )
        if isinstance(step, Compile):
            named = self.plan.named(step)
            record.names = list(named.units)
            record.interfaces = {unit: self.status._current(self.scope, unit)[0] for unit in named.units}
            record.interface = content if step.makes_interface else None
            if isinstance(step, CompileImplementation):
                record.implementations = {m.object: self.status._current(self.scope, m.object)[1] for m in named.own}
                record.implementation = content
        return record

    def layers(self) -> Layers:
        return Layers(self.plan, self.status, [self.goal])

    def edit(self, name: str, text: str) -> None:
        (self.tree.root / "own" / name).write_text(text)
        self.plan.source_changed(self.scope, f"own/{name}")


@pytest.fixture
def build(tmp_path):
    built = Build(tmp_path)
    built.run(built.layers().next())
    return built


def keys(steps) -> list:
    return [step.key.rpartition("/")[2] for step in steps]


def test_first_build_is_one_layer(tmp_path):
    first = Build(tmp_path)
    layers = first.layers()
    layer = layers.next()
    assert len(layer) == len(first.plan.steps) - 1 and first.goal not in layer
    assert isinstance(layer[0], WriteAlias)
    first.run(layer)
    assert layers.next() == []


def test_nothing_changed(build):
    assert build.layers().next() == []


def test_change_that_reaches_nobody_ends_after_one_layer(build):
    build.edit("a.ml", "let x = 1 (* comment *)")
    layers = build.layers()
    layer = layers.next()
    assert keys(layer) == ["Own__A.cmx"]
    build.run(layer)
    assert layers.next() == []


def test_change_goes_on_as_far_as_results_change(build):
    build.edit("a.ml", "let x = 2")
    layers = build.layers()
    first = layers.next()
    build.run(first, {"out/own/Own__A.cmx": "other"})
    second = layers.next()
    assert keys(second) == ["Own__B.cmx", "Own__C.cmx"]  # C is checked after B has run
    build.run(second[:1])
    assert build.status.reason(second[1]) is None
    assert layers.next() == []


def forget(build: Build, key: str, *units: str) -> None:
    """Make a step not consult these units, as if it named them without looking into them."""
    record = build.status.records[f"out/own/Own__{key}"]
    for unit in units:
        record.interfaces.pop(f"Own__{unit}", None)
        record.implementations.pop(f"Own__{unit}", None)


def test_what_did_not_consult_the_change_stays_out(build):
    forget(build, "C.cmx", "B")
    build.edit("a.ml", "let x = 2")
    layers = build.layers()
    build.run(layers.next(), {"out/own/Own__A.cmx": "other"})
    assert keys(layers.next()) == ["Own__B.cmx"]


def test_steps_wait_for_each_other_through_what_stays_out(tmp_path):
    built = Build(tmp_path, "abcd")
    built.run(built.layers().next())
    forget(built, "C.cmx", "B")
    built.status.records["out/own/Own__D.cmx"].implementations["Own__B"] = "same"  # looked into through C
    built.edit("a.ml", "let x = 2")
    layers = built.layers()
    built.run(layers.next(), {"out/own/Own__A.cmx": "other"})
    second = layers.next()
    assert keys(second) == ["Own__B.cmx", "Own__D.cmx"]
    steps, scopes = layers.waits(second[1])
    assert keys(steps) == ["Own__B.cmx"] and scopes == []
    assert [layers.priority[step] for step in second] == [1, 0]


def test_interface_that_changes_unexpectedly_is_not_missed(tmp_path):
    """Only native code was to change, but the compiler makes a different interface: one more layer."""
    built = Build(tmp_path, interfaces="ac")
    built.run(built.layers().next())
    forget(built, "C.cmx", "B")
    built.status.records["out/own/Own__C.cmx"].interfaces["Own__B"] = "same"
    built.edit("a.ml", "let x = 2")
    layers = built.layers()
    built.run(layers.next(), {"out/own/Own__A.cmx": "other"})
    second = layers.next()
    assert keys(second) == ["Own__B.cmx"]
    built.run(second, {"out/own/Own__B.cmx": "other"})
    third = layers.next()
    assert keys(third) == ["Own__C.cmx"]
    built.run(third)
    assert layers.next() == []


def test_two_changes_far_apart_do_not_wait_for_what_lies_between(build):
    build.edit("a.mli", "val x : int (* *)")
    build.edit("c.mli", "val x : int (* *)")
    layers = build.layers()
    assert sorted(keys(layers.next())) == ["Own__A.cmi", "Own__C.cmi"]


def test_step_above_a_stale_one_waits(build):
    build.edit("a.ml", "let x = 2")
    build.edit("c.ml", "let x = B.x + 1")
    layers = build.layers()
    first = layers.next()
    assert keys(first) == ["Own__A.cmx"]
    build.run(first)
    assert keys(layers.next()) == ["Own__C.cmx"]
