"""Values that OCaml's `Marshal` (`output_value`) wrote, read in pure Python.

Source of the format: OCaml 4.06 to 5.3, runtime/caml/intext.h (headers, codes) and runtime/intern.c (`intern_rec`).

A block becomes a list of its fields, a string `bytes`, an integer or constant constructor an `int`; floats and custom
values become None, because no table of a compiled file needs them. Tags are dropped: the reader knows the type.
"""

from __future__ import annotations

import struct
from struct import unpack_from
from typing import Any, NamedTuple

from rebel_tools.errors import Place, RebelError

Value = Any  # int, bytes, a list of values, or None; the reader knows which

_SMALL, _BIG, _COMPRESSED = 0x8495A6BE, 0x8495A6BF, 0x8495A6BD

# The meaning of codes below 0x20, and the format of the number that follows.
_INTEGERS = {0x00: ">b", 0x01: ">h", 0x02: ">i", 0x03: ">q"}
_SHARED = {0x04: ">B", 0x05: ">H", 0x06: ">I", 0x14: ">Q"}
_BLOCKS = {0x08: ">I", 0x13: ">Q"}
_STRINGS = {0x09: ">B", 0x0A: ">I", 0x15: ">Q"}
_DOUBLES = (0x0B, 0x0C)
_DOUBLE_ARRAYS = {0x0D: ">B", 0x0E: ">B", 0x0F: ">I", 0x07: ">I", 0x16: ">Q", 0x17: ">Q"}
_CUSTOM_OLD, _CUSTOM_LENGTH, _CUSTOM_FIXED = 0x12, 0x18, 0x19
_MAX_VARIABLE = 10  # bytes, for 64 bits
_MAX_CUSTOM = 32  # bytes of the name of a custom value, far more than the longest one that is read
_WIDTH = {"b": 1, "h": 2, "i": 4, "q": 8}


class MarshalError(RebelError):
    """A file does not contain marshalled OCaml values, or ends too early; `place.offset` says where."""


class Header(NamedTuple):
    """Where the data of one marshalled value begins and ends, and whether it is compressed (zstd, OCaml >= 5.1)."""

    start: int
    end: int
    compressed: bool


def wrong(path: str, offset: int, message: str, expected: str | None = None) -> MarshalError:
    return MarshalError(message, place=Place(path, offset=offset), expected=expected)


def read_header(data: bytes, offset: int, path: str) -> Header:
    """The header at `offset`; to skip a value, continue at its `end`. Errors: MarshalError for an incomplete header."""
    try:
        (magic,) = unpack_from(">I", data, offset)
        if magic == _SMALL:
            start, length = offset + 20, unpack_from(">I", data, offset + 4)[0]
        elif magic == _BIG:
            start, length = offset + 32, unpack_from(">Q", data, offset + 8)[0]
        elif magic == _COMPRESSED:
            start, length = offset + (data[offset + 4] & 0x3F), _variable_length(data, offset + 5)
        else:
            raise wrong(path, offset, "no marshalled OCaml value here", "0x8495a6be, 0x8495a6bf or 0x8495a6bd")
    except OverflowError:
        raise wrong(path, offset, "the length of a marshalled value has more than 64 bits") from None
    except (struct.error, IndexError) as error:
        raise wrong(path, len(data), "the file ends inside the header of a marshalled value") from error
    if start + length > len(data):
        raise wrong(path, len(data), f"the file ends inside the marshalled value at {offset:#x}", f"{length} bytes")
    return Header(start, start + length, magic == _COMPRESSED)


def _variable_length(data: bytes, offset: int) -> int:
    """A number of 7 bits a byte, most significant first, the last byte without the top bit (intext.h, "VLQ")."""
    value = 0
    for byte in data[offset : offset + _MAX_VARIABLE]:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value
    if offset + _MAX_VARIABLE <= len(data):
        raise OverflowError
    raise IndexError(offset)


def read_value(data: bytes, header: Header, path: str, fields: int | None = None) -> Value:
    """The value after `header`. With `fields`, only that many fields of the outermost block are read.

    Errors: MarshalError if the data violates the format, or is compressed (Python has no zstd before 3.14).
    """
    if header.compressed:
        raise wrong(path, header.start, "this value is compressed with zstd", "an uncompressed value")
    reader = _Reader(data, header, path)
    try:
        return reader.read(fields)
    except (struct.error, IndexError) as error:
        raise wrong(path, min(reader.pos, header.end), "a marshalled value ends in the middle") from error


