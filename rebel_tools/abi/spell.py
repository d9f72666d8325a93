"""The spelling of types in C: for messages (`long (8 bytes)`) and for declarations (`int (*cmp)(void *)`)."""

from __future__ import annotations

from dataclasses import replace

from rebel_tools.abi import types as t

_COMMON = {
    "short int": "short",
    "short unsigned int": "unsigned short",
    "long int": "long",
    "long unsigned int": "unsigned long",
    "long long int": "long long",
    "long long unsigned int": "unsigned long long",
}
"""GCC's spelling in DWARF, and the usual one."""
_FLOATS = {4: "float", 8: "double"}


def spell(kind: t.Type) -> str:
    """The C spelling of a type."""
    return declare(kind, "")


def describe(kind: t.Type) -> str:
    """The spelling for messages about differences, with the size of numbers and enumerations."""
    bare = peel(kind)
    size = bare.size if isinstance(bare, (t.Integer, t.Bool, t.Float)) else None
    if isinstance(bare, t.Enum):
        size = bare.underlying.size
    text = spell(kind)
    if size is None:
        return text
    real = spell(bare)
    detail = "" if real == text.replace("const ", "") else f"{real}, "
    return f"{text} ({detail}{size} byte{'s' if size != 1 else ''})"


def peel(kind: t.Type) -> t.Type:
    """The type below typedefs and qualifiers; `_Atomic` stays, since it may change a representation."""
    while isinstance(kind, t.Typedef) or (isinstance(kind, t.Qualified) and kind.qualifier != "atomic"):
        kind = kind.target
    return kind


def expanded(kind: t.Type) -> str:
    """The C spelling of a type with all typedefs written out, and the sizes of numbers."""
    return describe(without_typedefs(kind))


def without_typedefs(kind: t.Type) -> t.Type:
    """The type with every typedef in it replaced by its target."""
    if isinstance(kind, t.Typedef):
        return without_typedefs(kind.target)
    if isinstance(kind, (t.Pointer, t.MemberPointer, t.Qualified)):
        return replace(kind, target=without_typedefs(kind.target))
    if isinstance(kind, t.Array):
        return replace(kind, element=without_typedefs(kind.element))
    if isinstance(kind, t.FunctionType):
        parameters = tuple(map(without_typedefs, kind.parameters))
        return replace(kind, result=without_typedefs(kind.result), parameters=parameters)
    return kind


def declare(kind: t.Type, inner: str) -> str:
    """A C declaration of `inner` with this type; an empty `inner` gives an abstract declarator."""
    if isinstance(kind, t.Pointer):
        target = peel(kind.target)
        star = kind.kind + inner
        return declare(kind.target, f"({star})" if isinstance(target, (t.Array, t.FunctionType)) else star)
    if isinstance(kind, t.MemberPointer):
        return declare(kind.target, f"(::*{inner})")
    if isinstance(kind, t.Array) and kind.vector:
        return f"__attribute__((vector_size({_bytes(kind)}))) {declare(kind.element, inner)}"
    if isinstance(kind, t.Array):
        return declare(kind.element, f"{inner}[{'' if kind.count is None else kind.count}]")
    if isinstance(kind, t.FunctionType):
        convention = f"__{kind.convention} " if kind.convention else ""
        return declare(kind.result, f"{convention}{inner}{arguments(kind.parameters, kind.varargs)}")
    if isinstance(kind, t.Qualified):
        return _qualified(kind, inner)
    return f"{_base(kind)} {inner}".rstrip()


def _bytes(kind: t.Array) -> int:
    """The size of a vector, whose elements are numbers."""
    return (kind.count or 0) * getattr(peel(kind.element), "size", 0)


def _qualified(kind: t.Qualified, inner: str) -> str:
    word = "_Atomic" if kind.qualifier == "atomic" else kind.qualifier
    if isinstance(kind.target, t.Array):  # in C, a qualifier of an array applies to its elements
        return declare(replace(kind.target, element=replace(kind, target=kind.target.element)), inner)
    if isinstance(kind.target, (t.Pointer, t.MemberPointer)):
        return declare(kind.target, f" {word} {inner}".rstrip())
    return f"{word} {declare(kind.target, inner)}"


def arguments(kinds: tuple[t.Type, ...], varargs: bool, names: tuple[str, ...] = ()) -> str:
    """A parameter list in parentheses; an old-style `int f()` has varargs and no parameters."""
    if varargs and not kinds:
        return "()"
    parts = [declare(kind, names[index] if names else "") for index, kind in enumerate(kinds)]
    if varargs:
        parts.append("...")
    return f"({', '.join(parts) or 'void'})"


def prototype(function: t.Function) -> str:
    """The C declaration of a function, without the semicolon. Nameless parameters stay nameless."""
    kinds = tuple(p.type for p in function.parameters)
    names = tuple(p.name or "" for p in function.parameters)
    convention = f"__attribute__(({function.convention})) " if function.convention else ""
    return convention + declare(function.result, function.name + arguments(kinds, function.varargs, names))


def _base(kind: t.Type) -> str:
    if isinstance(kind, t.Void):
        return "void"
    if isinstance(kind, t.Bool):
        return "_Bool"
    if isinstance(kind, t.Integer):
        return _COMMON.get(kind.name, kind.name) or f"{'' if kind.signed else 'u'}int{8 * kind.size}_t"
    if isinstance(kind, t.Float):
        return (kind.name if kind.name != "complex" else "") or ("_Complex " if kind.complex else "") + _FLOATS.get(
            kind.size // 2 if kind.complex else kind.size, "long double"
        )
    if isinstance(kind, t.Typedef):
        return kind.name
    if isinstance(kind, t.Ref):
        return t.spelled(kind.key)
    if isinstance(kind, (t.Record, t.Enum)):
        return _tagged(kind)
    if isinstance(kind, t.Unknown):
        return f"<unknown: {kind.reason}>"
    raise TypeError(f"{kind!r} is declared by `declare`, not by its base")


def _tagged(kind: t.Record | t.Enum) -> str:
    if kind.name:
        return t.spelled(t.key_of(kind))
    if isinstance(kind, t.Enum):
        return f"enum {{ {', '.join(f'{name} = {value}' for name, value in kind.values)} }}"
    return f"{kind.kind} {{ {' '.join(member(field) + ';' for field in kind.fields)} }}"


def member(field: t.Field) -> str:
    """The declaration of one member of a record."""
    width = "" if field.bit_size is None else f" : {field.bit_size}"
    return declare(field.type, field.name or "") + width
