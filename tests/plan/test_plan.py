"""The plan as plain data: names, order and link order of modules, with the real ocamldep and no compiler."""

from __future__ import annotations

import shutil

import pytest

from rebel_tools.ocaml.names import Naming
from rebel_tools.ocaml.ocamldep import Question, batch_size, batches
from rebel_tools.plan.model import BYTE, NATIVE, Scope, Settings
from rebel_tools.plan.order import CycleError, order
from rebel_tools.plan.plan import plan_in
from rebel_tools.plan.step import Archive, CompileImplementation, CompileInterface, LinkCommand, Step
from rebel_tools.plan.steps import archive_step

needs_ocamldep = pytest.mark.skipif(shutil.which("ocamldep") is None, reason="ocamldep is not installed")


def no_reason():
    raise AssertionError("there is no Reason here")


SETTINGS = Settings("identity", ("ocamldep",), "of ocamldep", no_reason)


class Tree:
    """Scopes whose sources are written into `root`; `plan` has all their steps."""

    def __init__(self, root):
        self.root = root
        self.plan = plan_in(str(root), ".state.json")

    def scope(self, namespace: str, files: dict, engines=(NATIVE,), uses=(), public: str = "") -> Scope:
        folder = namespace.rstrip("_").lower() or "top"
        scope = Scope(f"out/{folder}", Naming(namespace, public), engines, SETTINGS, tuple(uses))
        for name, text in files.items():
            path = self.root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            source = f"{folder}/{name}"
            module = name.partition(".")[0].capitalize()
            scope.add(module, *((None, source) if name.endswith("i") else (source, None)))
        self.plan.add_scope(scope)
        return scope

    def step(self, scope: Scope, unit: str, kind: type[Step] = CompileImplementation, engine: str = NATIVE):
        return next(s for s in self.plan.unit_steps(scope, unit) if isinstance(s, kind) and s.engine == engine)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@needs_ocamldep
def test_names_are_units_and_an_opened_package_is_no_cycle(tree):
    """`open Tp let a = B.x` refers to Tp.B, not to the B beside it, which uses A."""
    tp = tree.scope("Tp", {"b.ml": "let x = 1"})
    own = tree.scope("Own", {"a.ml": "open Tp let a = B.x", "b.ml": "let b = A.a"}, uses=[tp])
    named = tree.plan.named(tree.step(own, "Own__A"))
    assert (named.units, named.scopes, named.own) == (("Own", "Tp", "Tp__B"), (tp,), ())
    steps = [step.key for step in tree.plan.ordered(own).steps if isinstance(step, CompileImplementation)]
    assert steps.index("out/own/Own__A.cmx") < steps.index("out/own/Own__B.cmx")


@pytest.mark.parametrize(
    ("files", "jobs", "portions"),
    [(0, 4, []), (1, 4, [1]), (20, 4, [20]), (100, 2, [50, 50]), (100, 8, [33, 33, 34]), (1000, 2, [142, *[143] * 6])],
)
def test_files_for_one_process(files, jobs, portions):
    """Starting a process takes as long as some files: few processes, but enough for all processors, with equal work."""
    names = [f"m{number}.ml" for number in range(files)]
    work = batches(Question((), {}, ()), names, batch_size(files, jobs))
    assert [len(batch.files) for batch in work] == portions
    assert [name for batch in work for name in batch.files] == names


@needs_ocamldep
def test_module_that_has_the_name_of_what_it_uses(tree):
    own = tree.scope("Own", {"list.ml": "let n = List.length", "a.ml": "let m = List.n"})
    assert tree.plan.named(tree.step(own, "Own__List")).itself
    assert tree.plan.opened(tree.step(own, "Own__List")) == "Own__without_List"
    assert tree.plan.opened(tree.step(own, "Own__A")) == "Own"
    assert "module List" not in own.alias_text("List") and "module A = Own__A" in own.alias_text("List")


@needs_ocamldep
def test_native_code_waits_for_what_the_interface_names(tree):
    """The .cmx of B is consulted only because of a.mli; but B may itself use A, and then A comes first."""
    files = {"a.mli": "val a : B.t", "a.ml": "let a = Obj.magic 0", "b.mli": "type t", "b.ml": "type t = int"}
    own = tree.scope("Own", files)
    assert tree.step(own, "Own__B") in tree.plan.waits(tree.step(own, "Own__A"))
    other = tree.scope("Other", {**files, "b.ml": "type t = int let f () = A.a"})
    assert tree.step(other, "Other__B") not in tree.plan.waits(tree.step(other, "Other__A"))
    assert tree.step(other, "Other__A") in tree.plan.waits(tree.step(other, "Other__B"))


