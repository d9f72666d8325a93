"""The types of an interface: functions, data and records as they are in machine code.

One immutable model is used for every source: C headers, `@export` declarations, DWARF of a library, RPython. Names
(typedefs, qualifiers, the spelling of an integer) are kept for messages; the gate takes two types for the same when
their sizes, signedness and layouts are (see `rebel_tools.gate.compare`).

A record (struct, union, C++ class) or an enumeration that has a tag is defined once, in `Declarations.types`, and
used through a `Ref` by its key: `"struct point"`, `"union value"`, `"enum colour"`. So a list node that points to
itself is finite, and every type is a tree. If it has no tag but a typedef names it, its key is `"typedef point"`.
Otherwise it is written where it is used. C++ names are qualified (`"struct geometry::Point"`), and a `class` has the
key of a `struct`, since they have the same representation.

All sizes and offsets are in bytes, unless the name says bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

from rebel_tools.errors import Place

CONVENTIONS = (
    "stdcall", "fastcall", "thiscall", "vectorcall", "ms", "sysv", "regcall", "pascal", "aapcs", "aapcs-vfp",
    "preserve_most", "preserve_all", "swift",
)  # fmt: skip
"""Calling conventions that are not the default of the platform, by the names of the compilers' attributes."""

UNTOLD = 0
"""The alignment of a record or of data whose source does not tell what is asked for."""
BY_VALUE, BY_REFERENCE, NOT_KNOWN = "value", "reference", "not known"
"""How values of a class are passed; `NOT_KNOWN` if the source does not tell whether copying or destroying runs code."""


@dataclass(frozen=True)
class Void:
    """No value: the result of a procedure, or what a `void *` points to."""


@dataclass(frozen=True)
class Bool:
    """`_Bool` or C++ `bool`."""

    size: int = 1


@dataclass(frozen=True)
class Integer:
    """An integer or a character; `name` is its spelling in the source ("long", "unsigned char", "char16_t")."""

    size: int
    signed: bool
    name: str = ""


@dataclass(frozen=True)
class Float:
    """A floating-point number. A `complex` one is a pair, whose `size` is given. A decimal one has another `name`."""

    size: int
    name: str = ""
    complex: bool = False


@dataclass(frozen=True)
class Pointer:
    """A pointer, or with `kind` "&" and "&&" a C++ reference, which has the same representation."""

    target: Type
    size: int
    kind: str = "*"


@dataclass(frozen=True)
class MemberPointer:
    """A C++ pointer to member: `size` is that of a pointer for data members and two of them for functions.

    record: the class; None if the source does not contain it.
    """

    target: Type
    size: int
    record: Type | None = None


@dataclass(frozen=True)
class Array:
    """`count` elements in a row; None for a flexible array member or an array of unknown length.

    vector: whether it is one of the compiler's vectors (`vector_size`), which are values and aligned to their size.
    """

    element: Type
    count: int | None
    vector: bool = False


@dataclass(frozen=True)
class FunctionType:
    """The type of a function that is not a symbol: what a function pointer points to."""

    result: Type
    parameters: tuple[Type, ...] = ()
    varargs: bool = False
    convention: str | None = None


@dataclass(frozen=True)
class Typedef:
    """Another name for `target`. It changes only what is printed, and the alignment if it has one (in bytes)."""

    name: str
    target: Type
    alignment: int | None = None


@dataclass(frozen=True)
class Qualified:
    """`qualifier` is "const", "volatile", "restrict" or "atomic". Only "atomic" may change a representation."""

    target: Type
    qualifier: str


@dataclass(frozen=True)
class Field:
    """One member of a record.

    offset: bytes from the start of the record; for a bit-field `bit_offset // 8`.
    bit_size, bit_offset: for a bit-field only; bit_offset counts from the start of the record as
        DW_AT_data_bit_offset does (DWARF 5, section 5.7.6).
    kind: "member", "base" (C++ base class, named after it), "virtual base" (its offset is not constant; here it is 0)
        or "vptr".
    alignment: that of `alignas` or an attribute on the member, None without one.
    access: which C++ code may name it: "public", "protected" or "private".
    """

    name: str | None
    type: Type
    offset: int
    bit_size: int | None = None
    bit_offset: int | None = None
    kind: str = "member"
    alignment: int | None = None
    access: str = "public"


@dataclass(frozen=True)
class Virtual:
    """A virtual function that a class declares, not one that it inherits.

    slot: its index in the virtual table of the class; None if the compiler does not write it, as GCC for destructors.
    symbol: the mangled name; None if the compiler does not write it.
    type: its parameters, without `this`, and its result; None for a destructor.
    """

    name: str
    slot: int | None = None
    symbol: str | None = None
    pure: bool = False
    type: FunctionType | None = None


