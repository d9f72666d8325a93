"""A JSON file with the position of every key and value.

The standard decoder (fast) returns the values; only in case of an error is the text scanned a second time to find the
position of each key and value. JSON is RFC 8259, which lets a reader limit numbers and nesting (section 9).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Union

from rebel_tools.errors import Place
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.reading import line_at, place_at, read_text

Path = tuple[Union[str, int], ...]  # keys of objects, indices of lists

MAX_DEPTH = 100
MAX_DIGITS = 1000

TYPE_NAMES = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}

_CONTROLS = {"\0": "NUL", "\t": "a tab", "\n": "a line break", "\r": "a carriage return", "\x1b": "ESCAPE"}

# Also matches an unterminated string, so that no text makes the search quadratic.
_TOKEN = r'(?s)"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{},:]|[^\s\[\]{},:"]+'


class Document:
    """The value of a JSON file, with the place of each part for errors. Numbers are floats; keys are never numbers."""

    def __init__(self, path: str, text: str, value: object, has_duplicates: bool = False) -> None:
        self.path = path
        self.text = text
        self.value = value
        self.has_duplicates = has_duplicates

    def place(self, *keys: str | int) -> Place:
        """Where the value at `keys` starts."""
        return place_at(self.path, self.text, self._offset(keys, key=False))

    def key_place(self, *keys: str | int) -> Place:
        """The position of the last of `keys` itself."""
        return place_at(self.path, self.text, self._offset(keys, key=True))

    def error(
        self, keys: Path, message: str, *, key: bool = False, expected: str | None = None, hint: str | None = None
    ) -> ProjectError:
        """The error about the value at `keys`; with `key`, about the last of `keys` itself."""
        return _error(self.path, self.text, self._offset(keys, key), message, expected, hint)

    def check_duplicates(self, consequential: Collection[str]) -> None:
        """Errors: ProjectError if one of the `consequential` keys of the file, or a key below one, occurs twice."""
        if not self.has_duplicates:
            return
        seen: dict[Path, int] = {}
        for keys, is_key, offset in _walk(self.text):
            if not is_key or keys[0] not in consequential:
                continue
            first = seen.setdefault(keys, offset)
            if first != offset:
                line = place_at(self.path, self.text, first).line
                hint = f"remove this one or the one at line {line}"
                message = f"the key {quoted(keys)} occurs twice"
                raise _error(self.path, self.text, offset, message, None, hint)

    def _offset(self, wanted: Path, key: bool) -> int:
        """The offset of a key or value: the last one of a duplicate key, as in the decoder; for a missing key, its
        object. Elements of a list have no key.
        """
        key = key and isinstance(wanted[-1], str)
        found = {keys: at for keys, is_key, at in _walk(self.text) if is_key == key and keys == wanted[: len(keys)]}
        return next((found[wanted[:depth]] for depth in range(len(wanted), -1, -1) if wanted[:depth] in found), 0)


class Part(Document):
    """A part of a file that is read like a file of its own, with the object at `within` under the key "rebel".

    name: the value of "name" in that file. All other keys are those of the whole file.
    """

    def __init__(self, whole: Document, name: str, within: Path) -> None:
        top = whole.value
        assert isinstance(top, dict), "the whole file has been read"
        part: object = top
        for key in within:
            part = part[key]  # type: ignore[index]
        super().__init__(whole.path, whole.text, {**top, "name": name, "rebel": part})
        self.within = within

    def _offset(self, wanted: Path, key: bool) -> int:
        if wanted == ("name",):
            return super()._offset(self.within, key=True)
        return super()._offset((*self.within, *wanted[1:]) if wanted[:1] == ("rebel",) else wanted, key)


def read_document(path: str) -> Document:
    """Read the JSON file `path`. FileNotFoundError and NotADirectoryError pass through; others are ProjectErrors."""
    text = read_text(path)
    duplicates = []

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            duplicates.append(pairs)
        return found

    _check_depth(path, text)
    try:
        value = json.loads(
            text, object_pairs_hook=members, parse_int=_number, parse_float=_number, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise _syntax_error(path, text, error) from None
    except _Refused as refused:
        offset = next(at for at, token in _tokens(text) if token == str(refused))
        raise _error(path, text, offset, *refused.complaint()) from None
    return Document(path, text, value, bool(duplicates))


def quoted(keys: Path) -> str:
    """The path of a key as in messages: `"rebel"."targets"[0]`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f'{"." if text else ""}"{key}"'
    return text


