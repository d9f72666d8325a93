"""Canonical S-expressions, with which editors and build systems communicate: `(4:File9:src/a.ml)`.

Source: the format's description by Rivest, "S-expressions", 1997, section 6.1, and its use by merlin's `Dot_protocol`.
An atom is bytes, a list is a Python list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Union

from rebel_tools.errors import RebelError

Sexp = Union[bytes, list["Sexp"]]

# More than any message of the protocol; a longer one is an error and would waste memory.
LONGEST_ATOM = 1 << 20
DEEPEST = 100

_DIGITS = b"0123456789"


class BadSexp(RebelError):
    """The input is not a canonical S-expression."""


def read(stream: BinaryIO) -> Sexp | None:
    """The next expression of a stream, None at its end. Errors: BadSexp."""
    first = stream.read(1)
    return _rest(stream, first, 0) if first else None


def _rest(stream: BinaryIO, first: bytes, depth: int) -> Sexp:
    if first == b"(":
        if depth == DEEPEST:
            raise BadSexp(f"lists are nested more than {DEEPEST} times")
        items: list[Sexp] = []
        while (start := _one(stream)) != b")":
            items.append(_rest(stream, start, depth + 1))
        return items
    length = first
    while (character := _one(stream)) != b":":
        length += character
        if len(length) > len(str(LONGEST_ATOM)):
            break
    if not length or any(digit not in _DIGITS for digit in length) or int(length) > LONGEST_ATOM:
        expected = f"a number of at most {LONGEST_ATOM}, and a colon"
        raise BadSexp(f"{length!r} is not the length of an atom", expected=expected)
    atom = stream.read(int(length))
    if len(atom) < int(length):
        raise BadSexp("the stream ends inside an atom")
    return atom


def _one(stream: BinaryIO) -> bytes:
    character = stream.read(1)
    if not character:
        raise BadSexp("the stream ends inside an expression")
    return character


def encode(value: str | bytes | Sequence[object]) -> bytes:
    """The expression for texts, bytes and sequences of these."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    return b"(" + b"".join(encode(item) for item in value) + b")"  # type: ignore[arg-type]  # nested as deep as it is
