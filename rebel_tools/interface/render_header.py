"""An interface as a C header, with static assertions on every size and offset.

Declarations are written without typedefs, so that no name can clash with one of a system header; only a record or
enumeration that has no tag keeps the typedef that names it. C++ symbols cannot be declared in C and become comments.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rebel_tools.abi import types as t
from rebel_tools.abi.reach import parts, types_of
from rebel_tools.abi.sizes import size_of
from rebel_tools.abi.spell import declare, member, peel, prototype
from rebel_tools.interface.model import Interface

_IDENTIFIER = re.compile(r"(?:(?:struct|union|enum) )?[A-Za-z_]\w*")


def to_header(interface: Interface) -> str:
    """The text of the header."""
    guard = f"REBEL_INTERFACE_{interface.digest[:16].upper()}"
    return "\n".join(
        [
            f"/* {interface.target}, digest {interface.digest} */",
            f"#ifndef {guard}",
            f"#define {guard}",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "#ifdef __cplusplus",
            "#define _Static_assert static_assert",
            'extern "C" {',
            "#endif",
            "",
            *_Definitions(interface).lines(),
            "",
            *(_symbol(symbol) for symbol in interface.symbols.values()),
            "",
            "#ifdef __cplusplus",
            "}",
            "#undef _Static_assert",
            "#endif",
            "#endif",
            "",
        ]
    )


class _Definitions:
    """Records and enumerations, each after those that it holds by value."""

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self.types = interface.declarations.types
        self.out: list[str] = []
        self.written: set[str] = set()

    def lines(self) -> list[str]:
        self.out += [f"{key};" for key in sorted(self.types) if _is_c(key) and not key.startswith("enum ")]
        for key in sorted(self.types):
            self.define(key)
        for symbol in self.interface.symbols.values():
            for kind in types_of(symbol):
                self.needs(kind, by_value=False)
        return self.out

    def define(self, key: str) -> None:
        definition = self.types.get(key)
        if key in self.written or definition is None or not _is_c(key):
            return
        self.written.add(key)
        for field in getattr(definition, "fields", ()):
            self.needs(field.type)
        if isinstance(definition, t.Enum):
            self.out.append(f"{key} {{ {_constants(definition)} }};")
        elif definition.size is not None:
            self.out += [f"{key} {{", *_members(definition), "};", *_assertions(key, definition)]

    def needs(self, kind: t.Type, by_value: bool = True) -> None:
        """Write what a use of this type must be preceded by."""
        if _names_untagged(kind):
            return self.typedef(kind)
        if isinstance(kind, t.Ref) and by_value:
            return self.define(kind.key)
        indirect = isinstance(kind, (t.Pointer, t.MemberPointer, t.FunctionType))
        for part in parts(kind):
            self.needs(part, by_value and not indirect)

    def typedef(self, kind: t.Typedef) -> None:
        if kind.name in self.written:
            return
        self.written.add(kind.name)
        for part in parts(peel(kind)):
            self.needs(part)
        body = _inline(peel(kind))
        self.out.append(f"typedef {body} {kind.name};")


def _inline(definition: t.Record | t.Enum) -> str:
    if isinstance(definition, t.Enum):
        return f"enum {{ {_constants(definition)} }}"
    return f"{definition.kind} {{ {' '.join(line.strip() for line in _members(definition))} }}"


def _constants(definition: t.Enum) -> str:
    return ", ".join(f"{name} = {value}" for name, value in definition.values)


def _members(record: t.Record) -> list[str]:
    """The members; bit-fields without a name are not part of an interface, so their room is declared again."""
    lines, position = [], None
    for field in record.fields:
        if field.bit_size is None:
            position = None
        else:
            if position is not None and field.bit_offset > position:
                lines.append(f"    {_room(position, field)};")
            position = field.bit_offset + field.bit_size
        lines.append(f"    {member(replace(field, type=_plain(field.type)))};")
    return lines


def _room(position: int, field: t.Field) -> str:
    unit = declare(_plain(field.type), "")
    bits = 8 * (size_of(field.type, {}) or 4)
    at_next_unit = field.bit_offset == (position + bits - 1) // bits * bits
    return f"{unit} : {0 if at_next_unit else field.bit_offset - position}"


def _assertions(key: str, record: t.Record) -> list[str]:
    checks = [(f"sizeof({key}) == {record.size}", key)]
    for field in record.fields:
        if field.name and field.bit_size is None:
            checks.append((f"offsetof({key}, {field.name}) == {field.offset}", f"{key}.{field.name}"))
    return [f'_Static_assert({check}, "{what}");' for check, what in checks]


def _symbol(symbol: t.Function | t.Variable) -> str:
    if symbol.name.startswith("_Z") or not _is_c(symbol.name):
        return f"/* {symbol.display or symbol.name} */"
    if isinstance(symbol, t.Variable):
        return f"extern {'__thread ' if symbol.tls else ''}{declare(_plain(symbol.type), symbol.name)};"
    parameters = tuple(replace(p, type=_plain(p.type)) for p in symbol.parameters)
    return f"extern {prototype(replace(symbol, result=_plain(symbol.result), parameters=parameters))};"


def _is_c(name: str) -> bool:
    return _IDENTIFIER.fullmatch(name) is not None


def _names_untagged(kind: t.Type) -> bool:
    bare = peel(kind)
    return isinstance(kind, t.Typedef) and isinstance(bare, (t.Record, t.Enum)) and bare.name is None


def _plain(kind: t.Type) -> t.Type:
    """The type without typedefs that are not needed."""
    if _names_untagged(kind):
        return kind
    if isinstance(kind, t.Typedef):
        return _plain(kind.target)
    if isinstance(kind, (t.Pointer, t.MemberPointer, t.Qualified)):
        return replace(kind, target=_plain(kind.target))
    if isinstance(kind, t.Array):
        return replace(kind, element=_plain(kind.element))
    if isinstance(kind, t.FunctionType):
        return replace(kind, result=_plain(kind.result), parameters=tuple(map(_plain, kind.parameters)))
    return kind
