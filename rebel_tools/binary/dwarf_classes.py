"""Properties of C++ classes: virtual functions, and whether they are passed by hidden reference.

Source: DWARF 5, sections 5.7.8 and 5.7.1 (DW_AT_calling_convention); Itanium C++ ABI, section 1.1, "non-trivial for the
purposes of calls". Clang writes how a class is passed; for GCC it follows from the functions.
"""

from __future__ import annotations

from collections.abc import Iterable

from rebel_tools.abi import types as t
from rebel_tools.binary.dwarf_constants import BY_REFERENCE, BY_VALUE, CPLUSPLUS, At, Tag
from rebel_tools.binary.dwarf_find import language
from rebel_tools.binary.dwarf_unit import Die, Unit

KEEPS_CLASSES = "-femit-class-debug-always"
"""The option in GCC's description of itself with which it leaves out no class."""
PURE = 2
DEFAULTED_IN_CLASS = 1
OP_CONST, OP_CONSTU = range(0x08, 0x10), 0x10
REFERENCES = frozenset({Tag.REFERENCE, Tag.RVALUE_REFERENCE})


def is_left_out(die: Die, name: str, functions: list[Die]) -> bool:
    """Whether a class that is only declared here may be defined in the source. `functions` are its member functions.

    If its members are described, it is defined. Clang leaves out the definition of every C++ class that is only used
    through pointers, GCC that of every class whose virtual table is elsewhere; both look like a class that the source
    only declares. With GCC, a `struct` outside all scopes that is not a template is taken to be only declared, as the
    handles of C are.
    """
    if functions or language(die.unit) not in CPLUSPLUS:
        return bool(functions)
    is_handle = die.tag != Tag.CLASS and "::" not in name and "<" not in name
    return is_clang(die.unit) or not (is_handle or KEEPS_CLASSES in _producer(die.unit))


def is_clang(unit: Unit) -> bool:
    return "clang" in _producer(unit)


def _producer(unit: Unit) -> str:
    return unit.string(unit.top.values.get(At.PRODUCER)) or ""


def read_virtuals(functions: Iterable[Die]) -> tuple[t.Virtual, ...]:
    """The virtual functions among the members of a class, by slot, those without one last."""
    found = [_virtual(die) for die in functions if die.number(At.VIRTUALITY)]
    return tuple(sorted(found, key=lambda v: (v.slot is None, v.slot or 0, v.name)))


def _virtual(die: Die) -> t.Virtual:
    unit = die.unit
    symbol = unit.string(die.values.get(At.LINKAGE_NAME) or die.values.get(At.MIPS_LINKAGE_NAME))
    name = unit.string(die.values.get(At.NAME)) or symbol or ""
    if name.startswith("~"):
        symbol = None  # GCC writes a name that is not a symbol (D4), Clang none
    return t.Virtual(name, _slot(die), symbol, die.number(At.VIRTUALITY) == PURE)


def _slot(die: Die) -> int | None:
    """The operand of DW_OP_constu (or of one of the older constants) in DW_AT_vtable_elem_location."""
    name = die.unit.string(die.values.get(At.NAME)) or ""
    _, block = die.values.get(At.VTABLE_ELEM_LOCATION, (0, b""))
    if name.startswith("~") or not isinstance(block, bytes) or len(block) < 2:
        return None  # GCC writes no slot for destructors, so those of Clang are ignored
    if block[0] == OP_CONSTU:
        return sum((byte & 127) << 7 * index for index, byte in enumerate(block[1:10]))
    if block[0] in OP_CONST:
        return int.from_bytes(block[1:9], die.unit.dwarf.byteorder)
    return None


def read_passing(die: Die, functions: list[Die]) -> str | None:
    """How values of a class are passed, if this follows from the class itself; see `t.Record.passing`."""
    written = {BY_REFERENCE: "reference", BY_VALUE: "value"}.get(die.number(At.CALLING_CONVENTION))
    if written:
        return written
    name = (die.unit.string(die.values.get(At.NAME)) or "").partition("<")[0]
    if not name:
        return None
    special = [f for f in functions if At.ARTIFICIAL not in f.values and _is_special(f, name, die)]
    copies = [f for f in special if not _name(f).startswith("~")]
    has_body = any(At.DELETED not in f.values and not _is_defaulted(f) for f in special)
    all_deleted = bool(copies) and all(At.DELETED in f.values for f in copies)
    return "reference" if has_body or all_deleted else None


def _name(die: Die) -> str:
    return die.unit.string(die.values.get(At.NAME)) or ""


def _is_defaulted(die: Die) -> bool:
    return die.number(At.DEFAULTED) == DEFAULTED_IN_CLASS


def _is_special(function: Die, name: str, record: Die) -> bool:
    """Whether it is the destructor, or a constructor from a reference to the class."""
    found = _name(function).partition("<")[0]
    if found == f"~{name}":
        return True
    return found == name and _takes_itself(function, record)


def _takes_itself(function: Die, record: Die) -> bool:
    unit = function.unit
    arguments = [c for c in unit.children(function) if c.tag == Tag.FORMAL_PARAMETER]
    own = [c for c in arguments if At.ARTIFICIAL not in c.values]
    target = unit.reference(own[0].values.get(At.TYPE)) if own else None
    if target is None or target.tag not in REFERENCES:
        return False
    pointee = target.unit.reference(target.values.get(At.TYPE))
    if pointee is not None and pointee.tag == Tag.CONST:
        pointee = pointee.unit.reference(pointee.values.get(At.TYPE))
    return pointee is not None and pointee.offset == record.offset
