"""Reads suppressions: a text file of findings and changes to accept, with the reason and the last day.

    [suppress]
    rule = symbol-removed
    symbol = core_debug_*
    reason = never documented; the last user moved to core_trace
    until = 2027-01-31

Patterns are those of shells. A suppression needs a reason and at least one of rule, symbol and type.
"""

from __future__ import annotations

import datetime
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rebel_tools.errors import Place, RebelError
from rebel_tools.gate.rules import ALL_RULES
from rebel_tools.interface.names import matches
from rebel_tools.nearest import did_you_mean

KEYS = ("rule", "symbol", "type", "reason", "until")
SELECTORS = ("rule", "symbol", "type")
UNPROVED = frozenset({"not-checked", "not-compared", "unreadable-debug-info", "inconsistent-library", "target"})
"""Rules that mean that something was not proved: accepting them would let a check pass without evidence."""
_TAG = re.compile(r"(?:struct|union|enum|class|typedef) ")


@dataclass(frozen=True)
class Suppression:
    """One section of the file, at `place`: patterns ("" if it has none), the reason, and the last day."""

    place: Place
    rule: str = ""
    symbol: str = ""
    type: str = ""
    reason: str = ""
    until: datetime.date | None = None

    def covers(self, rule: str, name: str, display: str | None, is_type: bool) -> bool:
        """Whether it matches this finding. A type matches by its name with or without `struct`."""
        if self.rule and self.rule != rule:
            return False
        if not self.symbol and not self.type:
            return rule not in UNPROVED
        pattern = self.type if is_type else self.symbol
        names = (name, display or name, _TAG.sub("", name) if is_type else name)
        return bool(pattern) and rule not in UNPROVED and any(matches(each, [pattern]) for each in names)

    def is_over(self, today: datetime.date) -> bool:
        """Whether it has expired."""
        return self.until is not None and today > self.until

    def as_dict(self) -> dict[str, object]:
        """The same as plain data, for JSON reports."""
        selectors = {key: getattr(self, key) or None for key in SELECTORS}
        until = self.until.isoformat() if self.until else None
        return {**selectors, "reason": self.reason, "until": until, "path": self.place.path, "line": self.place.line}


def read_suppressions(path: str) -> tuple[Suppression, ...]:
    """The suppressions in a file, in order. Errors: RebelError, with line and caret for a mistake in the file."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise RebelError("this is not a regular file", place=Place(path), expected="a file of suppressions")
        with open(path, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except OSError as error:
        raise RebelError(f"cannot be read: {error.strerror}", place=Place(path)) from error
    except UnicodeDecodeError as error:
        raise RebelError("this is not text in UTF-8", place=Place(path), expected="a file of suppressions") from error
    return tuple(_parsed(section) for section in _sections(path, lines))


class _Line:
    """One line of the file, for errors about it."""

    def __init__(self, path: str, number: int, text: str) -> None:
        self.place = Place(path, line=number)
        self.text = text

    def error(self, message: str, column: int = 1, expected: str | None = None, hint: str | None = None) -> RebelError:
        place = Place(self.place.path, self.place.line, column)
        return RebelError(message, place=place, source=self.text, expected=expected, hint=hint)


Section = tuple[_Line, dict[str, tuple[_Line, str]]]


def _sections(path: str, lines: list[str]) -> Iterator[Section]:
    """Each `[suppress]` with its keys."""
    section: Section | None = None
    for number, text in enumerate(lines, 1):
        line, bare = _Line(path, number, text), text.strip()
        if not bare or bare[0] in "#;":
            continue
        if bare == "[suppress]":
            if section is not None:
                yield section
            section = line, {}
        elif section is None or bare.startswith("["):
            raise line.error("this is not in a [suppress] section", expected="[suppress]")
        else:
            _key(line, section[1])
    if section is not None:
        yield section


def _key(line: _Line, known: dict[str, tuple[_Line, str]]) -> None:
    key, equals, value = (part.strip() for part in line.text.partition("="))
    if not equals or not value:
        message = f"{key} has no value" if equals and key else "this is not a setting"
        raise line.error(message, expected="KEY = VALUE")
    if key not in KEYS:
        raise line.error(f"there is no key {key}", expected=", ".join(KEYS), hint=did_you_mean(key, KEYS))
    if key in known:
        raise line.error(f"{key} is set twice", hint="write one more [suppress] section")
    known[key] = line, value


def _parsed(section: Section) -> Suppression:
    head, keys = section
    if not keys.keys() & set(SELECTORS):
        raise head.error("this section would suppress everything", expected="at least one of rule, symbol and type")
    if "reason" not in keys:
        raise head.error("this section gives no reason", expected="reason = why that is accepted")
    values = {key: value for key, (_, value) in keys.items() if key not in ("until", "rule")}
    rule = _rule(*keys["rule"]) if "rule" in keys else ""
    until = _date(*keys["until"]) if "until" in keys else None
    return Suppression(head.place, rule=rule, until=until, **values)


def _rule(line: _Line, value: str) -> str:
    column = line.text.rindex(value) + 1
    if value in UNPROVED:
        hint = "require less evidence instead (--evidence, EXPORT_EVIDENCE)"
        raise line.error(f"{value} says that nothing was proved, which cannot be accepted", column, hint=hint)
    if value not in ALL_RULES:
        raise line.error(f"there is no rule {value}", column, hint=did_you_mean(value, ALL_RULES))
    return value


def _date(line: _Line, value: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise line.error("this is not a date", line.text.rindex(value) + 1, expected="YYYY-MM-DD") from None


def unused(suppressions: Iterable[Suppression], used: Iterable[Suppression]) -> tuple[Suppression, ...]:
    """The suppressions that have matched nothing."""
    known = set(used)
    return tuple(suppression for suppression in suppressions if suppression not in known)
