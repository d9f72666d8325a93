"""Sizes and offsets of declared types on a target, where no compiler is asked.

The rules are those of the platforms' ABIs for the types that `declare` offers: a scalar is aligned to its size, a
record to its strictest member, except that i386 outside of Windows aligns 8-byte scalars to 4 (System V i386 psABI,
section 2.1). `long` has 8 bytes on 64-bit targets except Windows. The gate compares the outcome with what the core's
compiler really did.
"""

from __future__ import annotations

from rebel_tools.abi import types as t
from rebel_tools.abi.types import Declarations, Field, Function, Parameter, Variable
from rebel_tools.errors import Place
from rebel_tools.interface.declare import Collected, CType
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
        """All of it; raises InterfaceSourceError for a record that contains itself or is not declared."""
        functions, variables = {}, {}
        for item in self.collected.exports:
            self.place = item.place
            if item.arguments is None:
                variables[item.name] = Variable(item.name, self.type(item.result), declared_at=item.place)
            else:
                functions[item.name] = self.function(item)
        for key in self.collected.records:
            self.define(key)
        return Declarations(functions, variables, dict(self.done))

    def function(self, item) -> Function:
        parameters = tuple(Parameter(name, self.type(kind)) for name, kind in item.arguments)
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
        if kind.kind == "scalar":
            return self.scalars[kind.name]
        if kind.kind == "pointer":
            return t.Pointer(self.type(kind.of), self.target.pointer_size)
        if kind.kind == "array":
            return t.Array(self.type(kind.of), kind.count)
        if kind.kind == "function":
            return t.FunctionType(self.type(kind.of), tuple(self.type(argument) for _, argument in kind.fields))
        if kind.name not in self.collected.records:
            word, _, tag = kind.name.partition(" ")
            expected = f'{word}("{tag}", ...)'
            raise InterfaceSourceError(f"{kind.name} is not declared", place=self.place, expected=expected)
        return t.Ref(kind.name)

    def define(self, key: str) -> t.Record | t.Enum:
        """The definition under `key`, made once."""
        if key in self.done:
            return self.done[key]
        declared = self.collected.records[key]
        if key in self.under_way:
            raise InterfaceSourceError(f"{key} contains itself", place=declared.place, expected="a pointer to it")
        self.under_way.append(key)
        outer, self.place = self.place, declared.place
        kind, _, tag = key.partition(" ")
        if kind == "enum":
            definition = t.Enum(tag, self.scalars["unsigned int"], declared.fields, declared_at=declared.place)
            if any(value < 0 for _, value in declared.fields):
                definition = t.Enum(tag, self.scalars["int"], declared.fields, declared_at=declared.place)
        else:
            definition = self.record(kind, tag, declared)
        self.under_way.pop()
        self.place = outer
        self.done[key] = definition
        return definition

    def record(self, kind: str, tag: str, declared: CType) -> t.Record:
        if declared.fields is None:
            return t.Record(kind, tag, None, declared_at=declared.place)
        fields, end, strictest = [], 0, 1
        for name, member in declared.fields:
            size, alignment = self.measure(member)
            offset = 0 if kind == "union" else _round_up(end, alignment)
            fields.append(Field(name, self.type(member), offset))
            end, strictest = max(end, offset + size), max(strictest, alignment)
        return t.Record(kind, tag, _round_up(end, strictest), tuple(fields), declared.place)

    def measure(self, kind: CType) -> tuple[int, int]:
        """Size and alignment."""
        if kind.kind == "array":
            size, alignment = self.measure(kind.of)
            return size * kind.count, alignment
        if kind.kind == "pointer":
            return self.target.pointer_size, self.target.pointer_size
        if kind.kind == "scalar" and kind.name != "void":
            return self.scalars[kind.name].size, self.alignment(self.scalars[kind.name].size)
        self.type(kind)  # it must be declared
        return self.measure_definition(kind)

    def measure_definition(self, kind: CType) -> tuple[int, int]:
        definition = self.define(kind.name) if kind.kind in ("record", "enum") else t.Void()
        if isinstance(definition, t.Enum):
            return 4, 4
        declared = self.collected.records.get(kind.name, kind)
        if declared.fields is None or isinstance(definition, t.Void):
            message = f"{kind.name or kind.kind} has no size"
            raise InterfaceSourceError(message, place=self.place, expected="a complete type, or a pointer")
        return definition.size, max(self.measure(member)[1] for _, member in declared.fields)

    def alignment(self, size: int) -> int:
        four_at_most = self.target.machine == "i386" and self.target.os != "windows"
        return min(size, 4) if four_at_most else size


def _round_up(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def _scalars(target: Target) -> dict[str, t.Type]:
    word = target.pointer_size
    long_size = 4 if target.os == "windows" else word
    integer = t.Integer
    table: dict[str, t.Type] = {
        "void": t.Void(),
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
    """Plain `char` is unsigned on these (their psABIs); Windows on ARM differs and is not offered here."""
    return machine not in ("aarch64", "arm", "powerpc", "powerpc64", "s390x", "riscv32", "riscv64")
