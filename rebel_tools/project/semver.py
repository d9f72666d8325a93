"""npm's version ranges, and whether a version is in one.

Versions are those of Semantic Versioning 2.0.0 (https://semver.org); the grammar and the rules of ranges are those of
npm's package semver (README, "Ranges" and "Range Grammar"): sets of comparators joined by `||`, hyphen ranges, `x`, `~`
and `^`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, Optional, Union

_NUMBER = r"(?:0|[1-9]\d{0,15})"
_IDENTIFIER = r"(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)"
_TAG = rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
_BUILD = r"(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?"
_X = r"(?:\.[xX*])"
_VERSION = rf"\s*v?({_NUMBER})\.({_NUMBER})\.({_NUMBER}){_TAG}{_BUILD}\s*"
_PARTIAL = rf"v?(?:[xX*]{_X}{{,2}}|({_NUMBER})(?:{_X}{{1,2}}|\.({_NUMBER})(?:{_X}|\.({_NUMBER}){_TAG}{_BUILD})?)?)"
_HYPHEN = rf"\s*{_PARTIAL}\s+-\s+{_PARTIAL}\s*"
_SIMPLE = rf"(<=|>=|<|>|=|~>?|\^)?\s*{_PARTIAL}(?=\s|$)\s*"
_LONGEST = 256  # characters; npm rejects longer ones, too

Prerelease = tuple[Union[int, str], ...]


class Version(NamedTuple):
    """A version without its build metadata, which is irrelevant."""

    major: int
    minor: int
    patch: int
    prerelease: Prerelease = ()

    @property
    def numbers(self) -> tuple[int, int, int]:
        return self[:3]

    @property
    def precedence(self) -> tuple[object, ...]:
        """A key for comparisons by section 11 of the specification: numbers, then a prerelease before the release."""
        tags = tuple((isinstance(tag, str), tag) for tag in self.prerelease)
        return (*self.numbers, not self.prerelease, tags)


class Comparator(NamedTuple):
    """`operator` is one of <, <=, >, >= and =."""

    operator: str
    version: Version

    def holds(self, version: Version) -> bool:
        here, there = version.precedence, self.version.precedence
        if here == there:
            return "=" in self.operator
        return self.operator[0] == ("<" if here < there else ">")


Range = tuple[tuple[Comparator, ...], ...]  # at least one of the sets has to hold, with all of its comparators

_NOTHING = (Comparator("<", Version(0, 0, 0, (0,))),)
_Partial = tuple[Optional[int], Optional[int], Optional[int], Prerelease]  # None for an x


def parse_version(text: str) -> Version | None:
    """The version in `text`; None for any other text."""
    match = re.fullmatch(_VERSION, text, re.ASCII) if len(text) <= _LONGEST else None
    if not match:
        return None
    major, minor, patch, tag = match.groups()
    return Version(int(major), int(minor), int(patch), _prerelease(tag))


def parse_range(text: str) -> Range | None:
    """The range in `text`; None for any other text, such as the name of a tag."""
    if len(text) > _LONGEST:
        return None
    sets = [_comparators(part) for part in text.split("||")]
    found = tuple(each for each in sets if each is not None)
    return found if len(found) == len(sets) else None


def satisfies(version: Version, wanted: Range) -> bool:
    """Whether `version` is in the range.

    A prerelease is only in a range if a comparator of the same set has a prerelease of the same three numbers: `^1.2.0`
    does not include `1.3.0-beta`.
    """
    return any(_in_set(version, comparators) for comparators in wanted)


def _in_set(version: Version, comparators: tuple[Comparator, ...]) -> bool:
    if not all(comparator.holds(version) for comparator in comparators):
        return False
    asked = (comparator.version for comparator in comparators if comparator.version.prerelease)
    return not version.prerelease or any(each.numbers == version.numbers for each in asked)


def _comparators(text: str) -> tuple[Comparator, ...] | None:
    """One set of comparators; None if `text` is invalid."""
    hyphen = re.fullmatch(_HYPHEN, text, re.ASCII)
    if hyphen:
        return (*_at_least(_partial(hyphen.groups()[:4])), *_at_most(_partial(hyphen.groups()[4:])))
    found: list[Comparator] = []
    at = len(text) - len(text.lstrip())
    while at < len(text):
        match = re.compile(_SIMPLE, re.ASCII).match(text, at)
        if not match:
            return None
        found += _simple(match[1] or "", _partial(match.groups()[1:]))
        at = match.end()
    return tuple(found)


def _partial(groups: tuple[str | None, ...]) -> _Partial:
    major, minor, patch = (int(part) if part else None for part in groups[:3])
    return major, minor, patch, _prerelease(groups[3])


def _prerelease(tag: str | None) -> Prerelease:
    return tuple(int(part) if part.isdigit() else part for part in tag.split(".")) if tag else ()


def _simple(operator: str, partial: _Partial) -> Iterator[Comparator]:
    if operator in ("", "="):
        yield from _at_least(partial)
        yield from _at_most(partial)
    elif operator in ("~", "~>"):
        yield from _at_least(partial)
        yield from _before(_next(partial, 1 if partial[1] is not None else 0))
    elif operator == "^":
        yield from _at_least(partial)
        yield from _before(_next(partial, _leftmost(partial)))
    elif operator == ">=":
        yield from _at_least(partial)
    elif operator == "<=":
        yield from _at_most(partial)
    elif operator == "<":
        yield from _below(partial)
    else:
        yield from _above(partial)


def _lowest(partial: _Partial) -> Version:
    major, minor, patch, prerelease = partial
    return Version(major or 0, minor or 0, patch or 0, prerelease)


def _next(partial: _Partial, place: int) -> Version | None:
    """The first version with a higher number at `place`, 0 to 2; None if that is an x."""
    numbers = partial[:3]
    if numbers[place] is None:
        return None
    raised = [(number or 0) + (at == place) if at <= place else 0 for at, number in enumerate(numbers)]
    return Version(raised[0], raised[1], raised[2])


def _leftmost(partial: _Partial) -> int:
    """The place that `^` keeps: that of the first number that is not 0, or of the last given one."""
    given = [number for number in partial[:3] if number is not None]
    return next((place for place, number in enumerate(given) if number), max(len(given) - 1, 0))


def _at_least(partial: _Partial) -> Iterator[Comparator]:
    if partial[0] is not None:
        yield Comparator(">=", _lowest(partial))


def _at_most(partial: _Partial) -> Iterator[Comparator]:
    """Up to the version itself, or to all versions that the x stand for."""
    if partial[2] is not None:
        yield Comparator("<=", _lowest(partial))
    else:
        yield from _before(_following(partial))


def _below(partial: _Partial) -> Iterator[Comparator]:
    if partial[0] is None:
        yield from _NOTHING
    elif partial[2] is not None:
        yield Comparator("<", _lowest(partial))
    else:
        yield from _before(_lowest(partial))


def _above(partial: _Partial) -> Iterator[Comparator]:
    """Above a version, or above all versions that the x stand for."""
    following = _following(partial)
    if partial[2] is not None:
        yield Comparator(">", _lowest(partial))
    elif following is not None:
        yield Comparator(">=", following)
    else:
        yield from _NOTHING


def _following(partial: _Partial) -> Version | None:
    """The first version after all those that the x of `partial` stand for."""
    return _next(partial, 0 if partial[1] is None else 1)


def _before(version: Version | None) -> Iterator[Comparator]:
    """Before a version that the user did not write, and so also before its prereleases."""
    if version is not None:
        yield Comparator("<", version._replace(prerelease=(0,)))
