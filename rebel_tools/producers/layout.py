"""Sizes and offsets of types that are declared in Python, computed without a compiler.

The rules are those of the platforms' ABIs for the types that `declare` offers: a scalar is aligned to its size, a
record to its strictest member, except that i386 outside of Windows aligns 8-byte scalars to 4 (System V i386 psABI,
section 2.1). `long` has 8 bytes on 64-bit targets except Windows. The gate compares the result with the layouts in the
core's debug information.
"""

from __future__ import annotations

from rebel_tools.abi import types as t
from rebel_tools.abi.reach import with_enumerations
from rebel_tools.abi.types import Declarations, Field, Function, Parameter, Variable
from rebel_tools.errors import Place
from rebel_tools.interface.declare import (
    ArrayOf,
    Collected,
    CType,
    EnumDeclaration,
    Export,
    FunctionOf,
    PointerTo,
    RecordDeclaration,
    Scalar,
    Tagged,
)
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.interface.model import Target


class Layout:
    """Turns what a file declared into types with sizes."""

    def __init__(self, collected: Collected, target: Target) -> None:
        self.collected = collected
        self.target = target
        self.scalars = _scalars(target)
        self.under_way: list[str] = []
        self.place: Place | None = None  # of the declaration that is being laid out
        self.done: dict[str, t.Record | t.Enum] = {}

    def declarations(self) -> Declarations:
        """All declarations of the file. Errors: InterfaceSourceError for a record that contains itself or is not
        declared.
        """
        functions, variables = {}, {}
        for item in self.collected.exports:
            self.place = item.place
            if item.arguments is None:
                variables[item.name] = Variable(item.name, self.type(item.result), declared_at=item.place)
            else:
                functions[item.name] = self.function(item, item.arguments)
        for declared in self.collected.tagged.values():
            self.define(declared)
        enumerations = [kind for kind in self.done.values() if isinstance(kind, t.Enum)]
        return with_enumerations(Declarations(functions, variables, dict(self.done)), enumerations)

    def function(self, item: Export, arguments: tuple[tuple[str, CType], ...]) -> Function:
        parameters = tuple(Parameter(name, self.type(kind)) for name, kind in arguments)
        return Function(
            item.name,
            self.type(item.result),
            parameters,
            item.varargs,
            item.convention,
            item.raises,
            declared_at=item.place,
        )

    def type(self, kind: CType) -> t.Type:
        if isinstance(kind, Scalar):
            return t.Void() if kind.name == "void" else self.scalars[kind.name]
        if isinstance(kind, PointerTo):
            return t.Pointer(self.type(kind.target), self.target.pointer_size)
        if isinstance(kind, ArrayOf):
            return t.Array(self.type(kind.element), kind.count)
        if isinstance(kind, FunctionOf):
            return t.FunctionType(self.type(kind.result), tuple(map(self.type, kind.arguments)))
        self.declaration(kind)
        return t.Ref(kind.key)

    def declaration(self, use: Tagged) -> RecordDeclaration | EnumDeclaration:
        """The declaration with this key. Errors: InterfaceSourceError without one."""
        if use.key not in self.collected.tagged:
            word, _, tag = use.key.partition(" ")
            expected = f'{word}("{tag}", ...)'
            raise InterfaceSourceError(f"{use.key} is not declared", place=self.place, expected=expected)
        return self.collected.tagged[use.key]

    def define(self, declared: RecordDeclaration | EnumDeclaration) -> t.Record | t.Enum:
        """The definition of what was declared, made once."""
        key = declared.key
        if key in self.done:
            return self.done[key]
        if key in self.under_way:
            raise InterfaceSourceError(f"{key} contains itself", place=declared.place, expected="a pointer to it")
        self.under_way.append(key)
        outer, self.place = self.place, declared.place
        self.done[key] = self.record(declared) if isinstance(declared, RecordDeclaration) else _enum(declared)
        self.under_way.pop()
        self.place = outer
        return self.done[key]

    def record(self, declared: RecordDeclaration) -> t.Record:
        kind, _, tag = declared.key.partition(" ")
        if not declared.fields:
            return t.Record(kind, tag, None, declared_at=declared.place)
        fields, end, strictest = [], 0, 1
        for name, member in declared.fields:
            size, alignment = self.measure(member)
            offset = 0 if kind == "union" else _round_up(end, alignment)
            fields.append(Field(name, self.type(member), offset))
            end, strictest = max(end, offset + size), max(strictest, alignment)
        return t.Record(kind, tag, _round_up(end, strictest), tuple(fields), declared.place)

    def measure(self, kind: CType) -> tuple[int, int]:
        """Size and alignment in bytes; raises InterfaceSourceError for what has none."""
        if isinstance(kind, ArrayOf):
            size, alignment = self.measure(kind.element)
            return size * kind.count, alignment
        if isinstance(kind, PointerTo):
            return self.target.pointer_size, self.target.pointer_size
        if isinstance(kind, Tagged):
            return self.measure_tagged(kind)
        if isinstance(kind, FunctionOf) or kind.name == "void":
            raise self.without_size("a function" if isinstance(kind, FunctionOf) else "void")
        size = self.scalars[kind.name].size
        return size, self.alignment(size)

    def measure_tagged(self, use: Tagged) -> tuple[int, int]:
        declared = self.declaration(use)
        definition = self.define(declared)
        if isinstance(definition, t.Enum) or isinstance(declared, EnumDeclaration):
            return 4, 4
        if definition.size is None:
            raise self.without_size(use.key)
        return definition.size, max(self.measure(member)[1] for _, member in declared.fields)

    def without_size(self, name: str) -> InterfaceSourceError:
        expected = "a complete type, or a pointer"
        return InterfaceSourceError(f"{name} has no size", place=self.place, expected=expected)

    def alignment(self, size: int) -> int:
        four_at_most = self.target.machine == "i386" and self.target.os != "windows"
        return min(size, 4) if four_at_most else size


def _enum(declared: EnumDeclaration) -> t.Enum:
    """An enumeration as C compilers store it by default: an `unsigned int`, or an `int` if a constant is negative."""
    negative = any(value < 0 for _, value in declared.constants)
    underlying = t.Integer(4, True, "int") if negative else t.Integer(4, False, "unsigned int")
    return t.Enum(declared.key.partition(" ")[2], underlying, declared.constants, declared_at=declared.place)


def _round_up(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def _scalars(target: Target) -> dict[str, t.Bool | t.Integer | t.Float]:
    word = target.pointer_size
    long_size = 4 if target.os == "windows" else word
    integer = t.Integer
    table: dict[str, t.Bool | t.Integer | t.Float] = {
        "_Bool": t.Bool(1),
        "char": integer(1, _char_is_signed(target.machine), "char"),
        "int": integer(4, True, "int"),
        "unsigned int": integer(4, False, "unsigned int"),
        "long": integer(long_size, True, "long"),
        "unsigned long": integer(long_size, False, "unsigned long"),
        "size_t": integer(word, False, "size_t"),
        "ssize_t": integer(word, True, "ssize_t"),
        "float": t.Float(4, "float"),
        "double": t.Float(8, "double"),
    }
    for bits in (8, 16, 32, 64):
        table[f"int{bits}_t"] = integer(bits // 8, True, f"int{bits}_t")
        table[f"uint{bits}_t"] = integer(bits // 8, False, f"uint{bits}_t")
    return table


def _char_is_signed(machine: str) -> bool:
    """Plain `char` is unsigned on these machines (their psABIs); Windows on ARM, where it is signed, is no target."""
    return machine not in ("aarch64", "arm", "powerpc", "powerpc64", "s390x", "riscv32", "riscv64")
