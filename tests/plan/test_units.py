"""The table of unit names: two units with the same name are an error that names both files."""

from __future__ import annotations

import pytest

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.names import Naming
from rebel_tools.plan.model import NATIVE, Scope, Settings
from rebel_tools.plan.units import check_units, namespace_of


def no_reason():
    raise AssertionError("there is no Reason here")


SETTINGS = Settings("identity", ("ocamldep",), "of ocamldep", no_reason)


def scope(namespace: str, *modules: str, public: str = "", folder: str = "") -> Scope:
    folder = folder or namespace.lower()
    found = Scope(f"out/{folder}", Naming(namespace, public), (NATIVE,), SETTINGS)
    for module in modules:
        found.add(module, f"{folder}/{module}.ml", None)
    return found


A_B = scope("A__B", "C")
CLASHES = {
    "a namespace inside": (scope("A", "B__C"), A_B, "A__B__C", "a/B__C.ml of A", "a__b/C.ml of A__B"),
    "a namespace that is a module": (scope("A", "B"), A_B, "A__B", "a/B.ml of A", "out/a__b of A__B"),
    "a namespace at the top": (scope("", "A", folder="top"), scope("A", "B"), "A", "top/A.ml", "out/a of A"),
    "one name at the top": (scope("", "A", folder="x"), scope("", "A", folder="y"), "A", "x/A.ml", "y/A.ml"),
    "one namespace twice": (scope("A", "B"), scope("A", "B", folder="y"), "A", "out/a of A", "out/y of A"),
    "a public face": (scope("A__", "A", public="A"), scope("", "A", folder="y"), "A", "a__/A.ml of A", "y/A.ml"),
    "beside a public face": (scope("A__", "B", public="A"), scope("A", "B"), "A__B", "a__/B.ml of A", "a/B.ml of A"),
}


@pytest.mark.parametrize("first, second, unit, one, other", CLASHES.values(), ids=CLASHES.keys())
def test_two_units_of_one_name(first, second, unit, one, other):
    for scopes in ([first, second], [scope("Other", "X"), second, first]):
        with pytest.raises(RebelError) as raised:
            check_units(map(namespace_of, scopes))
        message = raised.value.message
        assert message.startswith(f"two modules have the compilation unit name {unit}: ")
        assert one in message and other in message


@pytest.mark.parametrize(
    "scopes",
    [
        [scope("A", "B", "C"), scope("B", "A", "C"), scope("", "X", "Y", folder="top")],
        [scope("A", "B__C"), scope("A__B", "D"), scope("A_", "B")],
        [scope("A__", "A", "B", public="A"), scope("B__", "A", "B", public="B")],
    ],
)
def test_other_units_are_apart(scopes):
    check_units(map(namespace_of, scopes))
