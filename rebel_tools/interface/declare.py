"""The vocabulary for declaring the exports of a core in Python: `env.Interface('core.interface', 'core_exports.py')`.

    from rebel_tools.interface.declare import export, exception, export_data, pointer, struct, cint, double, size_t

    point = struct("point", x=cint, y=cint)
    CoreError = exception("CoreError")

    @export(pointer(point), size_t, result=double, raises=[CoreError])
    def core_length(points, count):
        "The length of a way."

    export_data("core_version", cint)

Types such as `long_` and `pointer(...)` get the sizes of the target for which the file is read. A wrong declaration
raises InterfaceSourceError with the line. Outside `env.Interface` the functions only build objects, so that the file
can also be imported.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, Union

from rebel_tools.errors import Place
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.interface.model import ExceptionType

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


@dataclass(frozen=True)
class Scalar:
    """A predefined type of C, by its name: `unsigned int`, `size_t`, `void`."""

    name: str


@dataclass(frozen=True)
class PointerTo:
    """A pointer to data or to a function."""

    target: CType


@dataclass(frozen=True)
class ArrayOf:
    """`count` elements in a row."""

    element: CType
    count: int


@dataclass(frozen=True)
class FunctionOf:
    """A type of functions; values have pointers to it."""

    arguments: tuple[CType, ...]
    result: CType


@dataclass(frozen=True)
class Tagged:
    """A use of a structure, union or enumeration by its key, "struct point", which may be declared later."""

    key: str


CType = Union[Scalar, PointerTo, ArrayOf, FunctionOf, Tagged]
"""A type by its C name or its parts. `rebel_tools.producers.layout` computes its size on a target."""


@dataclass(frozen=True)
class RecordDeclaration:
    """A structure or union with its fields; one without fields is opaque."""

    key: str
    fields: tuple[tuple[str, CType], ...]
    place: Place


@dataclass(frozen=True)
class EnumDeclaration:
    """An enumeration with its constants."""

    key: str
    constants: tuple[tuple[str, int], ...]
    place: Place


@dataclass(frozen=True)
class Export:
    """One `@export` or `export_data`: for data `result` is the type and `arguments` is None."""

    name: str
    result: CType
    arguments: tuple[tuple[str, CType], ...] | None
    raises: tuple[str, ...]
    varargs: bool
    convention: str | None
    place: Place


@dataclass
class Collected:
    """All declarations of one file."""

    exports: list[Export] = field(default_factory=list)
    tagged: dict[str, RecordDeclaration | EnumDeclaration] = field(default_factory=dict)
    exceptions: dict[str, ExceptionType] = field(default_factory=dict)


class _Collecting(threading.local):
    """The declarations of the file that this thread reads; with -j, SCons reads several at once."""

    into: Collected | None = None


_collecting = _Collecting()


@contextmanager
def collecting() -> Iterator[Collected]:
    """All declarations that this thread makes inside the `with` statement."""
    outer, _collecting.into = _collecting.into, Collected()
    try:
        yield _collecting.into
    finally:
        _collecting.into = outer


def _place() -> Place:
    """The line of the user's file that called a function of this module."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    return Place(frame.f_code.co_filename, frame.f_lineno)


def _wrong(message: str, expected: str) -> InterfaceSourceError:
    return InterfaceSourceError(message, place=_place(), expected=expected)


def _type(value: Any, what: str) -> CType:
    if isinstance(value, (Scalar, PointerTo, ArrayOf, FunctionOf, Tagged)):
        return value
    if isinstance(value, str) and value.split(" ")[0] in ("struct", "union", "enum"):
        return Tagged(value)
    raise _wrong(f"{what} is {value!r}", 'a type of rebel_tools.interface.declare, or a key such as "struct point"')


def _remember(table: str, key: str, value: Any, what: str) -> None:
    known = getattr(_collecting.into or Collected(), table)
    if key in known:
        raise _wrong(f"{what} {key} is declared twice", "one declaration")
    known[key] = value


def pointer(target: Any) -> CType:
    """A pointer to a type, or to a record by key ("struct node") before that is declared."""
    return PointerTo(_type(target, "the target of a pointer"))


def array(element: Any, count: int) -> CType:
    """An array of `count` elements."""
    if not isinstance(count, int) or count < 0:
        raise _wrong(f"an array has {count!r} elements", "a number")
    return ArrayOf(_type(element, "the element of an array"), count)