class _Reader:
    """One value being read. `objects` is the table that shared references count in, in order of appearance."""

    def __init__(self, data: bytes, header: Header, path: str) -> None:
        self.data = data[: header.end] if header.end < len(data) else data
        self.pos = header.start
        self.path = path
        self.objects: list[Value] = []

    def read(self, fields: int | None) -> Value:
        # The loop of every build: one pass without recursion (lists nest in their tails), common codes first.
        data, objects, pos = self.data, self.objects, self.pos
        result: list[Value] = []
        block, missing = result, 1
        waiting: list[tuple[list[Value], int]] = []
        value: Value
        while True:
            code = data[pos]
            pos += 1
            if 0x20 <= code < 0x40:
                end = pos + (code & 0x1F)
                value = data[pos:end]
                pos = end
                objects.append(value)
            elif 0x40 <= code < 0x80:
                value = code & 0x3F
            else:
                size = code >> 4 & 7
                if code < 0x20:
                    self.pos = pos
                    value, size = self._rare(code)
                    pos = self.pos
                if code >= 0x80 or size:
                    value = []
                    if size:
                        objects.append(value)
                        block.append(value)
                        if missing > 1:
                            waiting.append((block, missing - 1))
                        if fields is not None and block is result:
                            size = min(size, fields)
                        block, missing = value, size
                        continue
            block.append(value)
            missing -= 1
            if not missing:
                if not waiting:
                    break
                block, missing = waiting.pop()
        self.pos = pos
        if pos > len(data):
            raise IndexError(pos)
        return result[0]

    def _rare(self, code: int) -> tuple[Value, int]:
        """The value of a code below 0x20, and 0; or, for a block that has to be read next, None and its size."""
        if code in _INTEGERS:
            return self._number(_INTEGERS[code]), 0
        if code in _SHARED:
            return self._shared(self._number(_SHARED[code])), 0
        if code in _BLOCKS:
            return None, self._number(_BLOCKS[code]) >> 10
        if code in _STRINGS:
            return self._object(self._bytes(self._number(_STRINGS[code]))), 0
        if code in _DOUBLES:
            self._bytes(8)
        elif code in _DOUBLE_ARRAYS:
            self._bytes(8 * self._number(_DOUBLE_ARRAYS[code]))
        elif code in (_CUSTOM_OLD, _CUSTOM_LENGTH, _CUSTOM_FIXED):
            self._custom(code)
        else:
            raise wrong(self.path, self.pos - 1, f"unknown code {code:#x} in a marshalled value")
        return self._object(None), 0

    def _object(self, value: Value) -> Value:
        self.objects.append(value)
        return value

    def _number(self, form: str) -> int:
        value: int = unpack_from(form, self.data, self.pos)[0]
        self.pos += _WIDTH[form[1].lower()]
        return value

    def _bytes(self, length: int) -> bytes:
        start, self.pos = self.pos, self.pos + length
        if self.pos > len(self.data):
            raise IndexError(self.pos)
        return self.data[start : self.pos]

    def _shared(self, distance: int) -> Value:
        if not 0 < distance <= len(self.objects):
            raise wrong(self.path, self.pos, f"a shared reference {distance} objects back, of {len(self.objects)}")
        return self.objects[-distance]

    def _custom(self, code: int) -> None:
        """Skip boxed integers, the only custom constants of a program (their widths are in runtime/ints.c)."""
        end = self.data.find(b"\0", self.pos, self.pos + _MAX_CUSTOM)
        if end < 0:
            raise wrong(self.path, self.pos, "the name of a custom value does not end")
        name, self.pos = self.data[self.pos : end], end + 1
        if code == _CUSTOM_LENGTH:
            self.pos += 12
        if name in (b"_i", b"_j"):
            self._bytes(4 if name == b"_i" else 8)
        elif name == b"_n":
            self._bytes(4 if self._bytes(1) == b"\1" else 8)
        else:
            raise wrong(self.path, self.pos, f"unknown custom value {name!r}", "_i, _j or _n")
