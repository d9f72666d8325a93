"""Class templates that a header names and does not complete.

`int f(list<item> *)` alone makes a compiler describe neither the layout of the list nor that of its items. A line that
asks for the size does, where the template is defined and accepts its arguments.
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
"""What one template leads to may be another one; deeper ones are not known."""
PLACE = "rebel-templates"
_REASON = "invalid application of .sizeof. to incomplete type|implicit instantiation of undefined template"
_UNDEFINED = re.compile(rf"^{PLACE}:(\d+):\d+: error: (?:{_REASON})", re.MULTILINE)
_TOLD = re.compile(rf"^(?:In file included from )?{PLACE}:(\d+)[:,]", re.MULTILINE)


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
    asked: set[str] = set()
    for _ in range(MAX_ROUNDS):
        open_types = {key: found.types[key] for key in selected(found).types if key in found.types}
        keys = [key for key, record in sorted(open_types.items()) if _can_be_asked(record) and key not in asked]
        if not keys:
            break
        asked.update(keys)
        more = _described(include, {key: open_types[key] for key in keys}, options, bench)
        found = replace(found, types={**found.types, **{key: more[key] for key in more if _is_open(found, key)}})
    return found


def _can_be_asked(kind: Record | Enum) -> bool:
    return isinstance(kind, Record) and is_open_template(kind)


def _is_open(found: Declarations, key: str) -> bool:
    known = found.types.get(key)
    return known is None or (isinstance(known, Record) and known.size is None)


def _described(include: str, templates: Types, options: Sequence[str], bench: Bench) -> Types:
    """What the compiler says about these templates, by key, and about all that they lead to.

    One without a definition is a handle, as a class is that a header only declares. What the compiler refuses for
    another reason is left out.
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
        told, undefined = ({int(n) for n in pattern.findall(done.stderr)} for pattern in (_TOLD, _UNDEFINED))
        types.update({keys[n - 1]: _handle(templates[keys[n - 1]]) for n in undefined})
        accepted = [key for n, key in enumerate(keys, 1) if n not in told]
        keys = accepted if len(accepted) < len(keys) else []
    return types


def _handle(kind: Record | Enum) -> Record | Enum:
    return replace(kind, left_out=False) if isinstance(kind, Record) else kind
