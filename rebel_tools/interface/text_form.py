"""Interfaces as text, for reviews and version control: the data of the pickle as JSON, with comments.

A comment above each declaration spells it in C. A file is accepted only if it equals, byte for byte, what would be
written for its data, so that a comment always agrees with the data below it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from rebel_tools.abi.types import constants_key
from rebel_tools.errors import Place
from rebel_tools.interface import codec
from rebel_tools.interface.errors import UnreadableInterface
from rebel_tools.interface.model import Interface
from rebel_tools.interface.render import constants_text, definition_text, symbol_text
from rebel_tools.text import printable

HEAD = "# A rebel-interface as text. It is read as it is: write it again from its source instead of editing it."
WIDTH = 100
MAX_DIGITS = 40
"""The digits of a number of 128 bits, with a sign."""
HINT = "symbol-audit record --format text writes such a file"
Comments = dict[tuple[str, ...], str]


def to_text_form(interface: Interface, sealed: bytes) -> str:
    """The text of an interface. `sealed`: the bytes of its file."""
    return "\n".join([HEAD, *_document(codec.loads(sealed), _comments(interface))]) + "\n"


def sealed_from_text(data: bytes, name: str) -> bytes:
    """The bytes of the pickle that a text describes. Whether they are an interface is checked by its reader."""
    if len(data) > codec.Limits.size:
        raise _error(name, 1, "the file is too large", f"at most {codec.Limits.size} bytes")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _error(name, line, "this is not text in UTF-8", "JSON with comments") from error
    if lines[0].endswith("\r"):
        hint = "have version control leave it as it is; in git: *.interface -text in .gitattributes"
        raise UnreadableInterface(
            "its lines end in carriage returns", place=Place(name, 1), expected="a file as it was written", hint=hint
        )
    bare = "\n".join("" if line.lstrip(" ").startswith("#") else line for line in lines)
    try:
        found = json.loads(bare, object_pairs_hook=_once, parse_int=_integer, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise _error(name, error.lineno, f"this is not JSON: {error.msg}", "JSON with comments", error.colno) from error
    except RecursionError as error:
        raise _error(name, 1, "it is nested too deeply", "the output of symbol-audit record") from error
    except ValueError as error:
        raise _error(name, 1, f"this is not an interface: {error}", "the output of symbol-audit record") from error
    try:
        return codec.dumps(found)
    except codec.CodecError as error:
        raise _error(name, 1, error.message, error.expected or "an interface") from error


def refuse_edited(data: bytes, written: str, name: str) -> None:
    """Errors: UnreadableInterface with the first line that differs from `written`."""
    if data == written.encode():
        return
    pairs = zip_longest(data.decode().split("\n"), written.split("\n"))
    number, right = next((n, right) for n, (line, right) in enumerate(pairs, 1) if line != right)
    raise _error(name, number, "this line was edited, or is damaged", (right or "").strip() or "the end of the file")


def _error(name: str, line: int, message: str, expected: str, column: int | None = None) -> UnreadableInterface:
    return UnreadableInterface(message, place=Place(name, line, column), expected=expected, hint=HINT)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def _comments(interface: Interface) -> Comments:
    """The C spelling of each declaration, by the path to its data."""
    declared = interface.declarations
    found: Comments = {}
    for group, symbols in (("functions", declared.functions), ("variables", declared.variables)):
        found.update({("interface", group, name): _without_place(symbol_text(s), s) for name, s in symbols.items()})
    enumerations = declared.enumerations
    found.update({("interface", "enumerations", constants_key(enum)): constants_text(enum) for enum in enumerations})
    found.update({("interface", "types", key): definition_text(kind) for key, kind in declared.types.items()})
    return {path: printable(text) for path, text in found.items()}


def _without_place(text: str, symbol: Any) -> str:
    return text.removesuffix(f"  ({symbol.declared_at})") if symbol.declared_at else text


def _document(data: dict[str, Any], comments: Comments) -> Iterator[str]:
    yield "{"
    yield from _members(data, (), comments)
    yield "}"


def _members(data: dict[str, Any], path: tuple[str, ...], comments: Comments) -> Iterator[str]:
    """The members of a dictionary, each below its comment, at the depth of `path`."""
    indent = " " * (len(path) + 1)
    for number, key in enumerate(sorted(data), 1):
        here = (*path, key)
        text = comments.get(here)
        if text is not None:
            yield f"{indent}# {text}"
        end = "," if number < len(data) else ""
        value = data[key]
        if isinstance(value, dict) and value and len(here) < 3:
            yield f"{indent}{json.dumps(key)}: {{"
            yield from _members(value, here, comments)
            yield f"{indent}}}{end}"
        else:
            yield from _laid_out(f"{indent}{json.dumps(key)}: ", value, end)


def _laid_out(before: str, value: Any, end: str) -> Iterator[str]:
    """A value in one line if it fits, else a line for each of its items."""
    line = f"{before}{json.dumps(value, sort_keys=True)}{end}"
    if len(line) <= WIDTH or not isinstance(value, (list, dict)) or not value:
        yield line
        return
    inner = " " * (len(before) - len(before.lstrip(" ")) + 1)
    opening, closing = "[]" if isinstance(value, list) else "{}"
    yield f"{before}{opening}"
    keyed = sorted(value.items()) if isinstance(value, dict) else [(None, item) for item in value]
    for number, (key, item) in enumerate(keyed, 1):
        label = "" if key is None else f"{json.dumps(key)}: "
        yield from _laid_out(f"{inner}{label}", item, "," if number < len(keyed) else "")
    yield f"{inner[:-1]}{closing}{end}"
