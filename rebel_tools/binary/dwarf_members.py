"""Members of records: offsets, base classes, and the three ways in which versions of DWARF describe bit-fields.

Source: DWARF 5, sections 5.7.6 and 5.7.3; DWARF 3, section 5.6.6 for DW_AT_bit_offset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from rebel_tools.abi import types as t
from rebel_tools.binary.dwarf_constants import At, Tag
from rebel_tools.binary.dwarf_scalars import in_range
from rebel_tools.binary.dwarf_unit import Die

MEMBER_TAGS = frozenset({Tag.MEMBER, Tag.INHERITANCE})
STATIC_TAGS = frozenset({Tag.MEMBER, Tag.VARIABLE})
"""DWARF 5 writes static members as variables."""
OP_PLUS_UCONST = 0x23
ACCESS = {1: "public", 2: "protected", 3: "private"}

Target = Callable[[Die], t.Type]
"""Reads the type that DW_AT_type of a DIE refers to."""


def read_field(target: Target, die: Die, is_class: bool) -> t.Field | None:
    """The member that a DIE describes; None for a static one, which is not part of the layout.

    is_class: whether members and bases without DW_AT_accessibility are private.
    """
    field = _read(target, die)
    access = ACCESS.get(die.number(At.ACCESSIBILITY), "private" if is_class else "public")
    return replace(field, access=access) if field is not None and field.kind != "vptr" and access != "public" else field


def _read(target: Target, die: Die) -> t.Field | None:
    values = die.values
    if At.EXTERNAL in values or At.DECLARATION in values:
        return None
    name, kind = die.unit.string(values.get(At.NAME)), target(die)
    offset, alignment = _offset(die), die.number(At.ALIGNMENT, None)
    if die.tag == Tag.INHERITANCE:
        return _base_class(die, kind, offset)
    if At.BIT_SIZE in values:
        bits = die.number(At.BIT_SIZE)
        start = _bit_offset(die, kind, offset or 0, bits)
        return t.Field(name, kind, start // 8, bits, start, alignment=alignment)
    if name and name.startswith(("_vptr.", "_vptr$")):
        return t.Field(name, kind, offset or 0, kind="vptr")
    if offset is None:
        kind = t.Unknown("its offset is computed at run time")
    return t.Field(name, kind, offset or 0, alignment=alignment)


def read_constants(target: Target, dies: Iterable[Die]) -> tuple[tuple[str, int], ...]:
    """The static members among those of a class whose value is a compile-time number."""
    found = []
    for die in dies:
        _, value = die.values.get(At.CONST_VALUE, (0, None))
        if die.tag in STATIC_TAGS and At.EXTERNAL in die.values and isinstance(value, int):
            kind = target(die)
            while isinstance(kind, (t.Typedef, t.Qualified)):
                kind = kind.target
            value = in_range(value, kind) if isinstance(kind, t.Integer) else value
            found.append((die.unit.string(die.values.get(At.NAME)) or "", value))
    return tuple(found)


def _base_class(die: Die, kind: t.Type, offset: int | None) -> t.Field:
    name = kind.key.partition(" ")[2] if isinstance(kind, t.Ref) else None
    virtual = die.number(At.VIRTUALITY) != 0 or offset is None
    return t.Field(name, kind, 0 if virtual else offset or 0, kind="virtual base" if virtual else "base")


def _offset(die: Die) -> int | None:
    """The constant offset of a member in bytes (0 if none is written, as in unions); None for an expression."""
    _, value = die.values.get(At.DATA_MEMBER_LOCATION, (0, 0))
    if isinstance(value, int):
        return value
    if value and value[0] == OP_PLUS_UCONST:  # DWARF 2
        result = shift = 0
        for byte in value[1:]:
            result |= (byte & 127) << shift
            shift += 7
        return result
    return None


def _bit_offset(die: Die, kind: t.Type, offset: int, bits: int) -> int:
    """Bits from the start of the record. Before DWARF 4 they were counted from the high end of a storage unit."""
    if At.DATA_BIT_OFFSET in die.values:
        return die.number(At.DATA_BIT_OFFSET)
    if At.BIT_OFFSET not in die.values:
        return offset * 8
    from_high_end = die.number(At.BIT_OFFSET)
    if die.unit.dwarf.byteorder == "big":
        return offset * 8 + from_high_end
    storage = die.number(At.BYTE_SIZE) or _storage(kind)
    return offset * 8 + storage * 8 - from_high_end - bits


def _storage(kind: t.Type) -> int:
    while isinstance(kind, (t.Typedef, t.Qualified)):
        kind = kind.target
    return kind.size if isinstance(kind, (t.Integer, t.Bool)) else 4
