"""Which records and enumerations a set of symbols leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Union

from rebel_tools.abi import types as t

Definitions = Mapping[str, Union[t.Record, t.Enum]]
Symbol = Union[t.Function, t.Variable]


def types_of(symbol: Symbol) -> list[t.Type]:
    """The types that stand in a symbol's declaration."""
    if isinstance(symbol, t.Variable):
        return [symbol.type]
    return [symbol.result, *(parameter.type for parameter in symbol.parameters)]


def reached(kinds: Iterable[t.Type], definitions: Definitions) -> list[str]:
    """The keys that these types lead to, through pointers and members too, sorted."""
    keys: set[str] = set()
    seen: set[int] = set()
    work = list(kinds)
    while work:
        kind = work.pop()
        if id(kind) in seen:  # readers use one object for all that refer to a type
            continue
        seen.add(id(kind))
        if isinstance(kind, t.Ref) and kind.key not in keys:
            keys.add(kind.key)
            if kind.key in definitions:
                work.append(definitions[kind.key])
        work.extend(parts(kind))
    return sorted(keys)


def definitions_for(symbols: Iterable[Symbol], definitions: Definitions) -> dict[str, t.Record | t.Enum]:
    """The definitions that these symbols need, by key."""
    kinds = [kind for symbol in symbols for kind in types_of(symbol)]
    return {key: definitions[key] for key in reached(kinds, definitions) if key in definitions}


def parts(kind: t.Type) -> list[t.Type]:
    """The types that stand directly in a type."""
    if isinstance(kind, (t.Pointer, t.MemberPointer, t.Typedef, t.Qualified)):
        return [kind.target]
    if isinstance(kind, t.Array):
        return [kind.element]
    if isinstance(kind, t.FunctionType):
        return [kind.result, *kind.parameters]
    if isinstance(kind, t.Record):
        return [field.type for field in kind.fields]
    return []
