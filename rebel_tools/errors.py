"""The base class of all errors that a user can cause.

An error carries data (where, what was expected, what to do) so that the command line, SCons and JSON reports can
render it; `str(error)` is the text that a person reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """Where in a file something is wrong. Lines and columns count from 1, `offset` is in bytes from 0."""

    path: str
    line: int | None = None
    column: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        from rebel_tools.text import printable  # imported late: most builds have no error to print

        path = printable(self.path)
        if self.offset is not None:
            return f"{path}: offset {self.offset:#x}"
        numbers = [str(n) for n in (self.line, self.column) if n is not None]
        return ":".join([path, *numbers])


class RebelError(Exception):
    """An error that the user can fix: a wrong file or option, a missing tool.

    message: one sentence that says what is wrong.
    place: the file, and where in it.
    source: the text of the line at `place`, shown with a caret below the column.
    details: the output of a program about it, line by line.
    expected: what would have been right.
    hint: what to do about it, typically a command line.

    `str` escapes what must not reach a terminal (see `text.printable`); the attributes hold the raw text.
    """

    def __init__(
        self,
        message: str,
        *,
        place: Place | None = None,
        source: str | None = None,
        details: Sequence[str] = (),
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.source = source
        self.details = tuple(details)
        self.expected = expected
        self.hint = hint

    def __str__(self) -> str:
        from rebel_tools.text import printable

        message = printable(self.message)
        lines = [f"{self.place}: {message}" if self.place else message]
        lines += self._excerpt()
        lines += ["    " + printable(line, keep="\t") for line in self.details]
        if self.expected:
            lines.append(f"  expected: {printable(self.expected)}")
        if self.hint:
            lines.append(f"  hint: {printable(self.hint)}")
        return "\n".join(lines)

    def _excerpt(self) -> list[str]:
        """The wrong line, with a caret below the column."""
        if self.source is None or self.place is None or self.place.column is None:
            return []
        from rebel_tools.text import caret

        number = str(self.place.line)
        line, below = caret(self.source, self.place.column)
        return [f"  {number} | {line}", f"  {' ' * len(number)} | {below}"]

    def as_dict(self) -> dict[str, object]:
        """The same as plain data, for JSON reports."""
        place = self.place
        return {
            "error": type(self).__name__,
            "message": self.message,
            "path": place.path if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "offset": place.offset if place else None,
            "details": list(self.details),
            "expected": self.expected,
            "hint": self.hint,
        }


class MissingTool(RebelError):
    """A program that is needed is not installed; the hint is the command that installs it."""