def _error(path: str, text: str, offset: int, message: str, expected: str | None, hint: str | None) -> ProjectError:
    place, line = place_at(path, text, offset), line_at(text, offset)
    return ProjectError(message, place=place, source=line, expected=expected, hint=hint)


class _Refused(ValueError):
    """A number, as text, that Python's decoder accepts and this one rejects."""

    def complaint(self) -> tuple[str, str, None]:
        token = str(self)
        if len(token) > MAX_DIGITS:
            return f"a number of {len(token):,} characters", f"at most {MAX_DIGITS:,}", None
        return f"not JSON: {token} is not a JSON number", "a number, true, false, null or a string", None


def _number(token: str) -> float:
    if len(token) > MAX_DIGITS:  # Python's time to parse an integer is quadratic, unless it refuses it
        raise _Refused(token)
    return float(token)


def _constant(token: str) -> float:
    raise _Refused(token)


def _check_depth(path: str, text: str) -> None:
    """Limit the nesting: the decoder is recursive, and its limit depends on Python's version and on the caller."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    for keys, _, offset in _walk(text):
        if len(keys) >= MAX_DEPTH and text[offset] in "[{":
            message = "objects and lists are nested too deeply"
            raise _error(path, text, offset, message, f"at most {MAX_DEPTH} levels", None)


def _syntax_error(path: str, text: str, error: json.JSONDecodeError) -> ProjectError:
    """The decoder's error, with better messages and positions for the most frequent ones."""
    offset, message, hint = _explained(text, error)
    return _error(path, text, offset, message, None, hint)


def _explained(text: str, error: json.JSONDecodeError) -> tuple[int, str, str | None]:
    at = error.pos + (text[error.pos : error.pos + 1] == ",")  # since Python 3.13 the decoder points at the comma
    before = text[:at].rstrip()
    if before.endswith(",") and text[at:].lstrip()[:1] in ("}", "]"):
        return len(before) - 1, "not JSON: a comma after the last element", "remove the comma"
    if text[error.pos : error.pos + 2] in ("//", "/*"):
        return error.pos, "not JSON: a comment", 'JSON has no comments; npm ignores a key "//"'
    if not text.strip():
        return error.pos, "the file is empty", None
    there = text[error.pos : error.pos + 1]
    if error.msg.startswith("Invalid control character"):
        return error.pos, f"not JSON: {_named(there)} inside a string", "write it as an escape: \\n, \\t or \\u00.."
    if there and not (there.isascii() and there.isprintable()) and there not in "\t\r\n":
        return error.pos, f"not JSON: {_named(there)} outside a string", "remove it"
    message = error.msg.removesuffix(" at").removesuffix(" starting")
    return error.pos, f"not JSON: {message[:1].lower()}{message[1:]}", None


def _named(character: str) -> str:
    import unicodedata  # imported late: needed only for an error message

    name = _CONTROLS.get(character) or unicodedata.name(character, "")
    return f"the character U+{ord(character):04X}" + (f" ({name})" if name else "")


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match[0]) for match in re.finditer(_TOKEN, text))


def _walk(text: str) -> Iterator[tuple[Path, bool, int]]:
    """(path, whether it is the key itself, offset) of every key and value in JSON text, in order.

    For text that is not JSON, only those before the first bracket that does not match.
    """
    path: list[str | int] = []  # the last one is the index in a list, or the key in an object
    is_list: list[bool] = []
    wants_key = False
    for offset, token in _tokens(text):
        if token == ",":
            wants_key = bool(is_list) and not is_list[-1]
            if is_list and is_list[-1]:
                path[-1] = int(path[-1]) + 1
        elif token in ("}", "]"):
            if not is_list:
                return
            is_list.pop()
            path.pop()
            wants_key = False
        elif wants_key and token.startswith('"'):
            path[-1] = _string(token)
            yield tuple(path), True, offset
            wants_key = False
        elif token != ":":
            yield tuple(path), False, offset
            if token in ("{", "["):
                is_list.append(token == "[")
                path.append(0)
                wants_key = token == "{"


def _string(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token
