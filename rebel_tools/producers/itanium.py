"""The symbols and types of a C++ header under the Itanium C++ ABI.

Constructors and destructors have several symbols, and layouts of the standard library are not part of an interface.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from rebel_tools.abi.reach import definitions_for
from rebel_tools.abi.standard_library import is_standard, own_names, own_types
from rebel_tools.abi.types import Declarations, Enum, Function, Record, Variable

_STRUCTOR = re.compile(r"^(_ZN.*)([CD])[0-9](E.*)$")


def structor_kind(symbol: str) -> str | None:
    """ "C" for a constructor, "D" for a destructor."""
    match = _STRUCTOR.match(symbol)
    return match[2] if match else None


def symbols(symbol: str, is_virtual: bool) -> list[str]:
    """The symbols of a function: constructors and destructors have several (Itanium C++ ABI, section 5.1.4.3).

    symbol: one of them, or the one that GCC gives to all (`C4`); is_virtual: of a destructor.
    """
    match = _STRUCTOR.match(symbol)
    if match is None:
        return [symbol]
    kinds = ("C1", "C2") if match[2] == "C" else ("D0", "D1", "D2") if is_virtual else ("D1", "D2")
    return [match[1] + kind + match[3] for kind in kinds]


def with_types(
    functions: Mapping[str, Function],
    variables: Mapping[str, Variable],
    types: Mapping[str, Record | Enum],
) -> Declarations:
    """The declarations with the types that they need, classes of the standard library opaque."""
    ours = {key: _opaque(key, types) if is_standard(key) else definition for key, definition in types.items()}
    return Declarations(functions, variables, definitions_for([*functions.values(), *variables.values()], ours))


def _opaque(key: str, types: Mapping[str, Record | Enum]) -> Record | Enum:
    """A type of the standard library without its layout. `left_out` is set unless the types in it are known."""
    definition = types[key]
    if not isinstance(definition, Record):
        return definition
    is_known = len(own_types(key, types)) >= len(own_names(key.partition(" ")[2]))
    return replace(definition, size=None, fields=(), constants=(), virtuals=(), left_out=not is_known)
