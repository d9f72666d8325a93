"""The types of an interface: what a compiler's target sees of functions, data and records.

One frozen model serves every source: C headers, `@export` declarations, DWARF of a library, RPython. Names
(typedefs, qualifiers, the spelling of an integer) are kept for people; two types are the same for the gate when
their sizes, signedness and layouts are (see `rebel_tools.gate.compare`).

A record (struct, union, C++ class) or an enumeration that has a tag is written once, in `Declarations.types`, and
used through a `Ref` by its key: `"struct point"`, `"union value"`, `"enum colour"`. So a list node that points to
itself is finite, and every type is a tree. One without a tag that a typedef names has that name: `"typedef point"`.
Any other without a tag stands inline. C++ names are qualified (`"struct geometry::Point"`), and a `class` has the key
of a `struct`, since they are the same to a linker.

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
    """A floating-point number; `complex` ones are two, and `size` is that of both. `name` tells decimal ones."""

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

    record: the class, where the source tells it.
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
    """Another name for `target`; it changes nothing but what is printed, and where it is written the alignment."""

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
    kind: "member", "base" (C++ base class, named after it), "virtual base" (no constant offset: 0 is written) or
        "vptr".
    alignment: what `alignas` or an attribute on the member asks for.
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
    """A virtual function that a class declares itself.

    slot: its index in the virtual table of the class; None where the compiler does not say, as GCC for destructors.
    symbol: the mangled name, None where the compiler does not say.
    """

    name: str
    slot: int | None = None
    symbol: str | None = None
    pure: bool = False


@dataclass(frozen=True)
class Record:
    """The layout of a struct or union. `size` is None for one that is only declared (an opaque handle).

    tagged: whether `name` is a tag; else it is the name of the typedef that names the record.
    alignment: what `alignas` or an attribute asks for (DW_AT_alignment); None leaves it to the members.
    passing: "reference" for a C++ class that is passed and returned by hidden reference for reasons of its own (a
        destructor or copy constructor with a body), "value" where the compiler says so, None where the members decide.
    virtuals: by slot, those without one last.
    constants: static members whose value is known when programs are compiled, in the order of the source.
    left_out: whether it is defined somewhere and the source does not say how: compilers leave out the definition of a
        class where they compile members of it and not its virtual table. `size` is None then, too.
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
    """A type that the producer could not describe. It never compares equal to anything: it cannot be checked."""

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

    name: the symbol as a linker sees it, without the decoration of the platform (no leading `_`, no `@8`); C++
        names stay mangled.
    display: the name for people where it differs ("geometry::area(Shape const&)").
    convention: None for the platform's default, else one of CONVENTIONS.
    raises: keys of the exceptions that it may raise; empty for C.
    noreturn: whether its declaration says that it never returns (`_Noreturn`, `[[noreturn]]`).
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


@dataclass(frozen=True)
class Variable:
    """Exported data.

    tls: whether each thread has a copy; writable: whether programs may write it; None when the source does not say.
    alignment: what `alignas` or an attribute on the declaration asks for.
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
    """What one source declares: functions and variables by symbol name, records and enumerations by key.

    conflicts: further definitions under a key of `types` that differ from the first (two translation units that
        disagree about one tag). A definition without a size is no conflict: the complete one is kept.
    enumerations: those that headers declare, for programs are compiled with their constants. A library's are all of
        the headers that were asked for, those of an interface the ones that no symbol leads to.
    tells_atomic: whether `_Atomic` is told from a plain type; DWARF before version 5 cannot.
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
    """The key under which `definition`, which has a name, stands in `Declarations.types`."""
    if not definition.tagged:
        return f"{TYPEDEF}{definition.name}"
    kind = "enum" if isinstance(definition, Enum) else definition.kind
    return f"{kind} {definition.name}"


def constants_key(enum: Enum) -> str:
    """What an enumeration is called by the constants that it declares: one without a tag by its first constant."""
    return f"enum {enum.name}" if enum.name and enum.tagged else f"enum of {enum.values[0][0]}"


TYPEDEF = "typedef "
"""How the keys of records and enumerations begin that only a typedef names."""


def spelled(key: str) -> str:
    """The key of a definition as people write the type."""
    return key.removeprefix(TYPEDEF)
