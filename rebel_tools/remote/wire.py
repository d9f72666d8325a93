"""The encoding of protocol buffers, for the few messages of keys and results.

A key is a digest of encoded messages, so the encoding has to be the same everywhere: fields in the order of their
numbers, without those that have their default value. With this module, an HTTP cache needs nothing but Python. The gRPC
client sends the same bytes; a test compares them with those of the generated stubs.

Source: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from typing import Union

Value = Union[int, str, bytes, None]
Fields = dict[int, list[Union[int, bytes]]]

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}
_LONGEST = 10  # bytes of a number


def encoded(*fields: tuple[int, Value]) -> bytes:
    """A message with these fields: (number, value). Values are numbers, text, or bytes, which include encoded messages.

    Fields with the value None or 0 are left out. An empty text is not, because it counts as an element of a list.
    """
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts += [_varint(number << 3 | _VARINT), _varint(int(value))] if value else []
        elif value is not None:
            data = value.encode("utf-8") if isinstance(value, str) else value
            parts += [_varint(number << 3 | _LENGTH), _varint(len(data)), data]
    return b"".join(parts)


def _varint(number: int) -> bytes:
    found = bytearray()
    number &= (1 << 64) - 1  # negative numbers are encoded as 64 bits
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def decoded(data: bytes) -> Fields:
    """The fields of a message: number -> all values, in order. Errors: ValueError."""
    fields: Fields = {}
    at = 0
    while at < len(data):
        tag, at = _number(data, at)
        kind = tag & 7
        value: int | bytes
        if kind == _VARINT:
            value, at = _number(data, at)
        else:
            size, at = _number(data, at) if kind == _LENGTH else (_SIZES.get(kind, -1), at)
            value = data[at : at + size]
            if size < 0 or len(value) < size:
                raise ValueError("this is not a message")
            at += size
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _number(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for count in range(_LONGEST):
        if at + count >= len(data):
            break
        byte = data[at + count]
        number |= (byte & 0x7F) << 7 * count
        if not byte & 0x80:
            return number, at + count + 1
    raise ValueError("a number in a message has no end")


def messages(fields: Fields, number: int) -> list[bytes]:
    """The messages of a field. Errors: ValueError if it has numbers."""
    found = fields.get(number, [])
    if not all(isinstance(value, bytes) for value in found):
        raise ValueError("a field has the wrong type")
    return [value for value in found if isinstance(value, bytes)]


def text(fields: Fields, number: int) -> str:
    return (messages(fields, number) or [b""])[-1].decode("utf-8")  # UnicodeDecodeError is a ValueError


def number(fields: Fields, number: int) -> int:
    """A number, as a signed one. Errors: ValueError."""
    value = fields.get(number, [0])[-1]
    if not isinstance(value, int):
        raise ValueError("a field has the wrong type")
    return value - (1 << 64) if value >> 63 else value
