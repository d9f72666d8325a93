"""From DIEs to the types of an interface (`rebel_tools.abi.types`).

Records and enumerations with a tag are put on a list and read later, so that a chain of pointers through a thousand
structures is not a recursion. A type that contains itself without a tag, is nested too deeply or is too large (which
happens only in damaged files) becomes `Unknown`, which never compares equal.
"""

from __future__ import annotations

from dataclasses import replace

from rebel_tools.abi import types as t
from rebel_tools.abi.standard_library import is_all_standard, is_standard
from rebel_tools.binary.dwarf_classes import (
    asked_alignment,
    is_left_out,
    read_passing,
    read_virtuals,
    untold_alignment,
)
from rebel_tools.binary.dwarf_constants import C_LANGUAGES, CONVENTIONS, At, Tag
from rebel_tools.binary.dwarf_find import chain, first_string, first_value, flag, language
from rebel_tools.binary.dwarf_levels import is_clang
from rebel_tools.binary.dwarf_members import MEMBER_TAGS, read_constants, read_field
from rebel_tools.binary.dwarf_names import Names
from rebel_tools.binary.dwarf_scalars import in_range, read_base, read_count, read_unspecified
from rebel_tools.binary.dwarf_unit import Die, Spot, Value

MAX_NESTING = 48
MAX_TYPES = 500_000
MAX_NODES = 20_000
"""The limit for types inside one type. If records without tags contain each other twice, each level doubles it."""

RECORDS = {Tag.STRUCTURE: "struct", Tag.CLASS: "struct", Tag.INTERFACE: "struct", Tag.UNION: "union"}
QUALIFIERS = {Tag.CONST: "const", Tag.VOLATILE: "volatile", Tag.RESTRICT: "restrict", Tag.ATOMIC: "atomic"}
POINTERS = {Tag.POINTER: "*", Tag.REFERENCE: "&", Tag.RVALUE_REFERENCE: "&&"}
LOCAL = frozenset({0x0A, 0x0B, 0x1D, Tag.VARIABLE, 0x48, 0x4109})
"""Label, lexical block, inlined subroutine, variable, call site: DIEs that follow the parameters of a function."""
PARAMETER_PACK = 0x4108
FLOAT = 4
"""Bytes of a `float`."""


