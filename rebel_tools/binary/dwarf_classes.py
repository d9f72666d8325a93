"""Properties of C++ classes: virtual functions, and whether they are passed by hidden reference.

Source: DWARF 5, sections 5.7.8 and 5.7.1 (DW_AT_calling_convention); Itanium C++ ABI, section 1.1, "non-trivial for the
purposes of calls". Clang writes how a class is passed; for GCC it follows from the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rebel_tools.abi import types as t
from rebel_tools.binary.dwarf_constants import BY_REFERENCE, BY_VALUE, CPLUSPLUS, At, Tag
from rebel_tools.binary.dwarf_find import language
from rebel_tools.binary.dwarf_levels import is_clang, is_strict, tells_attributes
from rebel_tools.binary.dwarf_unit import Die, Unit

KEEPS_CLASSES = "-femit-class-debug-always"
"""The option in GCC's description of itself with which it leaves out no class."""
LEAVES_OUT = "-femit-struct-debug-"
"""Those with which it leaves out records of headers, also of C."""
PURE = 2
DEFAULTED_IN_CLASS = 1
OP_CONST, OP_CONSTU = range(0x08, 0x10), 0x10
QUALIFIERS = frozenset({Tag.CONST, Tag.VOLATILE})
REFERENCES = frozenset({Tag.REFERENCE, Tag.RVALUE_REFERENCE})


def is_left_out(die: Die, functions: list[Die]) -> bool:
    """Whether a class that is only declared here may be defined in the source. `functions` are its member functions.

    If its members are described, it is defined. Clang leaves out the definition of every C++ class that is only used
    through pointers, GCC that of every class whose virtual table is elsewhere unless it is told to keep all; both look
    like a class that the source only declares.
    """
    if LEAVES_OUT in die.unit.producer:
        return True
    if functions or language(die.unit) not in CPLUSPLUS:
        return bool(functions)
    return is_clang(die.unit) or KEEPS_CLASSES not in die.unit.producer


def read_virtuals(functions: Iterable[Die], method: Callable[[Die], t.FunctionType]) -> tuple[t.Virtual, ...]:
    """The virtual functions among the members of a class, by slot, those without one last.

    method: reads what a member function takes and returns.
    """
    found = [_virtual(die, method) for die in functions if die.number(At.VIRTUALITY)]
    return tuple(sorted(found, key=lambda v: (v.slot is None, v.slot or 0, v.name)))


def _virtual(die: Die, method: Callable[[Die], t.FunctionType]) -> t.Virtual:
    unit = die.unit
    symbol = unit.string(die.values.get(At.LINKAGE_NAME) or die.values.get(At.MIPS_LINKAGE_NAME))
    name = unit.string(die.values.get(At.NAME)) or symbol or ""
    is_pure = die.number(At.VIRTUALITY) == PURE
    if name.startswith("~"):  # GCC writes a name that is not a symbol (D4), Clang none
        return t.Virtual(name, _slot(die), None, is_pure)
    return t.Virtual(name, _slot(die), symbol, is_pure, method(die))


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
    name = _name(die).partition("<")[0]
    special = [f for f in functions if name and At.ARTIFICIAL not in f.values and _is_special(f, name, die)]
    if not special or not tells_attributes(die.unit):
        return t.NOT_KNOWN if special else None
    copies = [f for f in special if not _name(f).startswith("~")]
    with_body = [f for f in special if At.DELETED not in f.values and not _is_defaulted(f)]
    if with_body and all(_has_further_arguments(f) for f in with_body):
        return t.NOT_KNOWN  # it copies if these have defaults, which debug information does not tell
    all_deleted = bool(copies) and all(At.DELETED in f.values for f in copies)
    return "reference" if with_body or all_deleted else None


def asked_alignment(die: Die) -> int | None:
    """The alignment that a record asks for; see `t.Record.alignment`.

    Clang writes how a class of C++ is passed wherever it writes what DWARF 5 added.
    """
    unit = die.unit
    if unit.sizes.version >= 5 or At.DECLARATION in die.values:
        return die.number(At.ALIGNMENT, None)
    is_class = is_clang(unit) and language(unit) in CPLUSPLUS
    is_silent = is_class and At.CALLING_CONVENTION not in die.values
    return die.number(At.ALIGNMENT, t.UNTOLD if is_silent else untold_alignment(unit))


def untold_alignment(unit: Unit) -> int | None:
    """What stands for the alignment of what asks for none in this unit."""
    return t.UNTOLD if is_strict(unit) else None


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
    own = _own_arguments(function)
    target = function.unit.reference(own[0].values.get(At.TYPE)) if own else None
    if target is None or target.tag not in REFERENCES:
        return False
    pointee = target.unit.reference(target.values.get(At.TYPE))
    for _ in QUALIFIERS:
        if pointee is not None and pointee.tag in QUALIFIERS:
            pointee = pointee.unit.reference(pointee.values.get(At.TYPE))
    return pointee is not None and pointee.offset == record.offset


def _has_further_arguments(function: Die) -> bool:
    return not _name(function).startswith("~") and len(_own_arguments(function)) > 1


def _own_arguments(function: Die) -> list[Die]:
    """Those that the source has."""
    arguments = (c for c in function.unit.children(function) if c.tag == Tag.FORMAL_PARAMETER)
    return [c for c in arguments if At.ARTIFICIAL not in c.values]
