"""Hints for the messages of different releases of OCaml, which were copied from them."""

from __future__ import annotations

import pytest

from rebel_tools.ocaml.names import Naming
from rebel_tools.plan.hints import Advice, hint
from rebel_tools.plan.model import BYTE, NATIVE, Scope, Settings
from rebel_tools.plan.step import CompileImplementation, Link, LinkCommand

ADVICE = Advice("add {} to dependencies", "add {} to ocamlfindDependencies", {"Jsn": "the package jsn has no key"})


def no_reason():
    raise AssertionError("there is no Reason here")


SETTINGS = Settings("identity", ("ocamldep",), "of ocamldep", no_reason)


def scope(namespace: str, *modules: str, uses=()) -> Scope:
    made = Scope(f"out/{namespace}", Naming(namespace), (NATIVE,), SETTINGS, uses=tuple(uses))
    for name in modules:
        made.add(name, f"src/{name.lower()}.ml", None)
    return made


def link(program: Scope) -> Link:
    return Link(program, BYTE, ("out/main",), members=(), command=LinkCommand())


def advise(text: str, is_link: bool = False) -> str | None:
    table = scope("Table", "Cell", "Row")
    own = scope("Own", "Report", uses=[table])
    own.add("Only", None, "src/only.mli")
    module = own.modules["Report"]
    compilation = CompileImplementation(own, NATIVE, ("out/main.cmx",), module, module.sources[0])
    return hint(link(own) if is_link else compilation, [own, table], text, lambda module: [], ADVICE)


PLACE = 'File "a.ml", line 1, characters 9-15:\n1 | let () = Cell.f ()\n             ^^^^^^\n'
UNBOUND = {
    "4.11": f"{PLACE}Error: Unbound module Cell\n",
    "4.11, in colours": '\x1b[1mFile "a.ml"\x1b[0m:\n\x1b[1;31mError\x1b[0m: Unbound module Cell\n',
    "5.3": f'{PLACE}Error: Unbound module "Cell"\n',
    "5.3, in colours": '\x1b[1mFile "a.ml"\x1b[0m:\n\x1b[1;31mError\x1b[0m: Unbound module \x1b[1mCell\x1b[0m\n',
}


@pytest.mark.parametrize("version", UNBOUND)
def test_a_module_that_is_not_found(version):
    assert advise(UNBOUND[version]) == "module Cell is in the package Table: Table.Cell"


@pytest.mark.parametrize("version", UNBOUND)
def test_a_module_of_a_package(version):
    text = UNBOUND[version].replace("module Cell", "module Table.Rwo").replace("Cell\x1b", "Table.Rwo\x1b")
    assert advise(text.replace('"Cell"', '"Table.Rwo"')) == "the package Table has no module Rwo; did you mean Row?"


def test_a_package_that_is_not_built():
    assert advise("Error: Unbound module Jsn\n") == "the package jsn has no key"


@pytest.mark.parametrize("name", ["Rprt", '"Rprt"'])
def test_a_name_that_looks_alike_is_told_once(name):
    suggested = f"Error: Unbound module {name}\nHint: Did you mean {name.replace('Rprt', 'Report')}?\n"
    assert advise(f"Error: Unbound module {name}\n".replace("Rprt", "Reprot")) == "did you mean Report?"
    assert advise(suggested.replace("Rprt", "Reprot")) is None


@pytest.mark.parametrize("text", ['Error: Unbound module type "S"\n', "Error: Unbound module type S\n", "Error: x\n"])
def test_other_errors(text):
    assert advise(text) is None


NOT_LINKED = {
    "4.11": "Error: No implementations provided for the following modules:\n"
    "         Own__Only referenced from out/main.cmx\n",
    "4.11, bytecode": 'File "_none_", line 1:\nError: Required module `Own__Only\' is unavailable\n',
    "4.13, bytecode": "File \"_none_\", line 1:\nError: Module `Own__Only' is unavailable (required by `Own__Main')\n",
    "5.3": "Error: No implementation provided for the following modules:\n"
    '         "Own__Only" referenced from "Own__Main" (out/main.cmx)\n',
    "5.3, in colours": "\x1b[1;31mError\x1b[0m: No implementation provided for the following modules:\n"
    "         \x1b[1mOwn__Only\x1b[0m referenced from \x1b[1mOwn__Main\x1b[0m (out/main.cmx)\n",
}


@pytest.mark.parametrize("version", NOT_LINKED)
def test_an_interface_without_an_implementation(version):
    expected = "module Only has an interface (src/only.mli) and no implementation"
    assert advise(NOT_LINKED[version], is_link=True) == expected
    assert advise(NOT_LINKED[version]) is None


@pytest.mark.parametrize("version", NOT_LINKED)
def test_a_library_that_is_not_linked(version):
    text = NOT_LINKED[version].replace("Own__Only", "Unix")
    step = link(scope("Own", "Main"))
    found = hint(step, [step.scope], text, {"Unix": ["unix"]}.__getitem__, ADVICE)
    assert found == "module Unix is in the findlib package unix; add unix to ocamlfindDependencies"
