"""A JSON file whose every key and value can be pointed at.

The standard decoder (fast) gives the values; only when something is wrong is the text walked a second time to find
where each key and value stands. JSON is RFC 8259; a byte order mark is dropped, as npm does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from json.decoder import JSONDecoder, scanstring

from rebel_tools.errors import Place
from rebel_tools.project.errors import ProjectError

Path = tuple  # of str (key of an object) and int (index of an array)

TYPE_NAMES = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}


class Document:
    """The value of a JSON file, with the place of each part for errors."""

    def __init__(self, path: str, text: str, value: object) -> None:
        self.path = path
        self.text = text
        self.value = value

    def place(self, *keys) -> Place:
        """Where the value at `keys` starts."""
        return self._find(keys, key=False)

    def key_place(self, *keys) -> Place:
        """Where the last of `keys` itself is written."""
        return self._find(keys, key=True)

    def _find(self, wanted: Path, key: bool) -> Place:
        offsets = [at for path, is_key, at in _walk(self.text) if path == wanted and is_key == key]
        return place_at(self.path, self.text, offsets[-1]) if offsets else Place(self.path)


def read_document(path: str) -> Document:
    """The JSON file `path`. FileNotFoundError and NotADirectoryError pass through; all else is a ProjectError."""
    text = _read_text(path)
    duplicates = []

    def members(pairs):
        found = dict(pairs)
        if len(found) != len(pairs):
            duplicates.append(pairs)
        return found

    try:
        value = json.loads(text, object_pairs_hook=members)
    except json.JSONDecodeError as error:
        raise _syntax_error(path, text, error) from None
    except RecursionError:
        raise ProjectError("objects and lists are nested too deeply", place=Place(path)) from None
    if duplicates:
        raise _duplicate_key(path, text)
    return Document(path, text, value)


def place_at(path: str, text: str, offset: int) -> Place:
    """The line and column of a character offset."""
    return Place(path, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _read_text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise ProjectError(f"cannot be read: {os.strerror(error.errno)}", place=Place(path)) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        raise ProjectError(
            f"byte {data[error.start]:#04x} is not UTF-8",
            place=place_at(path, before, len(before)),
            hint="save the file as UTF-8",
        ) from None


def _syntax_error(path: str, text: str, error: json.JSONDecodeError) -> ProjectError:
    """The decoder's error; a trailing comma, the most frequent one, is named and pointed at."""
    at = error.pos + (text[error.pos : error.pos + 1] == ",")  # since Python 3.13 the decoder points at the comma
    before = text[:at].rstrip()
    if before.endswith(",") and text[at:].lstrip()[:1] in ("}", "]"):
        place = place_at(path, text, len(before) - 1)
        return ProjectError("not JSON: a comma after the last element", place=place, hint="remove the comma")
    if text[error.pos : error.pos + 2] in ("//", "/*"):
        place = place_at(path, text, error.pos)
        return ProjectError("not JSON: a comment", place=place, hint='JSON has no comments; npm ignores a key "//"')
    what = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}" if text.strip() else "the file is empty"
    return ProjectError(what, place=place_at(path, text, error.pos))


def _duplicate_key(path: str, text: str) -> ProjectError:
    seen = {}
    for keys, is_key, offset in _walk(text):
        if is_key and keys in seen:
            first = place_at(path, text, seen[keys])
            return ProjectError(
                f"the key {quoted(keys)} is there twice",
                place=place_at(path, text, offset),
                hint=f"remove this one or the one at line {first.line}",
            )
        if is_key:
            seen[keys] = offset
    raise AssertionError("the decoder saw a duplicate key that the walk does not see")


def quoted(keys: Path) -> str:
    """The path of a key as in messages: `"rebel"."targets"[0]`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f'{"." if text else ""}"{key}"'
    return text


def _walk(text: str) -> Iterator[tuple[Path, bool, int]]:
    """(path, whether it is the key itself, offset) of every key and value of well-formed JSON text."""
    found: list[tuple[Path, bool, int]] = []
    decode = JSONDecoder().raw_decode

    def skip(at: int) -> int:
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        return at

    def value(at: int, path: Path) -> int:
        found.append((path, False, at))
        if text[at] == "{":
            return members(at, path)
        if text[at] == "[":
            return elements(at, path)
        return decode(text, at)[1]

    def members(at: int, path: Path) -> int:
        at = skip(at + 1)
        while text[at] != "}":
            name, end = scanstring(text, at + 1)
            found.append(((*path, name), True, at))
            at = skip(value(skip(skip(end) + 1), (*path, name)))
            at = skip(at + 1) if text[at] == "," else at
        return at + 1

    def elements(at: int, path: Path) -> int:
        at, index = skip(at + 1), 0
        while text[at] != "]":
            at = skip(value(at, (*path, index)))
            at, index = skip(at + 1) if text[at] == "," else at, index + 1
        return at + 1

    value(skip(0), ())
    return iter(found)
