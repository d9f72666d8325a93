"""Sizes of types, from the interface alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Union

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import peel

Definitions = Mapping[str, Union[t.Record, t.Enum]]


def size_of(kind: t.Type, definitions: Definitions) -> int | None:
    """The size of a value of this type in bytes; None if it has none, or if `definitions` lacks the type."""
    kind = peel(kind)
    if isinstance(kind, t.Qualified):
        return size_of(kind.target, definitions)
    if isinstance(kind, t.Array):
        element = size_of(kind.element, definitions)
        return None if element is None or kind.count is None else element * kind.count
    if isinstance(kind, t.Ref):
        definition = definitions.get(kind.key)
        return None if definition is None else size_of(definition, definitions)
    if isinstance(kind, t.Enum):
        return kind.underlying.size
    if isinstance(kind, t.Record) and _is_flexible(kind):
        return None
    return getattr(kind, "size", None)


def _is_flexible(record: t.Record) -> bool:
    """Whether the last member is an array of unknown length, so that a variable of this type can be larger."""
    last = peel(record.fields[-1].type) if record.fields else None
    return isinstance(last, t.Array) and last.count is None


def argument_bytes(function: t.Function, definitions: Definitions) -> int | None:
    """The number behind `@` in a 32-bit Windows symbol: the bytes of all arguments, each rounded up to 4; or None."""
    sizes = [size_of(parameter.type, definitions) for parameter in function.parameters]
    known = [size for size in sizes if size is not None]
    return sum((size + 3) // 4 * 4 for size in known) if len(known) == len(sizes) else None