class TypeReader:
    """Reads types, functions and variables; `types` and `conflicts` are those of `Declarations`.

    nested: the enumerations in the records that were read.
    """

    def __init__(self) -> None:
        self.types: dict[str, t.Record | t.Enum] = {}
        self.conflicts: list[tuple[str, t.Record | t.Enum]] = []
        self._names = Names()
        self._known: dict[Spot, t.Type] = {}
        self._weights: dict[Spot, int] = {}
        self._under_way: list[Spot] = []
        self._queued: set[tuple[str, object, int]] = set()
        self._pending: list[tuple[str, Die]] = []
        self.nested: list[Die] = []
        self._weight = 0

    # Symbols

    def function(self, name: str, die: Die) -> t.Function:
        """A function, from its definition, its abstract origin and its declaration together."""
        links = chain(die)
        body = next((link for link in links if At.ABSTRACT_ORIGIN not in link.values), die)
        parameters, varargs = self._parameters(body)
        if is_clang(die.unit) and body is not links[-1]:  # without optimization it leaves out some that are not used
            parameters = max(parameters, self._parameters(links[-1])[0], key=len)
        return t.Function(
            name,
            self._first_type(links),
            parameters if _has_prototype(links) else tuple(map(_promoted, parameters)),
            varargs,
            self._convention(links),
            display=self._display(links),
            declared_at=self._names.place(links),
            noreturn=flag(links, At.NORETURN),
            explicit=flag(links, At.EXPLICIT),
        )

    def variable(self, name: str, die: Die, tls: bool) -> t.Variable:
        """Exported data."""
        links = chain(die)
        aligned = first_value(links, At.ALIGNMENT)
        kind = self._first_type(links)
        return t.Variable(
            name,
            t.Unknown("the debug information does not tell its type") if isinstance(kind, t.Void) else kind,
            tls,
            self._display(links),
            declared_at=self._names.place(links),
            alignment=aligned[0].number(At.ALIGNMENT, None) if aligned else untold_alignment(die.unit),
        )

    def enumeration(self, die: Die) -> t.Enum:
        """An enumeration with its qualified name, which is None if it has no tag."""
        return self._enum(die, self._names.qualified(die), True)

    def finish(self) -> None:
        """Read all records that the types read so far refer to."""
        while self._pending:
            key, die = self._pending.pop()
            is_tagged = not key.startswith(t.TYPEDEF)
            self._register(key, self._definition(die, key.partition(" ")[2], is_tagged))

    def _parameters(self, die: Die) -> tuple[tuple[t.Parameter, ...], bool]:
        parameters: list[t.Parameter] = []
        varargs = False
        for child in die.unit.children(die):
            if child.tag == Tag.FORMAL_PARAMETER:
                parameters += self._parameter(child, is_first=not parameters)
            elif child.tag == PARAMETER_PACK:
                parameters += self._parameters(child)[0]
            elif child.tag == Tag.UNSPECIFIED_PARAMETERS:
                varargs = True
            elif child.tag in LOCAL:
                break
        return tuple(parameters), varargs

    def _parameter(self, die: Die, is_first: bool) -> list[t.Parameter]:
        """One parameter; none for those that GCC adds to constructors (`__in_chrg`, `__vtt_parm`).

        In declarations these have no names; neither has `this`, which is the first parameter.
        """
        links = chain(die)
        name = first_string(links, At.NAME)
        if flag(links, At.ARTIFICIAL) and not (name == "this" or (name is None and is_first)):
            return []
        return [t.Parameter(name, self._first_type(links))]

    def _convention(self, links: list[Die]) -> str | None:
        found = first_value(links, At.CALLING_CONVENTION)
        return CONVENTIONS.get(found[0].number(At.CALLING_CONVENTION)) if found else None

    def _display(self, links: list[Die]) -> str | None:
        """The readable name of a mangled one, None if the name is not mangled."""
        if not first_value(links, At.LINKAGE_NAME, At.MIPS_LINKAGE_NAME):
            return None
        return self._names.qualified(links[-1])

    def _first_type(self, links: list[Die]) -> t.Type:
        found = first_value(links, At.TYPE)
        return self._referred(*found) if found else t.Void()

    # Types

    def _referred(self, die: Die, value: Value) -> t.Type:
        spot = die.unit.spot(value)
        if spot is not None and spot in self._known:  # most types are used often, and their DIEs need no decoding
            self._weight += self._weights[spot]
            return self._known[spot]
        target = die.unit.reference(value)
        return self.read(target) if target else t.Unknown("it is described in another file")

    def target(self, die: Die) -> t.Type:
        """The type that DW_AT_type of a DIE refers to; void without the attribute."""
        value = die.values.get(At.TYPE)
        return t.Void() if value is None else self._referred(die, value)

    def read(self, die: Die) -> t.Type:
        """The type that a DIE describes."""
        key = die.unit.space, die.offset
        if key in self._known:
            self._weight += self._weights[key]
            return self._known[key]
        if key in self._under_way:
            return t.Unknown("it refers to itself")
        if len(self._under_way) >= MAX_NESTING:
            return t.Unknown("it is nested too deeply")
        if len(self._known) > MAX_TYPES:
            raise die.unit.error("too many types", die.offset, f"at most {MAX_TYPES}")
        outer, self._weight = self._weight, 1
        self._under_way.append(key)
        kind = self._read(die)
        self._under_way.pop()
        if self._weight > MAX_NODES:
            kind, self._weight = t.Unknown("it is too large"), 1
        self._known[key], self._weights[key] = kind, self._weight
        self._weight += outer
        return kind

    def _read(self, die: Die) -> t.Type:
        tag = die.tag
        if tag == Tag.BASE:
            return read_base(die)
        if tag in POINTERS:
            return t.Pointer(self.target(die), die.number(At.BYTE_SIZE, die.unit.address_size), POINTERS[tag])
        if tag in RECORDS or tag == Tag.ENUMERATION:
            return self._tagged(die)
        if tag == Tag.TYPEDEF:
            return self._typedef(die)
        if tag in QUALIFIERS:
            return _qualified(self.target(die), QUALIFIERS[tag])
        if tag == Tag.ARRAY:
            return self._array(die)
        if tag == Tag.SUBROUTINE:
            return self._signature(die)
        if tag == Tag.PTR_TO_MEMBER:
            return self._member_pointer(die)
        if tag == Tag.UNSPECIFIED:
            return read_unspecified(die)
        return t.Unknown(f"the debug information calls it a type of the kind {tag:#x}", die.number(At.BYTE_SIZE, None))

    def _member_pointer(self, die: Die) -> t.MemberPointer:
        target, record = self.target(die), die.unit.reference(die.values.get(At.CONTAINING_TYPE))
        size = die.unit.address_size * (2 if isinstance(target, t.FunctionType) else 1)
        return t.MemberPointer(target, size, None if record is None else self.read(record))

    def _signature(self, die: Die) -> t.FunctionType:
        parameters, varargs = self._parameters(die)
        types = tuple(parameter.type for parameter in parameters)
        return t.FunctionType(self.target(die), types, varargs, self._convention([die]))

    def _method(self, die: Die) -> t.FunctionType:
        """The type of a member function, without `this`."""
        whole = self._signature(die)
        return replace(whole, parameters=whole.parameters[1:])

    def _array(self, die: Die) -> t.Type:
        kind, is_vector = self.target(die), die.number(At.GNU_VECTOR, None) is not None
        for child in reversed([c for c in die.unit.children(die) if c.tag == Tag.SUBRANGE]):
            kind = t.Array(kind, read_count(child), is_vector)
        return kind if isinstance(kind, t.Array) else t.Array(kind, None)

    def _typedef(self, die: Die) -> t.Typedef:
        name, target = self._names.qualified(die) or "", die.unit.reference(die.values.get(At.TYPE))
        alignment = die.number(At.ALIGNMENT, None)
        if name and target is not None and (target.tag in RECORDS or target.tag == Tag.ENUMERATION):
            target = self._whole(target)
            if self._names.qualified(target) is None:
                return t.Typedef(name, self._queued_as(f"{t.TYPEDEF}{name}", target), alignment)
        return t.Typedef(name, self.target(die), alignment)

    def _tagged(self, die: Die) -> t.Type:
        """A reference to a record or enumeration with a tag, which is read later; without a tag, the definition."""
        die = self._whole(die)
        name = self._names.qualified(die)
        if name is None:
            return self._definition(die, None)
        return self._queued_as(f"{RECORDS.get(die.tag, 'enum')} {name}", die)

    def _whole(self, die: Die) -> Die:
        """The DIE in a type unit if the DIE is a reference to one, else the DIE itself."""
        return die.unit.reference(die.values.get(At.SIGNATURE)) or die

    def _queued_as(self, key: str, die: Die) -> t.Ref:
        identity = key, die.unit.space, die.offset
        if identity not in self._queued:
            self._queued.add(identity)
            self._pending.append((key, die))
        return t.Ref(key)

    def _register(self, key: str, definition: t.Record | t.Enum) -> None:
        known = self.types.get(key)
        if known is None or (_is_opaque(known) and not (_is_opaque(definition) and _is_left_out(known))):
            self.types[key] = definition
        elif not _is_opaque(definition) and definition != known and (key, definition) not in self.conflicts[-50:]:
            self.conflicts.append((key, definition))

    def _definition(self, die: Die, name: str | None, is_tagged: bool = True) -> t.Record | t.Enum:
        if die.tag == Tag.ENUMERATION:
            return self._enum(die, name, is_tagged)
        children = list(die.unit.children(die))
        functions = [child for child in children if child.tag == Tag.SUBPROGRAM]
        is_declared = flag([die], At.DECLARATION)
        members = (self._field(child, die.tag == Tag.CLASS) for child in children)
        known = tuple(field for field in members if field is not None) or _untold(die)
        self._weight += len(known)
        self.nested += [child for child in children if child.tag == Tag.ENUMERATION]
        if is_standard(name or ""):
            self._read_arguments(die)
        return t.Record(
            RECORDS[die.tag],
            name,
            None if is_declared else die.number(At.BYTE_SIZE, 0),
            known,
            declared_at=self._names.place(chain(die)),
            tagged=is_tagged,
            alignment=asked_alignment(die),
            passing=read_passing(die, functions),
            virtuals=read_virtuals(functions, self._method),
            constants=read_constants(self.target, children),
            left_out=is_declared and not is_all_standard(name or "") and is_left_out(die, functions),
        )

    def _read_arguments(self, template: Die) -> None:
        """Read the types that a standard template is made of: no member leads from a list to the values in it."""
        for child in template.unit.children(template):
            if child.tag == Tag.TEMPLATE_PACK:
                self._read_arguments(child)
            elif child.tag == Tag.TEMPLATE_TYPE and not self._is_all_standard(child):
                self.target(child)

    def _is_all_standard(self, argument: Die) -> bool:
        """Whether a template argument is a class of the standard library alone, such as `std::less<int>`."""
        kind = argument.unit.reference(argument.values.get(At.TYPE))
        return kind is not None and kind.tag in RECORDS and is_all_standard(self._names.qualified(kind) or "")

    def _field(self, die: Die, is_class: bool) -> t.Field | None:
        if die.tag == Tag.VARIANT_PART:  # an enumeration of Rust that holds data, a record of Ada or Pascal
            return t.Field(None, t.Unknown("it has variants"), 0)
        return read_field(self.target, die, is_class) if die.tag in MEMBER_TAGS else None

    def _enum(self, die: Die, name: str | None, is_tagged: bool) -> t.Enum:
        unit = die.unit
        values = [
            (unit.string(child.values.get(At.NAME)) or "", child.number(At.CONST_VALUE))
            for child in unit.children(die)
            if child.tag == Tag.ENUMERATOR
        ]
        kind = self.target(die)
        while isinstance(kind, (t.Typedef, t.Qualified)):
            kind = kind.target
        if not isinstance(kind, t.Integer):
            kind = t.Integer(die.number(At.BYTE_SIZE, 0), any(value < 0 for _, value in values))
        constants = tuple((constant, in_range(value, kind)) for constant, value in values)
        return t.Enum(name, kind, constants, declared_at=self._names.place(chain(die)), tagged=is_tagged)


