"""The one base class of everything that a user can get wrong.

An error carries data (where, what was expected, what to do) so that the command line, SCons and JSON reports can
render it; `str(error)` is the text that a person reads.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where in a file something is wrong. Lines and columns count from 1, `offset` is in bytes from 0."""

    path: str
    line: int | None = None
    column: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        if self.offset is not None:
            return f"{self.path}: offset {self.offset:#x}"
        numbers = [str(n) for n in (self.line, self.column) if n is not None]
        return ":".join([self.path, *numbers])


class RebelError(Exception):
    """A mistake in what the user gave us: a file, an option, a missing tool.

    message: one sentence, what is wrong.
    place: the file, and where in it.
    expected: what would have been right.
    hint: what to do now, typically a command line.
    """

    def __init__(
        self,
        message: str,
        *,
        place: Place | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.expected = expected
        self.hint = hint

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.message}" if self.place else self.message]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    def as_dict(self) -> dict:
        """The same as plain data, for JSON reports."""
        place = self.place
        return {
            "error": type(self).__name__,
            "message": self.message,
            "path": place.path if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "offset": place.offset if place else None,
            "expected": self.expected,
            "hint": self.hint,
        }


class MissingTool(RebelError):
    """A program that this step needs is not on this machine; the hint is the command that installs it."""
