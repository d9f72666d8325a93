"""The outline of a source: its tokens, without comments, white space and the contents of strings.

Two sources with the same outline name the same modules, so ocamldep need not be asked again after an edit of a comment
or a message. The rules are those of parsing/lexer.mll, OCaml 4.08 to 5.3; where a text could be read in two ways, there
is no outline.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_MOST = 200_000  # bytes; for longer texts ocamldep takes less time

_CODE = re.compile(
    rb"""(?: [A-Za-z_][\w']* | [0-9][\w']*       # what may contain ' without beginning a character
         | [\t\n\r\f ]+
         | [!#$%&)*+,\-./:;<=>?@\[\\\]^`|}~]
         | \((?!\*)
         | \{(?!%|[a-z_]*\|)
         )+""",
    re.VERBOSE,
)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_QUOTED = re.compile(rb"\{(?:%%?[A-Za-z_][\w'.]*[\t\n ]*)?([a-z_]*)\|")
_CHARACTER = re.compile(
    rb"""'(?: \n | [^\\'\n\r\x80-\xff] | \\[\\'"ntbr ] | \\[0-9]{3} | \\o[0-3][0-7]{2} | \\x[0-9a-fA-F]{2} )'""",
    re.VERBOSE,
)
# Strings and characters in comments hide the ends of these. What is read differently by different versions, or unclear,
# is in doubt.
_IN_COMMENT = re.compile(
    rb"""\(\* | \*\) | (?P<joined> [\w\x80-\xff]'["\\] ) | "(?:[^"\\]|\\.)*"
         | '(?: \n | [^\\'\n\r] | \\[\\'"ntbr ] | \\[0-9]{3} | \\o[0-3][0-7]{2} | \\x[0-9a-fA-F]{2} )'
         | (?P<unclear> " | '' | \{(?:%%?[^|{}]*)?[a-z_]*\| )""",
    re.VERBOSE | re.DOTALL,
)
_LINE_DIRECTIVE = re.compile(rb"^[ \t]*\#[ \t]*[0-9]", re.MULTILINE)


class _Doubt(Exception):
    """It is not sure where something in the text ends."""


def outline(text: bytes) -> bytes | None:
    """The tokens of an OCaml source; None if the text is long, has directives for lines, or could be read
    in another way."""
    if len(text) > _MOST or text.startswith(b"#!") or _LINE_DIRECTIVE.search(text):  # lines of which not all is code
        return None
    parts: list[bytes] = []
    code: list[bytes] = []
    at = 0
    try:
        while at < len(text):
            end, shown = _next(text, at)
            if shown == b'""':
                parts += [b" ".join(b"".join(code).split()), shown]
                code = []
            else:
                code.append(shown)
            at = end
    except _Doubt:
        return None
    return b"\0".join([*parts, b" ".join(b"".join(code).split())])


def _next(text: bytes, at: int) -> tuple[int, bytes]:
    """The end of the code, comment, string or character that begins at a place, and its text in the outline."""
    found = _CODE.match(text, at)
    if found:
        return found.end(), found[0]
    for begin, read in _READERS:
        if text.startswith(begin, at):
            return read(text, at)
    raise _Doubt


def _comment(text: bytes, at: int) -> tuple[int, bytes]:
    depth = 0
    for found in _IN_COMMENT.finditer(text, at):
        what = found[0]
        if what == b"(*":
            depth += 1
        elif what == b"*)":
            depth -= 1
        elif found.lastgroup:
            raise _Doubt
        if depth == 0:
            return found.end(), b" "
    raise _Doubt


def _string(text: bytes, at: int) -> tuple[int, bytes]:
    found = _STRING.match(text, at)
    if not found:
        raise _Doubt
    return found.end(), b'""'


def _quoted_string(text: bytes, at: int) -> tuple[int, bytes]:
    found = _QUOTED.match(text, at)
    if not found or found[0].startswith(b"{%"):  # which extension it is for may count
        raise _Doubt
    close = b"|" + found[1] + b"}"
    end = text.find(close, found.end())
    if end < 0:
        raise _Doubt
    return end + len(close), b'""'


def _character(text: bytes, at: int) -> tuple[int, bytes]:
    found = _CHARACTER.match(text, at)
    return (found.end(), b" 'c' ") if found else (at + 1, b"'")


_READERS: tuple[tuple[bytes, Callable[[bytes, int], tuple[int, bytes]]], ...] = (
    (b"(*", _comment),
    (b'"', _string),
    (b"{", _quoted_string),
    (b"'", _character),
)
