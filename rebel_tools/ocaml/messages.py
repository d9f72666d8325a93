"""Messages of compilers as data: position, severity and text.

The format is that of OCaml since 4.08 (parsing/location.ml, `batch_mode_printer`): a line with the place, an excerpt of
the source, and a line that begins with `Error`, `Warning` or `Alert`, whose sentence may go on. refmt writes the same.
Other output, such as that of a linker, has no position.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

ERROR, WARNING, NOTE = "error", "warning", "note"

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_PLACE = re.compile(
    r'^File "(?P<file>[^"\n]*)"(?:, lines? (?P<line>\d+)(?:-(?P<end>\d+))?)?'
    r"(?:, characters (?P<first>\d+)-(?P<last>\d+))?:",
    re.MULTILINE,
)
# Error:, Error (warning 26 [unused-var]):, Warning 26 [unused-var]:, Warning 26: (before 4.12), Alert deprecated:
_HEAD = re.compile(
    r"^(?:(?P<error>Error)(?: \((?P<of>[^)\n]*)\))?|(?P<kind>Warning|Alert) (?P<code>[^:\n]*)): ?", re.MULTILINE
)
_NO_FILE = ("_none_", "caml_startup", "")


class Diagnostic(NamedTuple):
    """One message of a compiler.

    severity: ERROR, WARNING, or NOTE for other messages.
    code: as the compiler names it, `26 [unused-var]` or `alert deprecated`; '' without one.
    message: its sentence, without the excerpt.
    file: the path that was given to the compiler, None for a message about no file.
    line, column, end_line, end_column: count from 1, columns in bytes; the end is after the last character.
    text: the whole message, as it was printed.
    """

    severity: str
    message: str
    text: str
    code: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


def diagnostics(text: str, failed: bool) -> list[Diagnostic]:
    """The messages in the output of a program. failed: whether the program did."""
    plain = _COLOUR.sub("", text)
    found = list(_diagnostics(plain))
    if not found and plain.strip():
        return [Diagnostic(ERROR if failed else NOTE, plain.strip(), plain)]
    return found


def _diagnostics(text: str) -> Iterator[Diagnostic]:
    """A message extends from its position to that of the next message."""
    places = list(_PLACE.finditer(text))
    heads = [
        _HEAD.search(text, at.end(), after) for at, after in zip(places, [*(p.start() for p in places[1:]), len(text)])
    ]
    own = [(place, head) for place, head in zip(places, heads) if head]
    starts = [0, *(place.start() for place, _ in own[1:])]
    for (place, head), start, end in zip(own, starts, [*starts[1:], len(text)]):
        yield _diagnostic(place, head, text[start:end], text[head.end() : end])


def _diagnostic(place: re.Match[str], head: re.Match[str], text: str, sentence: str) -> Diagnostic:
    message = " ".join(line.strip() for line in sentence.strip().splitlines())
    if head["error"]:
        severity, code = ERROR, _code(head["of"] or "")
    else:
        severity, code = WARNING, _code(f"{head['kind'].lower()} {head['code']}")
    if place["file"] in _NO_FILE:
        return Diagnostic(severity, message, text, code)
    line, first, last = (int(place[name]) if place[name] else None for name in ("line", "first", "last"))
    end_line = int(place["end"]) if place["end"] else line
    column = None if first is None else first + 1
    end_column = None if last is None else last + 1
    return Diagnostic(severity, message, text, code, place["file"], line, column, end_line, end_column)


def _code(words: str) -> str:
    return words[len("warning ") :] if words.startswith("warning ") else words
