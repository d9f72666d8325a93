"""Every graph below with every edit: an incremental build equals a clean one, and runs only the affected steps.

The sources are in the language of `virtual.py`; no process runs and no file is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from virtual import Build, Package, World, concerned

from rebel_tools.plan.model import BYTE, NATIVE

T = "type t = int\n"


def graph(*, engines: tuple[str, ...] = (NATIVE,), **packages: Package | Mapping[str, str]) -> Callable[[], World]:
    """Packages in the order in which they use each other; each one uses all before it unless stated otherwise."""
    made: dict[str, Package] = {}
    for name, package in packages.items():
        made[name] = package if isinstance(package, Package) else Package(package, tuple(made))
    return lambda: World(dict(made), engines)


CHAIN = {"a.ml": T + "inline\nlet x", "b.ml": "type u = A.t\nlet y = A.x", "main.ml": "let z = B.y"}
DIAMOND = {
    "a.ml": T + "let x",
    "left.ml": "let l = A.x",
    "right.ml": "type r = A.t\ninline A.x",
    "main.ml": "let z = Left.l\nlet w = Right.r",
}
WITH_INTERFACES = {
    "a.mli": T,
    "a.ml": T + "inline\nlet x",
    "b.mli": "type u = A.t",
    "b.ml": "type u = A.t\nlet y = A.x",
    "main.ml": "let z = B.y",
}

# Each has a leaf `a.ml` in its first package, which the edits change, and a module in the middle, `b.ml`.
GRAPHS: dict[str, Callable[[], World]] = {
    "two modules": graph(app={"a.ml": T + "let x", "b.ml": "let y", "main.ml": "let z = A.x\nlet w = B.y"}),
    "a chain": graph(app=CHAIN),
    "a chain in bytecode": graph(app=CHAIN, engines=(BYTE,)),
    "a chain for both engines": graph(app=CHAIN, engines=(NATIVE, BYTE)),
    "a diamond": graph(app={**DIAMOND, "b.ml": "let b = Left.l"}),
    "interface files": graph(app=WITH_INTERFACES),
    "interface files for both engines": graph(app=WITH_INTERFACES, engines=(BYTE, NATIVE)),
    "a module that nobody names": graph(app={**CHAIN, "alone.ml": "let alone = A.x"}),
    "an interface without implementation": graph(
        app={"a.ml": T, "types.mli": "type s = A.t", "b.ml": "type u = Types.s", "main.ml": "let z = B.u"}
    ),
    "an interface that reaches further": graph(
        app={
            "a.ml": T + "let x",
            "b.ml": "type u = A.t",
            "c.ml": "type v = B.u",
            "d.ml": "let d = C.v",
            "main.ml": "let z = D.d",
        }
    ),
    "code that is looked into through code": graph(
        app={"a.ml": "inline\nlet x", "b.ml": "inline A.x", "c.ml": "inline B.y", "main.ml": "let z = C.z"}
    ),
    "an implementation that uses what its user's interface names": graph(
        app={
            "a.mli": "type t = B.t",
            "a.ml": "let x",
            "b.mli": T,
            "b.ml": T + "let y = A.x",
            "main.ml": "let z = B.y",
        }
    ),
    "a module that has the name of what it uses": graph(
        app={
            "a.ml": "let x = List.length",
            "list.ml": "let n = List.length",
            "b.ml": "let y = List.n\nlet z = A.x",
            "main.ml": "let w = B.y",
        }
    ),
    "a package": graph(
        lib={"a.ml": T + "inline\nlet x", "b.ml": "type u = A.t\nlet y = A.x"}, app={"main.ml": "let z = Lib.B.y"}
    ),
    "a package with a module of the same name": graph(
        lib={"a.ml": T + "inline\nlet x", "b.ml": "let y = A.x"},
        app={"b.ml": "let y = Lib.B.y", "main.ml": "let z = B.y\nlet w = Lib.A.x"},
    ),
    "packages in a row": graph(
        low={"a.ml": T + "inline\nlet x", "b.ml": "let y = A.x"},
        middle={"m.ml": "type m = Low.A.t\ninline Low.B.y"},
        app={"main.ml": "let z = Middle.M.m"},
    ),
    "packages beside each other": graph(
        low={"a.ml": T + "let x", "b.ml": "let y = A.x"},
        left=Package({"l.ml": "type l = Low.A.t"}, ("low",)),
        right=Package({"r.ml": "let r = Low.B.y"}, ("low",)),
        app={"main.ml": "let z = Left.L.l\nlet w = Right.R.r"},
    ),
    "a package with a public module": graph(
        lib=Package({"a.ml": T + "let x", "b.ml": "type u = A.t", "lib.ml": "type t = B.u\nlet x = A.x"}, public="Lib"),
        app={"main.ml": "let z = Lib.t"},
    ),
    "a package with a private module": graph(
        lib=Package({"a.ml": T + "let x", "b.ml": "type u = A.t"}, private=frozenset({"A"})),
        app={"main.ml": "let z = Lib.B.u"},
    ),
    "a package without a namespace": graph(
        lib=Package({"a.ml": T + "inline\nlet x", "b.ml": "type u = A.t"}, wrapped=False),
        app={"main.ml": "let z = B.u"},
    ),
    "a name that may be a module one day": graph(
        lib=Package({"a.ml": T + "let x", "b.ml": "let y"}, wrapped=False),
        app={"main.ml": "let z = B.y\nlet n = New.n"},
    ),
    "a long chain": graph(
        app={
            "a.ml": T + "inline\nlet x",
            "b.ml": "inline A.x",
            **{f"c{n}.ml": f"type t = C{n - 1}.t" if n else "type t = B.t" for n in range(25)},
            "main.ml": "let z = C24.t",
        }
    ),
    "many that use one": graph(
        app={
            "a.ml": T + "let x",
            "b.ml": "let y = A.x",
            **{f"u{n}.ml": "let u = A.x" for n in range(20)},
            "main.ml": "let z = B.y\n" + "\n".join(f"let z{n} = U{n}.u" for n in range(20)),
        }
    ),
}


def source(world: World, name: str) -> str:
    """The source with that name in the first package."""
    return f"{next(iter(world.packages))}/{name}"


def append(name: str, text: str) -> Callable[[World], None]:
    def edit(world: World) -> None:
        path = source(world, name)
        world.disk.write(path, f"{world.disk.read(path)}\n{text}")

    return edit


def several(*edits: Callable[[World], None]) -> Callable[[World], None]:
    def edit(world: World) -> None:
        for each in edits:
            each(world)

    return edit


def change_flags(world: World) -> None:
    world.flags = "-other"


def lose_an_output(world: World) -> None:
    world.disk.remove(next(path for path in world.disk.texts() if path.endswith((".cmx", ".cmo"))))


def damage_an_output(world: World) -> None:
    world.disk.write(next(path for path in world.disk.texts() if path.endswith((".cmx", ".cmo"))), "{}")


def lose_the_state(world: World) -> None:
    world.state.files.clear()
    world.state.names.clear()
    world.state.records.clear()


def touch(world: World) -> None:
    world.disk.write(source(world, "a.ml"), world.disk.read(source(world, "a.ml")))


EDITS: dict[str, Callable[[World], None]] = {
    "a comment in the leaf": append("a.ml", "(* nothing *)"),
    "a comment in the middle": append("b.ml", "(* nothing *)"),
    "a body in the leaf": append("a.ml", "let more"),
    "a body in the middle": append("b.ml", "let more"),
    "code that others look into": append("a.ml", "inline more"),
    "an interface in the leaf": append("a.ml", "type more"),
    "an interface in the middle": append("b.ml", "type more"),
    "another module": append("new.ml", "let n = A.x"),
    "a use of another module": several(append("new.ml", "type n"), append("b.ml", "let n = New.n")),
    "all at once": several(append("a.ml", "type more"), append("b.ml", "inline more"), append("new.ml", "let n = B.y")),
    "other flags": change_flags,
    "a lost output": lose_an_output,
    "a damaged output": damage_an_output,
    "a lost state": lose_the_state,
    "a new time stamp": touch,
}
CHANGED_FROM_OUTSIDE = (lose_an_output, damage_an_output, lose_the_state)


def create(world: World) -> None:
    """For sources that an edit creates, so that other edits can append to them."""
    path = source(world, "new.ml")
    if world.disk.status(path) is None:
        world.disk.write(path, "")


def makes_a_file(name: str) -> bool:
    return "module" in name or name == "all at once"


def edited(world: World, edit: Callable[[World], None], name: str) -> None:
    if makes_a_file(name):
        create(world)
    edit(world)


def outputs(world: World) -> dict[str, str]:
    return {path: text for path, text in world.disk.texts().items() if path.startswith("out/")}


def compilations(build: Build) -> set[str]:
    return build.consulted.keys() & set(build.ran)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", GRAPHS)
def test_edit(name: str, edit: str) -> None:
    world = GRAPHS[name]()
    first = world.build()
    assert world.build().ran == []
    edited(world, EDITS[edit], edit)
    incremental = world.build()
    clean_world = world.copy()
    clean = clean_world.build()
    assert outputs(world) == outputs(clean_world)
    assert len(incremental.ran) == len(set(incremental.ran))
    if EDITS[edit] not in CHANGED_FROM_OUTSIDE:
        # A changed source is always compiled; only a compiler can tell that a change was in a comment.
        texts = {k for k in compilations(incremental) if first.consulted.get(k) == clean.consulted[k]}
        assert {clean.plan.steps[key].source for key in texts} <= {source(world, "a.ml"), source(world, "b.ml")}
        assert compilations(incremental) - texts == concerned(first, clean)
    assert world.build().ran == []


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", GRAPHS)
def test_edit_and_back(name: str, edit: str) -> None:
    """Nothing remains of an edit that is undone, and the order of parallel steps does not matter."""
    world = GRAPHS[name]()
    world.last_first = True
    world.build()
    before, texts = outputs(world), world.copy().disk.texts()
    edited(world, EDITS[edit], edit)
    world.build()
    world.flags = ""
    for path in world.copy().disk.texts().keys() - texts.keys():
        world.disk.remove(path)
    for path, text in texts.items():
        if world.disk.read(path) != text:
            world.disk.write(path, text)
    world.build()
    assert outputs(world) == before
    assert world.build().ran == []