@needs_ocamldep
def test_bytecode_is_compiled_in_any_order_and_linked_in_the_right_one(tree):
    files = {"a.mli": "val a : int", "a.ml": "let a = B.b", "b.mli": "val b : int", "b.ml": "let b = 1"}
    own = tree.scope("Own", files, engines=(NATIVE, BYTE))
    byte = tree.step(own, "Own__A", engine=BYTE)
    assert tree.step(own, "Own__B", engine=BYTE) not in tree.plan.waits(byte)
    assert tree.step(own, "Own__B", CompileInterface) in tree.plan.waits(byte)
    linked = tree.plan.linked(archive_step(own, BYTE, "own", LinkCommand()))
    assert [step.key for step in linked] == ["out/own/Own.cmo", "out/own/Own__B.cmo", "out/own/Own__A.cmo"]
    assert archive_step(own, NATIVE, "own", LinkCommand()).outputs == ("own.cmxa", "own.a")
    assert isinstance(archive_step(own, NATIVE, "own", LinkCommand()), Archive)


@needs_ocamldep
def test_cycles_are_told_with_their_files(tree):
    own = tree.scope(
        "Own", {"a.ml": "let a = B.b", "b.ml": "let b = C.c", "c.ml": "let c = A.a", "d.ml": "let d = A.a"}
    )
    with pytest.raises(CycleError) as caught:
        tree.plan.ordered(own)
    path = caught.value.path
    assert path[0] == path[-1] and {name for name, _ in path} == {"A", "B", "C"}
    assert "(own/a.ml)" in str(caught.value)


@needs_ocamldep
def test_a_cycle_of_native_code_only(tree):
    """The types of B need no more than the interface of A, but it has no interface of its own."""
    files = {"a.mli": "val a : int", "a.ml": "let a = C.c", "b.ml": "let b = A.a", "c.mli": "val c : B.t", "c.ml": ""}
    own = tree.scope("Own", files)
    with pytest.raises(CycleError) as caught:
        tree.plan.ordered(own)
    assert "write an interface for B (`b.mli`), or move" in str(caught.value)
    own = tree.scope("Byte", files, engines=(BYTE,))
    assert len(tree.plan.ordered(own).steps) == 7


@needs_ocamldep
def test_sources_that_do_not_parse_or_are_not_there_name_nothing(tree):
    own = tree.scope("Own", {"a.ml": "let a = B.b", "b.ml": "let let", "c.ml": "let c = B.b"})
    own.add("Gone", "own/gone.ml", None)
    tree.plan.add_module(own, own.modules["Gone"])
    assert tree.plan.named(tree.step(own, "Own__B")).units == ()
    assert tree.plan.named(tree.step(own, "Own__Gone")).units == ()
    assert tree.plan.named(tree.step(own, "Own__C")).units == ("Own", "Own__B")
    (tree.root / "own/b.ml").write_text("let b = C.c")
    tree.plan.source_changed(own, "own/b.ml")
    with pytest.raises(CycleError):
        tree.plan.ordered(own)


def test_order_of_a_chain_deeper_than_pythons_stack():
    """Neither the order nor the search for a cycle may be recursive."""
    count = 5000
    needs = {number: [number + 1] if number < count else [] for number in range(count + 1)}
    assert order(needs, needs.get, lambda step: ()).steps == tuple(range(count, -1, -1))


def test_wishes_give_way_to_needs():
    needs = {"a": [], "b": ["a"], "c": []}
    wishes = {"a": ["b", "c"], "b": [], "c": []}
    ordered = order(needs, needs.get, wishes.get)
    assert ordered.waits == {"a": ["c"], "b": ["a"], "c": []}
    assert ordered.steps.index("c") < ordered.steps.index("a") < ordered.steps.index("b")


def test_public_face_of_a_package(tree):
    own = tree.scope("Own__", {"own.ml": "", "inner.ml": ""}, public="Own")
    assert {m.object for m in own.modules.values()} == {"Own", "Own__Inner"}
    assert own.aliases == {"Inner": "Own__Inner"}
    assert own.provider("Own__")[1].generated and own.provider("Own")[1].name == "Own"
    user = tree.scope("User", {"a.ml": ""}, uses=[own])
    assert user.provider("Own__Inner")[0] is own and user.provider("Elsewhere") is None