def function(*arguments: Any, result: Any = None) -> CType:
    """A pointer to a function with these argument types."""
    kinds = tuple(_type(argument, "an argument") for argument in arguments)
    return PointerTo(FunctionOf(kinds, _type(result or void, "the result")))


def struct(tag: str, **fields: Any) -> CType:
    """A structure with fields in this order and the target's natural alignment; opaque without fields."""
    return _record("struct", tag, fields)


def union(tag: str, **fields: Any) -> CType:
    """A union."""
    return _record("union", tag, fields)


def _record(kind: str, tag: str, fields: dict[str, Any]) -> CType:
    members = tuple((name, _type(value, f"{kind} {tag}.{name}")) for name, value in fields.items())
    return _declare_tagged(kind, RecordDeclaration(f"{kind} {tag}", members, _place()))


def enum(tag: str, **values: int) -> CType:
    """An enumeration that is held in an `int`."""
    constants = tuple(values.items())
    for name, value in constants:
        if not isinstance(value, int):
            raise _wrong(f"enum {tag}.{name} is {value!r}", "an integer")
    return _declare_tagged("enum", EnumDeclaration(f"enum {tag}", constants, _place()))


def _declare_tagged(kind: str, declared: RecordDeclaration | EnumDeclaration) -> Tagged:
    _remember("tagged", declared.key, declared, kind)
    return Tagged(declared.key)


def exception(name: str, base: ExceptionType | None = None, symbol: str | None = None) -> ExceptionType:
    """An exception that exported functions may raise; `symbol` is its exported type information, if there is one."""
    declared = ExceptionType(name, base.name if base else None, symbol)
    _remember("exceptions", name, declared, "exception")
    return declared


def export(
    *arguments: Any,
    result: Any = None,
    raises: Iterable[ExceptionType] = (),
    name: str | None = None,
    varargs: bool = False,
    convention: str | None = None,
) -> Callable[[AnyFunction], AnyFunction]:
    """Declare the decorated function as an export with these argument types; no `result` means `void`."""
    place = _place()
    kinds = [_type(kind, f"argument {index + 1}") for index, kind in enumerate(arguments)]
    returned = void if result is None else _type(result, "the result")
    raised = _exception_names(raises)
    if convention not in (None, "stdcall", "fastcall"):
        raise _wrong(f"unknown calling convention {convention!r}", "stdcall or fastcall")

    def decorate(declared: AnyFunction) -> AnyFunction:
        names = _parameter_names(declared, len(kinds), place)
        symbol = name or declared.__name__
        _add(Export(symbol, returned, tuple(zip(names, kinds)), raised, varargs, convention, place))
        return declared

    return decorate


def export_data(name: str, kind: Any) -> None:
    """Declare exported data."""
    _add(Export(name, _type(kind, f"the type of {name}"), None, (), False, None, _place()))


def _exception_names(raises: Iterable[ExceptionType]) -> tuple[str, ...]:
    for raised in raises:
        if not isinstance(raised, ExceptionType):
            raise _wrong(f"raises has {raised!r}", "what exception(...) returned")
    return tuple(raised.name for raised in raises)


def _parameter_names(declared: Callable[..., Any], count: int, place: Place) -> list[str]:
    names = list(inspect.signature(declared).parameters)
    if len(names) != count:
        message = f"{declared.__name__} has {len(names)} parameters and @export gives {count} argument types"
        raise InterfaceSourceError(message, place=place, expected="one type for each parameter")
    return names


def _add(declared: Export) -> None:
    known = (_collecting.into or Collected()).exports
    first = next((e for e in known if e.name == declared.name), None)
    if first is not None:
        message = f"{declared.name} is exported twice, first at {first.place}"
        raise InterfaceSourceError(message, place=declared.place, expected="one declaration")
    known.append(declared)


void = Scalar("void")
boolean = Scalar("_Bool")
char = Scalar("char")
cint = Scalar("int")
uint = Scalar("unsigned int")
long_ = Scalar("long")
ulong = Scalar("unsigned long")
int8, int16, int32, int64 = (Scalar(f"int{bits}_t") for bits in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (Scalar(f"uint{bits}_t") for bits in (8, 16, 32, 64))
size_t = Scalar("size_t")
ssize_t = Scalar("ssize_t")
float_ = Scalar("float")
double = Scalar("double")
