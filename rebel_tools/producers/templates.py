"""Completes class templates that a header uses but does not instantiate.

For `int f(list<item> *)` alone, a compiler describes neither the layout of the list nor that of its items. For
`sizeof(list<item>)` it does, if the template is defined and accepts its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Union

from rebel_tools.abi.types import Declarations, Enum, Record
from rebel_tools.binary.dwarf import read_declarations
from rebel_tools.producers.bench import Bench, is_open_template, with_opaque_types

Types = dict[str, Union[Record, Enum]]
MAX_ROUNDS = 4
"""A completed template may use others, which the next round completes; templates that are nested deeper stay unknown.
"""
PLACE = "rebel-templates"
_REASON = "invalid application of .sizeof. to incomplete type|implicit instantiation of undefined template"
_UNDEFINED = re.compile(rf"^{PLACE}:(\d+):\d+: error: (?:{_REASON})", re.MULTILINE)
_ERRORS = re.compile(rf"^(?:In file included from )?{PLACE}:(\d+)[:,]", re.MULTILINE)


def completed(
    found: Declarations,
    selected: Callable[[Declarations], Declarations],
    include: str,
    options: Sequence[str],
    bench: Bench,
) -> Declarations:
    """The declarations with the types of all templates that can be completed.

    selected: the part of `found` that counts. include, options: the source text that includes the headers, and what
        makes the compiler describe it.
    """
    tried: set[str] = set()
    for _ in range(MAX_ROUNDS):
        open_types = {key: found.types[key] for key in selected(found).types if key in found.types}
        keys = [key for key, record in sorted(open_types.items()) if _can_be_completed(record) and key not in tried]
        if not keys:
            break
        tried.update(keys)
        more = _described(include, {key: open_types[key] for key in keys}, options, bench)
        found = replace(found, types={**found.types, **{key: more[key] for key in more if _is_open(found, key)}})
    return found


def _can_be_completed(kind: Record | Enum) -> bool:
    return isinstance(kind, Record) and is_open_template(kind)


def _is_open(found: Declarations, key: str) -> bool:
    known = found.types.get(key)
    return known is None or (isinstance(known, Record) and known.size is None)


def _described(include: str, templates: Types, options: Sequence[str], bench: Bench) -> Types:
    """The definitions of these templates and of the types that they use, by key.

    A template without a definition becomes an opaque record, like a class that a header only declares. One that does
    not compile for another reason is left out.
    """
    keys = list(templates)
    types: Types = {}
    while keys:
        names = (templates[key].name for key in keys)
        lines = (f"::{name} *rebel_{n}; typedef char rebel_size_{n}[sizeof(::{name})];" for n, name in enumerate(names))
        source = "\n".join([include, f'#line 1 "{PLACE}"', *lines, ""])
        words = bench.words(source, "templates", *options, "-fmax-errors=0", "-fno-access-control")
        done = bench.compiler.attempt(words, plain=True)
        if done.returncode == 0:
            found = read_declarations(bench.link("templates", ()))
            types.update(bench.with_relative_places(with_opaque_types(found)).types)
            break
        refused, undefined = ({int(n) for n in pattern.findall(done.stderr)} for pattern in (_ERRORS, _UNDEFINED))
        types.update({keys[n - 1]: _opaque(templates[keys[n - 1]]) for n in undefined})
        accepted = [key for n, key in enumerate(keys, 1) if n not in refused]
        keys = accepted if len(accepted) < len(keys) else []
    return types


def _opaque(kind: Record | Enum) -> Record | Enum:
    return replace(kind, left_out=False) if isinstance(kind, Record) else kind
