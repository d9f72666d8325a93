"""The shapes of the values in a package.json: one model that reads them, describes them and makes their JSON Schema.

A shape gets a value and the keys that lead to it, and returns it as plain data, or raises an error with its position.
`keys.py` combines the shapes.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import TYPE_NAMES, Document, Path, quoted
from rebel_tools.project.errors import ProjectError
from rebel_tools.text import printable, quote

Schema = dict[str, object]

_UNFIT = "[\0-\x1f\x7f\ud800-\udfff]"  # for a text
_NO_WORD = "[\0\ud800-\udfff]"  # for a word, which may have line breaks

COMMENT = "//"  # npm's key for comments
MAX_WARNINGS = 20
_MAX_WORD = 100_000  # bytes; Linux allows 131,072 for a word of a command line (execve(2), MAX_ARG_STRLEN)


class Reader:
    """A document that is being read.

    strict: whether an unknown key is an error; in files that users cannot fix, it is a warning.
    """

    def __init__(self, document: Document, strict: bool) -> None:
        self.document = document
        self.strict = strict
        self.warnings: list[str] = []

    @property
    def says_enough(self) -> bool:
        return len(self.warnings) >= MAX_WARNINGS

    def unknown(self, error: ProjectError) -> None:
        if self.strict:
            raise error
        self.warnings.append(f"{error.place}: {printable(error.message)} is ignored")

    def wrong_type(self, keys: Path, expected: str) -> ProjectError:
        message = f"{quoted(keys)} is not {expected}" if keys else f"the file is not {expected}"
        return self.document.error(keys, message, expected=expected)


class Shape:
    """One kind of value."""

    def read(self, reader: Reader, value: object, keys: Path) -> Any:
        """The value as plain data. Errors: ProjectError at its place."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """The same as a JSON Schema (draft 2020-12)."""
        raise NotImplementedError


class Switch(Shape):
    """`true` or `false`."""

    def read(self, reader: Reader, value: object, keys: Path) -> bool:
        if not isinstance(value, bool):
            raise reader.wrong_type(keys, TYPE_NAMES[bool])
        return value

    def schema(self) -> Schema:
        return {"type": "boolean"}


class Number(Shape):
    """A whole number within bounds, which are included."""

    def __init__(self, lowest: int, highest: int) -> None:
        self.lowest = lowest
        self.highest = highest

    def read(self, reader: Reader, value: object, keys: Path) -> int:
        expected = f"a whole number from {self.lowest} to {self.highest}"
        if not isinstance(value, float):  # as all numbers of a document are
            raise reader.wrong_type(keys, expected)
        if not value.is_integer() or not self.lowest <= value <= self.highest:
            raise reader.document.error(keys, f"{quoted(keys)} cannot be {value:g}", expected=expected)
        return int(value)

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.lowest, "maximum": self.highest}


class Text(Shape):
    """A string.

    what: a description, for `"x" cannot be <what>`. pattern: a regular expression for the whole string; expected: the
    same in words. longest: in characters.
    """

    def __init__(self, what: str, pattern: str = "", expected: str = "", longest: int = 1000) -> None:
        self.what = what
        self.pattern = pattern
        self.expected = expected
        self.longest = longest

    def read(self, reader: Reader, value: object, keys: Path) -> str:
        if not isinstance(value, str):
            raise reader.wrong_type(keys, TYPE_NAMES[str])
        self.check(reader, value, keys)
        return value

    def check(self, reader: Reader, value: str, keys: Path, key: bool = False) -> None:
        """Check `value`, or the last of `keys` itself."""
        expected = self.expected
        if len(value) > self.longest:
            expected = f"at most {self.longest} characters"
        elif self.matches(value):
            return
        message = f"{quote(value)} cannot be {self.what}"
        raise reader.document.error(keys, message, key=key, expected=expected or "a text without control characters")

    def matches(self, value: str) -> bool:
        if self.pattern:
            return re.fullmatch(self.pattern, value) is not None
        return value.isprintable() or not re.search(_UNFIT, value)

    def schema(self) -> Schema:
        pattern = {"pattern": f"^{self.pattern}$"} if self.pattern else {}
        return {"type": "string", "maxLength": self.longest, **pattern}


class OneOf(Shape):
    """One of a few words. what: a description."""

    def __init__(self, what: str, options: Sequence[str]) -> None:
        self.what = what
        self.options = options

    def read(self, reader: Reader, value: object, keys: Path) -> str:
        if not isinstance(value, str):
            raise reader.wrong_type(keys, TYPE_NAMES[str])
        if value not in self.options:
            message = f"unknown {self.what} {quote(value)}"
            hint = did_you_mean(value, self.options)
            raise reader.document.error(keys, message, expected=" or ".join(self.options), hint=hint)
        return value

    def schema(self) -> Schema:
        return {"enum": list(self.options)}


class Names(Shape):
    """A list of names, or an object whose keys are the names; each once."""

    def __init__(self, name: Text) -> None:
        self.name = name

    def read(self, reader: Reader, value: object, keys: Path) -> tuple[str, ...]:
        if isinstance(value, dict):
            for name in value:
                self.name.check(reader, name, (*keys, name), key=True)
            return tuple(value)
        if not isinstance(value, list):
            raise reader.wrong_type(keys, TYPE_NAMES[list])
        for index, name in enumerate(value):
            if not isinstance(name, str):
                raise reader.wrong_type((*keys, index), "a name")
            self.name.check(reader, name, (*keys, index))
        return tuple(dict.fromkeys(value))

    def schema(self) -> Schema:
        name = self.name.schema()
        return {"anyOf": [{"type": "array", "items": name}, {"type": "object", "propertyNames": name}]}


class Words(Shape):
    """Words of a command line: a string that is split like in a shell, or a list of words. Nothing is expanded."""

    def read(self, reader: Reader, value: object, keys: Path) -> tuple[str, ...]:
        if isinstance(value, list):
            return tuple(self._word(reader, word, (*keys, index)) for index, word in enumerate(value))
        text = self._word(reader, value, keys)
        try:
            return tuple(shlex.split(text))
        except ValueError as error:
            message = f"{quoted(keys)}: {str(error).lower()}"
            raise reader.document.error(keys, message, hint="close the quotation mark") from None

    @staticmethod
    def _word(reader: Reader, value: object, keys: Path) -> str:
        if not isinstance(value, str):
            raise reader.wrong_type(keys, TYPE_NAMES[str])
        found = None if value.isprintable() else re.search(_NO_WORD, value)
        if found:
            message = f"{quoted(keys)} contains U+{ord(found[0]):04X}, which a command line cannot contain"
            raise reader.document.error(keys, message, expected="text without NUL and lone surrogates")
        if len(value) * 4 > _MAX_WORD and len(os.fsencode(value)) > _MAX_WORD:
            message = f"{quoted(keys)} is longer than a command line can be"
            raise reader.document.error(keys, message, expected=f"at most {_MAX_WORD:,} bytes")
        return value

    def schema(self) -> Schema:
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


class Command(Shape):
    """A program and its arguments, as a list of words."""

    def read(self, reader: Reader, value: object, keys: Path) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            raise reader.wrong_type(keys, "a list of words, the first of which is a program; no shell reads them")
        words = Words().read(reader, value, keys)
        if not words[0]:
            raise reader.document.error((*keys, 0), "a program has no name", expected="its name or path")
        return words

    def schema(self) -> Schema:
        return {"type": "array", "items": {"type": "string"}, "minItems": 1}


class Either(Shape):
    """An object of one shape, or anything else of another."""

    def __init__(self, other: Shape, table: Shape) -> None:
        self.other = other
        self.table = table

    def read(self, reader: Reader, value: object, keys: Path) -> Any:
        return (self.table if isinstance(value, dict) else self.other).read(reader, value, keys)

    def schema(self) -> Schema:
        return {"anyOf": [self.other.schema(), self.table.schema()]}


class ListOf(Shape):
    """A list of values of one shape."""

    def __init__(self, item: Shape) -> None:
        self.item = item

    def read(self, reader: Reader, value: object, keys: Path) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise reader.wrong_type(keys, TYPE_NAMES[list])
        return tuple(self.item.read(reader, each, (*keys, index)) for index, each in enumerate(value))

    def schema(self) -> Schema:
        return {"type": "array", "items": self.item.schema()}


class Table(Shape):
    """An object whose keys are names that the user chose."""

    def __init__(self, name: Text, value: Shape) -> None:
        self.name = name
        self.value = value

    def read(self, reader: Reader, value: object, keys: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise reader.wrong_type(keys, TYPE_NAMES[dict])
        for name in value:
            self.name.check(reader, name, (*keys, name), key=True)
        return {name: self.value.read(reader, each, (*keys, name)) for name, each in value.items()}

    def schema(self) -> Schema:
        return {"type": "object", "propertyNames": self.name.schema(), "additionalProperties": self.value.schema()}


class Key:
    """A key of an object.

    meaning, default: for people, as in the tables of docs/packages.md (Markdown).
    """

    def __init__(self, name: str, shape: Shape, meaning: str, default: str = "none") -> None:
        self.name = name
        self.shape = shape
        self.meaning = meaning
        self.default = default


class Members(Shape):
    """An object with known keys; the result contains those that are present. others: whether others are allowed."""

    def __init__(self, *keys: Key, others: bool = False) -> None:
        self.keys: Mapping[str, Key] = {key.name: key for key in keys}
        self.others = others

    def read(self, reader: Reader, value: object, keys: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise reader.wrong_type(keys, TYPE_NAMES[dict])
        if not self.others:
            self._check_known(reader, value, keys)
        known = ((name, key) for name, key in self.keys.items() if name in value)
        return {name: key.shape.read(reader, value[name], (*keys, name)) for name, key in known}

    def _check_known(self, reader: Reader, value: Mapping[str, object], keys: Path) -> None:
        for name in value:
            if name in self.keys or name == COMMENT or reader.says_enough:
                continue
            reader.unknown(
                reader.document.error(
                    (*keys, name),
                    f"unknown key {quoted((*keys, name))}",
                    key=True,
                    expected=" or ".join(self.keys),
                    hint=did_you_mean(name, self.keys),
                )
            )

    def schema(self) -> Schema:
        properties = {name: {**key.shape.schema(), "description": key.meaning} for name, key in self.keys.items()}
        if self.others:
            return {"type": "object", "properties": properties}
        return {"type": "object", "properties": {**properties, COMMENT: {}}, "additionalProperties": False}
