"""Interfaces as plain data: the schema of an interface file, for writing and reading.

A type is a list whose first item is its tag (`["pointer", ["void"], 8, "*"]`); `_TYPES` is the table of all tags with
their items, which encoding, decoding and checking use. Recursion is bounded, because the codec refuses data that are
nested more than 100 levels deep.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from rebel_tools.abi import types as t
from rebel_tools.errors import Place
from rebel_tools.interface.model import ExceptionType, Interface, Producer, Target
from rebel_tools.interface.shapes import (
    BITS,
    DICTIONARY,
    FLAG,
    INTEGER,
    MAX_SIZE,
    SIZE,
    TEXT,
    SchemaError,
    Shape,
    fields,
    many,
    named,
    number,
    one_of,
    optional,
    pair,
    row,
    same,
    step,
)

DECLARED = ("functions", "variables", "types", "enumerations")
"""The plain data of the declarations of an interface."""
CONVENTION = one_of(None, *t.CONVENTIONS)
ALIGNMENT = {"alignment": (optional(SIZE), None)}
TAGGED = {"tagged": (FLAG, True)}


def _encode_type(value: t.Type) -> list[Any]:
    tag = _TAGS[type(value)]
    return [tag, *_TYPES[tag].encode(value)]


def _decode_type(value: Any) -> t.Type:
    if type(value) is not list or not value or type(value[0]) is not str or value[0] not in _TYPES:
        raise SchemaError("a type: a list that starts with one of " + ", ".join(_TYPES), value)
    decoded: t.Type = _TYPES[value[0]].decode(value[1:])
    return decoded


TYPE = Shape(_encode_type, _decode_type)
_INTEGER = row(t.Integer, size=SIZE, signed=FLAG, name=TEXT)
_FIELD = row(
    t.Field,
    name=optional(TEXT),
    type=TYPE,
    offset=SIZE,
    bit_size=optional(BITS),
    bit_offset=optional(BITS),
    kind=one_of("member", "base", "virtual base", "vptr"),
    tail={**ALIGNMENT, "access": (one_of("public", "protected", "private"), "public")},
)
_FUNCTION = row(t.FunctionType, result=TYPE, parameters=many(TYPE), varargs=FLAG, convention=CONVENTION)
_VIRTUAL = row(
    t.Virtual,
    name=TEXT,
    slot=optional(number("a slot", 0, MAX_SIZE)),
    symbol=optional(TEXT),
    pure=FLAG,
    tail={"type": (optional(_FUNCTION), None)},
)
_TYPES = {
    "void": row(t.Void),
    "bool": row(t.Bool, size=SIZE),
    "integer": _INTEGER,
    "float": row(t.Float, size=SIZE, name=TEXT, complex=FLAG),
    "pointer": row(t.Pointer, target=TYPE, size=SIZE, kind=one_of("*", "&", "&&")),
    "member pointer": row(t.MemberPointer, target=TYPE, size=SIZE, tail={"record": (optional(TYPE), None)}),
    "array": row(t.Array, element=TYPE, count=optional(SIZE), tail={"vector": (FLAG, False)}),
    "function": _FUNCTION,
    "typedef": row(t.Typedef, name=TEXT, target=TYPE, tail=ALIGNMENT),
    "qualified": row(t.Qualified, target=TYPE, qualifier=one_of("const", "volatile", "restrict", "atomic")),
    "record": row(
        t.Record,
        kind=one_of("struct", "union"),
        name=optional(TEXT),
        size=optional(SIZE),
        fields=many(_FIELD),
        tail={
            **TAGGED,
            **ALIGNMENT,
            "passing": (one_of(None, "value", "reference", t.NOT_KNOWN), None),
            "virtuals": (many(_VIRTUAL), ()),
            "left_out": (FLAG, False),
            "constants": (many(pair(TEXT, INTEGER)), ()),
        },
    ),
    "enum": row(t.Enum, name=optional(TEXT), underlying=_INTEGER, values=many(pair(TEXT, INTEGER)), tail=TAGGED),
    "ref": row(t.Ref, key=TEXT),
    "unknown": row(t.Unknown, reason=TEXT, size=optional(SIZE)),
}
_TAGS = {
    t.Void: "void",
    t.Bool: "bool",
    t.Integer: "integer",
    t.Float: "float",
    t.Pointer: "pointer",
    t.MemberPointer: "member pointer",
    t.Array: "array",
    t.FunctionType: "function",
    t.Typedef: "typedef",
    t.Qualified: "qualified",
    t.Record: "record",
    t.Enum: "enum",
    t.Ref: "ref",
    t.Unknown: "unknown",
}

_TARGET = {
    "machine": TEXT,
    "pointer_size": number("a size in bytes", 1, 16),
    "byteorder": one_of("little", "big"),
    "os": TEXT,
}


def _decode_definition(value: Any) -> t.Record | t.Enum:
    definition = _decode_type(value)
    if not isinstance(definition, (t.Record, t.Enum)):
        raise SchemaError("a record or an enum", value)
    return definition


def _decode_definitions(value: Any) -> dict[str, t.Record | t.Enum]:
    shape = Shape(same, _decode_definition)
    found = {key: step(key, shape, item) for key, item in DICTIONARY.decode(value).items()}
    for key, definition in found.items():
        if t.key_of(definition) != key:
            raise SchemaError(f'"{key}"', t.key_of(definition))
    return found


def _encode_enumerations(value: tuple[t.Enum, ...]) -> dict[str, list[Any]]:
    return {t.constants_key(enum): _encode_type(enum) for enum in reversed(value)}


def _decode_enumerations(value: Any) -> tuple[t.Enum, ...]:
    found = {key: step(key, Shape(same, _decode_enumeration), item) for key, item in DICTIONARY.decode(value).items()}
    if not found:
        raise SchemaError("enumerations, or no such key", value)
    for key, enum in found.items():
        if t.constants_key(enum) != key:
            raise SchemaError(f'"{key}"', t.constants_key(enum))
    return tuple(found.values())


def _decode_enumeration(value: Any) -> t.Enum:
    definition = _decode_type(value)
    if not isinstance(definition, t.Enum) or not definition.values:
        raise SchemaError("an enum with constants", value)
    return definition


_BODY = {
    "language": TEXT,
    "target": Shape(
        lambda value: {key: getattr(value, key) for key in _TARGET}, lambda value: Target(**fields(value, _TARGET))
    ),
    "options": DICTIONARY,
    "functions": named(
        t.Function,
        result=TYPE,
        parameters=many(row(t.Parameter, name=optional(TEXT), type=TYPE)),
        varargs=FLAG,
        convention=CONVENTION,
        raises=many(TEXT),
        display=optional(TEXT),
        tail={"noreturn": (FLAG, False), "explicit": (FLAG, False)},
    ),
    "variables": named(
        t.Variable,
        type=TYPE,
        tls=optional(FLAG),
        display=optional(TEXT),
        tail={"writable": (optional(FLAG), None), **ALIGNMENT},
    ),
    "types": Shape(lambda value: {key: _encode_type(item) for key, item in value.items()}, _decode_definitions),
    "exceptions": named(ExceptionType, base=optional(TEXT), symbol=optional(TEXT)),
    "digest_symbol": optional(TEXT),
    "extra": DICTIONARY,
}
_FURTHER = {"enumerations": Shape(_encode_enumerations, _decode_enumerations)}
"""Keys that are left out if they are empty, so that most files have the same bytes as before these keys existed."""


def encode(interface: Interface) -> dict[str, Any]:
    """The part of an interface that its digest covers."""
    found = {key: shape.encode(_part(interface, key)) for key, shape in _BODY.items()}
    further = {key: shape.encode(_part(interface, key)) for key, shape in _FURTHER.items() if _part(interface, key)}
    return {**found, **further}


def _part(interface: Interface, key: str) -> Any:
    owner = interface.declarations if key in DECLARED else interface
    return getattr(owner, key)


def places(interface: Interface) -> dict[str, list[Any]]:
    """The places of all declarations: {name of a symbol or key of a type: [path, line]}."""
    declarations = interface.declarations
    enumerations = {t.constants_key(enum): enum for enum in reversed(declarations.enumerations)}
    declared: dict[str, Any] = {
        **enumerations,
        **declarations.types,
        **declarations.functions,
        **declarations.variables,
    }
    return {
        name: [_readable(item.declared_at.path), item.declared_at.line]
        for name, item in declared.items()
        if item.declared_at is not None
    }


def _readable(path: str) -> str:
    """The path with bytes that are not UTF-8 escaped: an interface file contains text only."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def decode(envelope: dict[str, Any]) -> Interface:
    """The interface in an envelope from `codec.unseal`. Errors: SchemaError, whose path starts at the envelope."""
    body = step("interface", Shape(same, lambda value: fields(value, _BODY, _FURTHER)), envelope["interface"])
    where = step("places", Shape(same, _decode_places), envelope["places"])
    producer = step("producer", Shape(same, _decode_producer), envelope["producer"])
    enumerations = body.pop("enumerations", ())
    declared = {kind: body.pop(kind) for kind in ("functions", "variables", "types")}
    _check_references(body, declared)
    placed: dict[str, Any] = {
        kind: {name: _placed(item, where.get(name)) for name, item in items.items()} for kind, items in declared.items()
    }
    placed["enumerations"] = tuple(_placed(enum, where.get(t.constants_key(enum))) for enum in enumerations)
    return Interface(producer=producer, declarations=t.Declarations(**placed), **body)


def _placed(item: Any, place: Place | None) -> Any:
    return replace(item, declared_at=place) if place else item


def _decode_producer(value: Any) -> Producer:
    return Producer(**fields(value, {"name": TEXT, "version": TEXT}))


def _decode_places(value: Any) -> dict[str, Place]:
    shape = row(Place, path=TEXT, line=optional(number("a line", 0, MAX_SIZE)))
    return {name: step(name, shape, item) for name, item in value.items()}


def _check_references(body: dict[str, Any], declared: dict[str, Any]) -> None:
    """Errors: SchemaError for an exception that is raised but not declared, or a name of a function and a variable."""
    exceptions = body["exceptions"]
    for name, function in declared["functions"].items():
        for raised in function.raises:
            if raised not in exceptions:
                raise SchemaError(f"{name} raises a declared exception", raised)
    both = declared["functions"].keys() & declared["variables"].keys()
    if both:
        raise SchemaError("each symbol is a function or a variable", sorted(both)[0])
