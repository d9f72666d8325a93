"""An interface as a C header, with static assertions on every size and offset.

Declarations are written without typedefs, so that no name can conflict with one in a system header; only a record or
enumeration without a tag keeps the typedef that names it. C++ symbols cannot be declared in C and become comments.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rebel_tools.abi import types as t
from rebel_tools.abi.reach import parts, types_of
from rebel_tools.abi.sizes import Definitions, size_of
from rebel_tools.abi.spell import declare, member, peel, prototype, without_typedefs
from rebel_tools.interface.model import Interface
from rebel_tools.interface.render import constants_text
from rebel_tools.text import printable_lines

_COMPLEX = re.compile(r"\bcomplex(?= (?:float|double|long double)\b)")
"""The name of C's `_Complex` in GCC's debug information."""
LARGEST_ATOMIC = 16
"""Bytes of the largest record that compilers align for one instruction."""
_IDENTIFIER = re.compile(r"(?:(?:struct|union|enum|typedef) )?[A-Za-z_]\w*")

_IN_CXX = {"_Static_assert": "static_assert", "_Bool": "bool", "_Atomic": ""}
"""What C++ calls words of C; an atomic type has no name there, and its size and alignment are written anyway."""


def to_header(interface: Interface) -> str:
    """The text of the header."""
    guard = f"REBEL_INTERFACE_{interface.digest[:16].upper()}"
    return printable_lines(
        [
            f"/* {interface.target}, digest {interface.digest} */",
            f"#ifndef {guard}",
            f"#define {guard}",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "#ifdef __cplusplus",
            *(line for word, other in _IN_CXX.items() for line in _replaced(word, other)),
            'extern "C" {',
            "#endif",
            "",
            *_Definitions(interface).lines(),
            *_further(interface),
            "",
            *(_symbol(symbol) for symbol in interface.symbols.values()),
            "",
            "#ifdef __cplusplus",
            "}",
            *(f'#pragma pop_macro("{word}")' for word in _IN_CXX),
            "#endif",
            "#endif",
            "",
        ]
    )


def _replaced(word: str, other: str) -> tuple[str, ...]:
    """Another meaning for a word, until `pop_macro`."""
    return f'#pragma push_macro("{word}")', f"#undef {word}", f"#define {word} {other}".rstrip()


class _Definitions:
    """Records and enumerations, each after those that it contains by value."""

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self.types = interface.declarations.types
        self.out: list[str] = []
        self.written: set[str] = set()

    def lines(self) -> list[str]:
        self.out += [f"{key};" for key in sorted(self.types) if _is_c(key) and key.startswith(("struct ", "union "))]
        for key in sorted(self.types):
            self.define(key)
        for symbol in self.interface.symbols.values():
            for kind in types_of(symbol):
                self.needs(kind, by_value=False)
        return self.out

    def define(self, key: str) -> None:
        definition = self.types.get(key)
        if key in self.written or definition is None or not _is_c(key) or not all(map(_is_c, _names(definition))):
            return
        self.written.add(key)
        for field in getattr(definition, "fields", ()):
            self.needs(field.type)
        head, tail = (key, "") if definition.tagged else (f"typedef {_kind(definition)}", f" {definition.name}")
        if isinstance(definition, t.Enum):
            self.out.append(f"{head} {{ {_constants(definition)} }}{tail};")
        elif definition.size is not None:
            end = f"}}{_aligned(definition.alignment)}{tail};"
            members = _members(definition, self.types)
            self.out += [f"{head} {{", *members, end, *_assertions(t.spelled(key), definition)]

    def needs(self, kind: t.Type, by_value: bool = True) -> None:
        """Write the definitions that must precede a use of this type."""
        if isinstance(kind, t.Ref) and (by_value or kind.key.startswith(t.TYPEDEF)):
            return self.define(kind.key)
        indirect = isinstance(kind, (t.Pointer, t.MemberPointer, t.FunctionType))
        for part in parts(kind):
            self.needs(part, by_value and not indirect)


def _further(interface: Interface) -> list[str]:
    """The enumerations that no symbol uses; none of C++, because their scopes are not known."""
    types, enumerations = interface.declarations.types, interface.declarations.enumerations
    ours = (enum for enum in enumerations if interface.language == "c" and t.constants_key(enum) not in types)
    return sorted(f"{constants_text(enum)};" for enum in ours if all(map(_is_c, _names(enum))))


def _names(definition: t.Record | t.Enum) -> list[str]:
    """The names that a definition declares; in a damaged or malicious file, they may be any text."""
    inner = [name for name, _ in definition.values] if isinstance(definition, t.Enum) else []
    inner += [field.name for field in getattr(definition, "fields", ()) if field.name]
    return inner + ([definition.name] if definition.name else [])


def _kind(definition: t.Record | t.Enum) -> str:
    return "enum" if isinstance(definition, t.Enum) else definition.kind


def _constants(definition: t.Enum) -> str:
    return ", ".join(f"{name} = {value}" for name, value in definition.values)


def _members(record: t.Record, definitions: Definitions) -> list[str]:
    """The members. Bit-fields without a name are not part of an interface, so padding is written for their bits."""
    lines: list[str] = []
    end: int | None = None  # of the bit-field before, in bits
    for field in record.fields:
        if field.bit_size is None or field.bit_offset is None:
            end = None
        else:
            if end is not None and field.bit_offset > end:
                lines.append(f"    {_room(end, field.bit_offset, field.type)};")
            end = field.bit_offset + field.bit_size
        plain = member(replace(field, type=without_typedefs(field.type)))
        lines.append(f"    {_COMPLEX.sub('_Complex', plain)}{_aligned(_alignment(field, definitions))};")
    return lines


def _alignment(field: t.Field, definitions: Definitions) -> int | None:
    """What a member asks for, and for an atomic record its size, which C++ would not follow."""
    kind = without_typedefs(field.type)
    while isinstance(kind, t.Array):
        kind = kind.element
    if field.alignment or not isinstance(kind, t.Qualified) or not isinstance(peel(kind.target), t.Ref):
        return field.alignment
    size = size_of(kind, definitions) or 0
    is_strict = kind.qualifier == "atomic" and size & (size - 1) == 0 and field.offset % (size or 1) == 0
    return size if is_strict and size <= LARGEST_ATOMIC else None


def _aligned(alignment: int | None) -> str:
    return f" __attribute__((aligned({alignment})))" if alignment else ""


def _room(end: int, start: int, kind: t.Type) -> str:
    """A bit-field without a name, from bit `end` of the record to bit `start`, with the type of the next bit-field."""
    unit = declare(without_typedefs(kind), "")
    bits = 8 * (size_of(kind, {}) or 4)
    at_next_unit = start == (end + bits - 1) // bits * bits
    return f"{unit} : {0 if at_next_unit else start - end}"


def _assertions(key: str, record: t.Record) -> list[str]:
    checks = [(f"sizeof({key}) == {record.size}", key)]
    for field in record.fields:
        if field.name and field.bit_size is None:
            checks.append((f"offsetof({key}, {field.name}) == {field.offset}", f"{key}.{field.name}"))
    return [f'_Static_assert({check}, "{what}");' for check, what in checks]


def _symbol(symbol: t.Function | t.Variable) -> str:
    if symbol.name.startswith("_Z") or not _is_c(symbol.name):
        return f"/* {(symbol.display or symbol.name).replace('*/', '* /')} */"
    if isinstance(symbol, t.Variable):
        return f"extern {'__thread ' if symbol.tls else ''}{declare(without_typedefs(symbol.type), symbol.name)};"
    parameters = tuple(replace(p, type=without_typedefs(p.type)) for p in symbol.parameters)
    text = prototype(replace(symbol, result=without_typedefs(symbol.result), parameters=parameters))
    return f"extern {_COMPLEX.sub('_Complex', text)}{' __attribute__((noreturn))' if symbol.noreturn else ''};"


def _is_c(name: str) -> bool:
    return _IDENTIFIER.fullmatch(name) is not None
