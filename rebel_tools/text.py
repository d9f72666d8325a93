"""Makes untrusted text safe to print on a terminal.

Names of files, symbols and packages may hold anything: an escape sequence that repaints the screen, a newline that
forges a second message, a bidirectional override that shows a name backwards. Whatever prints such text passes it
through `printable` first. Files for programs (JSON, SARIF) keep the text as it is: their formats have escapes of their
own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
_CUT = "..."

# Control characters other than tab and newline, and characters that change the direction of text.
# (Not compiled here: most runs never need it, and `re` caches it when one does.)
_COMMANDS = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
_LINE_END = rf"(\r\n)|{_COMMANDS}"
_COLOUR = rf"(\r\n|\x1b\[[\d;]*m)|{_COMMANDS}"


def printable(text: str, keep: str = "") -> str:
    """`text` with every non-printable character replaced by an escape; printable text is returned unchanged.

    keep: characters that stay, such as "\\n" where `text` is meant to have several lines.

    - C0 controls (U+0000 to U+001F) and DEL become `\\x1b`, the most frequent ones `\\t`, `\\n` and `\\r`.
    - C1 controls (U+0080 to U+009F, which some terminals obey), bidirectional overrides and isolates (U+202A to U+202E,
      U+2066 to U+2069), marks of direction, line and paragraph separators, byte order marks, spaces other than U+0020,
      private and unassigned characters become `\\u202e`, or `\\U000e0001` beyond U+FFFF.
    - A lone surrogate becomes `\\ud800`; one that stands for a byte which is not UTF-8 (PEP 383, in names of files)
      becomes that byte, `\\xff`.

    These are the characters that `str.isprintable` rejects. A backslash is not escaped: the result is for reading, not
    for decoding.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in text)


def printable_lines(lines: Iterable[str]) -> str:
    """The lines joined into one text, each made printable; a newline inside a line is escaped."""
    return "\n".join(map(printable, lines))


def screened(text: str, colours: bool = False) -> str:
    """The output of a compiler with its line structure, with its colours if `colours` is set, and without any other
    control sequence: a compiler quotes source lines and file names verbatim.
    """
    if text.replace("\n", "").isprintable() or re.search(_COMMANDS, text) is None:  # most texts need no `re`
        return text
    allowed = _COLOUR if colours else _LINE_END
    return re.sub(allowed, lambda found: found[1] or _escape(found[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def quote(text: str, width: int = 100) -> str:
    """`text` in quotation marks; if it is longer than `width` characters, its beginning and its length."""
    if len(text) > width:
        return f'"{text[:width]}{_CUT}" ({len(text)} characters)'
    return f'"{text}"'


def columns(text: str) -> int:
    """How many terminal columns a printable text occupies: two per wide character, none per combining character."""
    if text.isascii():
        return len(text)
    import unicodedata  # imported late: needed only for an error message

    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def caret(line: str, column: int, width: int = 80) -> tuple[str, str]:
    """A printable line of a file, and a line with a caret below its `column`, which counts from 1.

    A tab is shown as a space. A line longer than about `width` characters is cut to the part around the column.
    """
    at = min(max(column - 1, 0), len(line))
    start = max(at - width // 2, 0) if len(line) > width else 0
    end = start + width
    before = (_CUT if start else "") + _shown(line[start:at])
    after = _shown(line[at:end]) + (_CUT if end < len(line) else "")
    return (before + after).rstrip(), " " * columns(before) + "^"


def _shown(text: str) -> str:
    return printable(text.replace("\t", " "))
