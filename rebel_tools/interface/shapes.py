"""The parts of a schema of plain data. Each `Shape` writes one kind of item, and reads and checks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

MAX_SIZE = 1 << 62


class SchemaError(ValueError):
    """Plain data that are not an interface. `path`: the keys from the top to the wrong item."""

    def __init__(self, expected: str, found: Any) -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = "nothing" if found is None else f"{type(found).__name__} {_shorten(found)}"
        self.path: list[str] = []


def _shorten(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return f"of {len(value)} items"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Shape(NamedTuple):
    """How one item is written and read. `decode` checks it, and raises SchemaError."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def same(value: Any) -> Any:
    return value


def exact(kind: type, name: str) -> Shape:
    def decode(value: Any) -> Any:
        if type(value) is not kind:
            raise SchemaError(name, value)
        return value

    return Shape(same, decode)


def number(name: str, low: int, high: int) -> Shape:
    def decode(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise SchemaError(name, value)
        return value

    return Shape(same, decode)


def one_of(*choices: str | None) -> Shape:
    def decode(value: Any) -> str | None:
        if value is not None and type(value) is not str or value not in choices:
            raise SchemaError("one of " + ", ".join(map(str, choices)), value)
        return value

    return Shape(same, decode)


def optional(shape: Shape) -> Shape:
    return Shape(
        same if shape.encode is same else lambda value: None if value is None else shape.encode(value),
        lambda value: None if value is None else shape.decode(value),
    )


def step(name: str, shape: Shape, value: Any) -> Any:
    try:
        return shape.decode(value)
    except SchemaError as error:
        error.path.insert(0, name)
        raise


def many(shape: Shape) -> Shape:
    def decode(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise SchemaError("a list", value)
        return tuple(step(str(index), shape, item) for index, item in enumerate(value))

    return Shape(lambda value: [shape.encode(item) for item in value], decode)


def row(make: Callable[..., Any], tail: Mapping[str, tuple[Shape, Any]] | None = None, **items: Shape) -> Shape:
    """A list with one item for each attribute of the object that `make` builds.

    tail: further items with their defaults. At the end of the list, items with their defaults are not written, so
        that such data have the same bytes as before the items existed.
    """
    tail = tail or {}
    both = {**items, **{name: shape for name, (shape, _) in tail.items()}}
    names, required = tuple(both), len(items)
    several = attrgetter(*names) if len(names) > 1 else None  # which gives a tuple, and is the fastest way
    defaults = [None] * required + [default for _, default in tail.values()]
    encoders = [(at, shape.encode) for at, shape in enumerate(both.values()) if shape.encode is not same]

    def encode(value: Any) -> list[Any]:
        written = list(several(value)) if several else [getattr(value, name) for name in names]
        while len(written) > required and written[-1] == defaults[len(written) - 1]:
            written.pop()
        for at, encode_one in encoders:
            if at < len(written):
                written[at] = encode_one(written[at])
        return written

    def decode(value: Any) -> Any:
        if type(value) is not list or not len(items) <= len(value) <= len(both):
            count = f"{len(items)} to {len(both)}" if tail else f"{len(items)}"
            raise SchemaError(f"a list of {count}: {', '.join(both)}", value)
        found = {name: step(name, shape, item) for (name, shape), item in zip(both.items(), value)}
        last = len(value) - 1
        if last >= required and found[names[last]] == defaults[last]:
            raise SchemaError(f"a list without {names[last]} at its end, which is its default", value)
        return make(**found)

    return Shape(encode, decode)


def pair(first: Shape, second: Shape) -> Shape:
    def decode(value: Any) -> tuple[Any, ...]:
        if type(value) is not list or len(value) != 2:
            raise SchemaError("a list of two", value)
        return (step("0", first, value[0]), step("1", second, value[1]))

    return Shape(lambda value: [first.encode(value[0]), second.encode(value[1])], decode)


def named(make: Callable[..., Any], tail: Mapping[str, tuple[Shape, Any]] | None = None, **items: Shape) -> Shape:
    """Objects of one kind by name, {name: [attributes]}; `make` gets the name as well. `tail` as in `row`."""

    def decode_one(name: str, value: Any) -> Any:
        return row(partial(make, name=name), tail, **items).decode(value)

    one = row(make, tail, **items)

    def decode(value: Any) -> dict[str, Any]:
        return {
            name: step(name, Shape(same, partial(decode_one, name)), item)
            for name, item in DICTIONARY.decode(value).items()
        }

    return Shape(lambda objects: {name: one.encode(value) for name, value in objects.items()}, decode)


def fields(value: Any, items: dict[str, Shape], further: Mapping[str, Shape] = MappingProxyType({})) -> dict[str, Any]:
    """Read a dictionary with all of these keys, and with any of the `further` ones. Errors: SchemaError."""
    if type(value) is not dict or value.keys() - further.keys() != items.keys():
        raise SchemaError("a dictionary with exactly " + ", ".join(items), value)
    return {key: step(key, shape, value[key]) for key, shape in {**items, **further}.items() if key in value}


TEXT = exact(str, "text")
FLAG = exact(bool, "true or false")
SIZE = number("a size in bytes", 0, MAX_SIZE)
BITS = number("a number of bits", 0, MAX_SIZE)
INTEGER = exact(int, "an integer")
DICTIONARY = exact(dict, "a dictionary")