@dataclass(frozen=True)
class Record:
    """The layout of a struct or union. `size` is None for one that is only declared (an opaque handle).

    tagged: whether `name` is a tag; else it is the name of the typedef that names the record.
    alignment: that of `alignas` or an attribute (DW_AT_alignment); None if it follows from the members; `UNTOLD` if the
        source does not contain it.
    passing: "reference" for a C++ class that is passed and returned by hidden reference because of its own destructor
        or copy constructor, "value" if the compiler marks it so, None if it follows from the members, `NOT_KNOWN` if
        the source does not contain it.
    virtuals: sorted by slot, those without one last.
    constants: static members whose value is a compile-time constant, in the order of the source.
    left_out: whether it is defined, but not in this debug information, or may be: compilers leave out the definition of
        a class if they compile some of its members but not its virtual table. `size` is None then, too.
    """

    kind: str  # "struct" or "union"
    name: str | None
    size: int | None
    fields: tuple[Field, ...] = ()
    declared_at: Place | None = field(default=None, compare=False)
    tagged: bool = True
    alignment: int | None = None
    passing: str | None = None
    virtuals: tuple[Virtual, ...] = ()
    left_out: bool = False
    constants: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Enum:
    """An enumeration, the integer that holds it, and its constants in the order of the source.

    tagged: as of a `Record`.
    """

    name: str | None
    underlying: Integer
    values: tuple[tuple[str, int], ...] = ()
    declared_at: Place | None = field(default=None, compare=False)
    tagged: bool = True


@dataclass(frozen=True)
class Ref:
    """A use of the record or enumeration with this key in `Declarations.types`."""

    key: str


@dataclass(frozen=True)
class Unknown:
    """A type that the producer could not describe. The gate reports it as unchecked, and never as equal."""

    reason: str
    size: int | None = None


Type = Union[
    Void,
    Bool,
    Integer,
    Float,
    Pointer,
    MemberPointer,
    Array,
    FunctionType,
    Typedef,
    Qualified,
    Record,
    Enum,
    Ref,
    Unknown,
]


@dataclass(frozen=True)
class Parameter:
    """One argument of a function. C++ methods have `this` as their first one."""

    name: str | None
    type: Type


@dataclass(frozen=True)
class Function:
    """An exported function.

    name: the symbol without the decoration of the platform (no leading `_`, no `@8`); C++ names stay mangled.
    display: the name for messages if it differs ("geometry::area(Shape const&)").
    convention: None for the platform's default, else one of CONVENTIONS.
    raises: keys of the exceptions that it may raise; empty for C.
    noreturn: whether its declaration says that it never returns (`_Noreturn`, `[[noreturn]]`).
    explicit: whether a constructor or conversion of C++ has to be named by the source that uses it.
    """

    name: str
    result: Type
    parameters: tuple[Parameter, ...] = ()
    varargs: bool = False
    convention: str | None = None
    raises: tuple[str, ...] = ()
    display: str | None = None
    declared_at: Place | None = field(default=None, compare=False)
    noreturn: bool = False
    explicit: bool = False


@dataclass(frozen=True)
class Variable:
    """Exported data.

    tls: whether each thread has a copy; None if the source does not contain it.
    writable: whether programs may write to it; None if the source does not contain it.
    alignment: that of `alignas` or an attribute on the declaration, None without one, `UNTOLD` as of a `Record`.
    """

    name: str
    type: Type
    tls: bool | None = False
    display: str | None = None
    declared_at: Place | None = field(default=None, compare=False)
    writable: bool | None = None
    alignment: int | None = None


@dataclass(frozen=True)
class Declarations:
    """The declarations of one source: functions and variables by symbol name, records and enumerations by key.

    conflicts: further definitions for a key of `types` that differ from the first (from another translation unit).
        A definition without a size is no conflict: the complete one is kept.
    enumerations: those that headers declare, since their constants are compiled into programs. A library's are all in
        the headers that were selected, and those in classes that were read; an interface's are those that no symbol
        uses.
    tells_atomic: whether `_Atomic` is distinguished from a plain type, as in DWARF since version 5.
    tells_conventions: whether a function without a calling convention is known to have the platform's default one.
    tells_noreturn: whether a function without `noreturn` is known to be declared without it.
    """

    functions: Mapping[str, Function] = field(default_factory=dict)
    variables: Mapping[str, Variable] = field(default_factory=dict)
    types: Mapping[str, Record | Enum] = field(default_factory=dict)
    conflicts: tuple[tuple[str, Record | Enum], ...] = ()
    enumerations: tuple[Enum, ...] = ()
    tells_atomic: bool = True
    tells_conventions: bool = False
    tells_noreturn: bool = False


def key_of(definition: Record | Enum) -> str:
    """The key of `definition`, which has a name, in `Declarations.types`."""
    if not definition.tagged:
        return f"{TYPEDEF}{definition.name}"
    kind = "enum" if isinstance(definition, Enum) else definition.kind
    return f"{kind} {definition.name}"


def constants_key(enum: Enum) -> str:
    """The name for an enumeration when its constants are compared. If it has no tag, its first constant names it."""
    return f"enum {enum.name}" if enum.name and enum.tagged else f"enum of {enum.values[0][0]}"


TYPEDEF = "typedef "
"""The beginning of the keys of records and enumerations that have no tag, only a typedef."""


def spelled(key: str) -> str:
    """The spelling of a type in C, by its key."""
    return key.removeprefix(TYPEDEF)