def _untold(die: Die) -> tuple[t.Field, ...]:
    """An unknown member for a union with a size and no members, as GCC writes a typedef of a transparent union."""
    is_empty = die.tag != Tag.UNION or die.number(At.BYTE_SIZE, 0) < 2 or At.ALIGNMENT in die.values
    return () if is_empty else (t.Field(None, t.Unknown("the debug information does not tell its members"), 0),)


def _has_prototype(links: list[Die]) -> bool:
    """Whether it has a prototype; not so for a function of C that is defined as `int f(x) float x; {...}`."""
    return language(links[0].unit) not in C_LANGUAGES or any(At.PROTOTYPED in die.values for die in links)


def _promoted(parameter: t.Parameter) -> t.Parameter:
    """The parameter as callers without a prototype pass it: a float as a double. Source: C17, section 6.5.2.2."""
    kind = parameter.type
    while isinstance(kind, (t.Typedef, t.Qualified)):
        kind = kind.target
    is_float = isinstance(kind, t.Float) and kind.size == FLOAT and not kind.complex
    return t.Parameter(parameter.name, t.Float(2 * FLOAT, "double")) if is_float else parameter


def _qualified(kind: t.Type, qualifier: str) -> t.Type:
    """A type with a qualifier, which an array gets only once: GCC writes `const` for the array and its elements."""
    if isinstance(kind, t.Array) and isinstance(kind.element, t.Qualified) and kind.element.qualifier == qualifier:
        return kind
    return t.Qualified(kind, qualifier)


def _is_opaque(definition: t.Record | t.Enum) -> bool:
    """Whether it may be only a declaration of a type that is defined elsewhere."""
    return definition.size is None if isinstance(definition, t.Record) else not definition.values


def _is_left_out(definition: t.Record | t.Enum) -> bool:
    return isinstance(definition, t.Record) and definition.left_out
