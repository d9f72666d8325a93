"""Types that are described by one DIE: numbers, the length of an array, unspecified types.

Source: DWARF 5, sections 5.1, 5.13 and 7.8.
"""

from __future__ import annotations

from rebel_tools.abi import types as t
from rebel_tools.binary.dwarf_constants import At, Encoding
from rebel_tools.binary.dwarf_unit import Die


def read_base(die: Die) -> t.Type:
    """A number or a character; Unknown for an encoding that is not in the model."""
    name, size = die.unit.string(die.values.get(At.NAME)) or "", die.number(At.BYTE_SIZE, 0)
    encoding = die.number(At.ENCODING)
    if size == 0:  # so written for void by ICC, and for empty types by Rust
        return t.Void() if name == "void" else t.Unknown(f"{name or 'a type'} without a size")
    if encoding == Encoding.BOOLEAN:
        return t.Bool(size)
    if encoding in (Encoding.SIGNED, Encoding.SIGNED_CHAR):
        return t.Integer(size, True, name)
    if encoding in (Encoding.UNSIGNED, Encoding.UNSIGNED_CHAR, Encoding.UTF, Encoding.ASCII):
        return t.Integer(size, False, name)
    if encoding in (Encoding.FLOAT, Encoding.COMPLEX_FLOAT, Encoding.DECIMAL_FLOAT):
        return t.Float(size, name, encoding == Encoding.COMPLEX_FLOAT)
    return t.Unknown(f"a number in the encoding {encoding:#x}", size)


def read_unspecified(die: Die) -> t.Type:
    """The type of nullptr in C++, which is passed as a pointer; or a type that GNU as does not know."""
    name = die.unit.string(die.values.get(At.NAME)) or ""
    if "nullptr" in name:
        return t.Typedef("decltype(nullptr)", t.Pointer(t.Void(), die.unit.address_size))
    return t.Unknown("the debug information does not specify it")


def read_count(die: Die) -> int | None:
    """The number of elements in one dimension; None if it is not written or is computed at run time."""
    for attribute, more in ((At.COUNT, 0), (At.UPPER_BOUND, 1)):
        if attribute in die.values:
            form, value = die.values[attribute]
            if not isinstance(value, int):
                return None
            return 0 if more and value in (-1, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) else value + more
    return None


def in_range(value: int, kind: t.Integer) -> int:
    """A value of `kind` with its sign: some compilers write -1 as an unsigned number."""
    return value - (1 << 8 * kind.size) if kind.signed and kind.size and value >> (8 * kind.size - 1) == 1 else value
