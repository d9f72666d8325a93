"""Which records and enumerations a set of symbols uses, directly and indirectly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Union

from rebel_tools.abi import types as t
from rebel_tools.abi.standard_library import own_types

Definitions = Mapping[str, Union[t.Record, t.Enum]]
Symbol = Union[t.Function, t.Variable]


def types_of(symbol: Symbol) -> list[t.Type]:
    """The types in a symbol's declaration."""
    if isinstance(symbol, t.Variable):
        return [symbol.type]
    return [symbol.result, *(parameter.type for parameter in symbol.parameters)]


def visited(kinds: Iterable[t.Type], definitions: Definitions) -> Iterator[t.Type]:
    """These types and all types that they use, directly and indirectly; a definition with a name once."""
    keys: set[str] = set()
    seen: set[int] = set()
    work = list(kinds)
    while work:
        kind = work.pop()
        if id(kind) in seen:  # readers use one object for all that refer to a type
            continue
        seen.add(id(kind))
        yield kind
        if isinstance(kind, t.Ref) and kind.key not in keys:
            keys.add(kind.key)
            if kind.key in definitions:
                work.append(definitions[kind.key])
            work.extend(map(t.Ref, own_types(kind.key, definitions)))
        work.extend(parts(kind))


def with_enumerations(declared: t.Declarations, enumerations: Iterable[t.Enum]) -> t.Declarations:
    """The declarations, with those enumerations added that no symbol uses."""
    enumerations = tuple(enumerations)
    if not enumerations:
        return declared
    symbols: list[Symbol] = [*declared.functions.values(), *declared.variables.values()]
    kinds = [kind for symbol in symbols for kind in types_of(symbol)]
    return replace(declared, enumerations=tuple(unreached(enumerations, kinds, declared.types)))


def unreached(enumerations: Iterable[t.Enum], kinds: Iterable[t.Type], definitions: Definitions) -> Iterator[t.Enum]:
    """The enumerations that these types do not use, each once."""
    seen = {_identity(kind) for kind in visited(kinds, definitions) if isinstance(kind, t.Enum)}
    for enum in enumerations:
        if _identity(enum) not in seen:
            seen.add(_identity(enum))
            yield enum


def _identity(enum: t.Enum) -> tuple[object, ...]:
    """The same for an enumeration under its tag, under the name of a typedef, and without a name."""
    return enum.values, enum.declared_at


def definitions_for(symbols: Iterable[Symbol], definitions: Definitions) -> dict[str, t.Record | t.Enum]:
    """The definitions that these symbols need, by key."""
    kinds = [kind for symbol in symbols for kind in types_of(symbol)]
    return definitions_among(visited(kinds, definitions), definitions)


def definitions_among(kinds: Iterable[t.Type], definitions: Definitions) -> dict[str, t.Record | t.Enum]:
    """Those that these types, and no others, name: by key, sorted."""
    keys = {kind.key for kind in kinds if isinstance(kind, t.Ref)}
    return {key: definitions[key] for key in sorted(keys) if key in definitions}


def parts(kind: t.Type) -> list[t.Type]:
    """The types that a type is directly made of."""
    if isinstance(kind, t.MemberPointer):
        return [kind.target, *([kind.record] if kind.record else [])]
    if isinstance(kind, (t.Pointer, t.Typedef, t.Qualified)):
        return [kind.target]
    if isinstance(kind, t.Array):
        return [kind.element]
    if isinstance(kind, t.FunctionType):
        return [kind.result, *kind.parameters]
    if isinstance(kind, t.Record):
        return [*(field.type for field in kind.fields), *(v.type for v in kind.virtuals if v.type)]
    return []
