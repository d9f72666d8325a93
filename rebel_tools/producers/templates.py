"""Class templates that a header names and does not complete.

`int f(list<item> *)` alone makes a compiler describe neither the layout of the list nor that of its items. A line that
asks for the size does, where the template is defined and accepts its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from rebel_tools.abi.types import Declarations, Record
from rebel_tools.producers.bench import Bench, is_open_template

MAX_ROUNDS = 8
"""What one template leads to may be another one; deeper ones stay as they are."""
PLACE = "rebel-templates"
_TOLD = re.compile(rf"^(?:In file included from )?{PLACE}:(\d+)[:,]", re.MULTILINE)


def completed(
    text: str, bench: Bench, described: Callable[[str], Declarations], selected: Callable[[Declarations], Declarations]
) -> Declarations:
    """What a compiler describes of the source `text`, with the types of all templates that can be completed.

    Members of those are none of the header: each program has its own.

    described: compiles a text, and reads what the compiler makes of it.
    selected: the part of it that counts.
    """
    first = found = described(text)
    asked: set[str] = set()
    for _ in range(MAX_ROUNDS):
        open_types = [found.types[key] for key in selected(found).types if key in found.types]
        names = {record.name or "" for record in open_types if isinstance(record, Record) and is_open_template(record)}
        lines = _accepted(text, sorted(names - asked), len(asked), bench)
        if not lines:
            break
        asked |= names
        text += "".join(lines)
        found = replace(described(text), functions=first.functions, variables=first.variables)
    return found


def _accepted(text: str, names: Iterable[str], start: int, bench: Bench) -> list[str]:
    """A line for each name that the compiler has nothing against, each with a number of its own."""
    lines = [f"typedef char rebel_size_{number}[sizeof(::{name})];\n" for number, name in enumerate(names, start)]
    if not lines:
        return []
    source = f'{text}\n#line 1 "{PLACE}"\n{"".join(lines)}'
    words = bench.words(source, "templates", "-fmax-errors=0", "-fno-access-control", "-fsyntax-only")
    said = bench.compiler.attempt(words, plain=True).stderr
    refused = {int(number) for number in _TOLD.findall(said)}
    return [line for number, line in enumerate(lines, 1) if number not in refused]
