# -*- coding: utf-8 -*-
# ruff: noqa: UP003, UP004, UP009, UP010, UP018, UP031, B904
"""The bytes of an interface file: pickle protocol 2 of plain data, written and read without the pickle module.

This file runs unchanged on CPython 2.7, PyPy 2.7 and Python 3 and imports nothing from its package, so that an
RPython translation can load it from its path. Therefore it is one file.

Plain data is None, booleans, integers of up to 128 bits, finite floats, text, lists, tuples (read back as lists) and
dictionaries with text keys. `dumps` emits it with sorted keys and without a memo: the same data are the same bytes on
every Python. `loads` takes what any protocol 2 pickler writes for such data and nothing else. There are no opcodes
that name a class or call one, so that reading never runs code, and every amount is bounded: see `Limits`.

The opcodes are those of CPython's Lib/pickletools.py.

A file holds one dictionary:

    {"format": "rebel-interface", "version": 1, "digest": <hexadecimal SHA-256 of canonical(interface)>,
     "interface": {...}, "producer": {...}, "places": {...}}

`canonical` is a text form of its own and no pickle, because picklers differ in bytes for equal data.
"""

from __future__ import print_function, unicode_literals

import hashlib
import re
import struct

PROTOCOL = b"\x80\x02"
FORMAT = "rebel-interface"
VERSION = 1

TEXT = type("")
INTEGERS = (int, type(1 << 64))  # `int` and Python 2's `long`

_SURROGATE = re.compile(b"\xed[\xa0-\xbf]")
_DECIMAL = re.compile(b"-?[0-9]{1,40}\\Z")


class Limits(object):
    """The limits for a file. `cells` limits memory: a dictionary counts as 4, every other value as 1."""

    size = 32 << 20  # bytes of the file
    text = 64 << 20  # bytes of all text, counted at every use
    cells = 1500000
    depth = 100
    memo = 1000000
    integer_bits = 128


class CodecError(ValueError):
    """The data may not be in an interface file. `offset` is in bytes, None if the error is not at one place."""

    def __init__(self, message, offset=None, expected=None):
        ValueError.__init__(self, message)
        self.message = message
        self.offset = offset
        self.expected = expected


# ---------------------------------------------------------------- writing


def dumps(data):
    """The canonical pickle of plain data; raises CodecError for anything else."""
    return PROTOCOL + forms(data)[0] + b"."


def canonical(data):
    """The form of plain data that their digest covers, as bytes.

    Bencoding (BEP 3) with more kinds: `N`, `T`, `F`, `i<decimal>e`, `f<16 hexadecimal digits of the IEEE double>`,
    `<bytes>:<UTF-8>`, `l...e` for lists and tuples, `d<key><value>...e` with keys in the order of their UTF-8.
    """
    return forms(data)[1]


def forms(data):
    """(opcodes, canonical form) of plain data, made in one pass, which takes hardly longer than for one of them."""
    opcodes, canon = [], []
    # what is written for each scalar by its kind and value, for most occur often
    known = {kind: {} for kind in {TEXT, str, int, bool, type(None)}}
    _write(data, opcodes.append, canon.append, 1, known)
    return b"".join(opcodes), b"".join(canon)


def _write(value, opcode, canon, depth, known):
    """Pass both forms of a value to `opcode` and `canon`, piece by piece; `known` as in `forms`."""
    kind = type(value)
    if kind is list or kind is tuple:
        _check_depth(depth)
        opcode(b"](")
        canon(b"l")
        for item in value:
            kind = type(item)
            if kind in known:
                pair = known[kind].get(item)
                if pair is None:
                    pair = known[kind][item] = _scalar(item, kind)
                opcode(pair[0])
                canon(pair[1])
            else:
                _write(item, opcode, canon, depth + 1, known)
        opcode(b"e")
        canon(b"e")
    elif kind is dict:
        _check_depth(depth)
        opcode(b"}(")
        canon(b"d")
        for _, key in sorted_keys(value):
            _write(key, opcode, canon, depth + 1, known)
            _write(value[key], opcode, canon, depth + 1, known)
        opcode(b"u")
        canon(b"e")
    else:
        pair = _scalar(value, kind)
        opcode(pair[0])
        canon(pair[1])


def _scalar(value, kind):
    """Both forms of a value that is not a container."""
    if kind is TEXT or kind is str:
        encoded = encode_text(value)
        return b"X" + struct.pack(str("<I"), len(encoded)) + encoded, ("%d:" % len(encoded)).encode("ascii") + encoded
    if value is None:
        return b"N", b"N"
    if kind is bool:
        return (b"\x88", b"T") if value else (b"\x89", b"F")
    if kind in INTEGERS:
        return _integer(value), ("i%de" % value).encode("ascii")
    if kind is float:
        packed = struct.pack(str(">d"), _finite(value))
        return b"G" + packed, ("f%016x" % struct.unpack(str(">Q"), packed)).encode("ascii")
    raise CodecError(
        "cannot write a %s" % kind.__name__, expected="plain data: dict, list, text, int, float, bool, None"
    )


def _integer(value):
    """The opcodes of an integer."""
    if 0 <= value < 256:
        return b"K" + struct.pack(str("<B"), value)
    if 0 <= value < 65536:
        return b"M" + struct.pack(str("<H"), value)
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack(str("<i"), value)
    _check_integer(value)
    two_complement = value & ((1 << (Limits.integer_bits + 8)) - 1)
    count = Limits.integer_bits // 8 + 1
    digits = bytearray((two_complement >> (8 * i)) & 255 for i in range(count))
    while len(digits) > 1 and _is_sign_extension(digits):
        digits.pop()
    return b"\x8a" + struct.pack(str("<B"), len(digits)) + bytes(digits)


def _is_sign_extension(digits):
    top, below = digits[-1], digits[-2] & 0x80
    return (top == 0 and not below) or (top == 0xFF and below)


def _check_integer(value, offset=None):
    if not -(1 << (Limits.integer_bits - 1)) <= value < 1 << Limits.integer_bits:
        raise CodecError("an integer is too large", offset, "at most %d bits" % Limits.integer_bits)


def _check_depth(depth, offset=None):
    if depth > Limits.depth:
        raise CodecError("the data are nested too deeply", offset, "at most %d levels" % Limits.depth)


def _finite(value, offset=None):
    if value != value or value in (float("inf"), float("-inf")):
        raise CodecError("a number is infinite or undefined", offset, "a finite number")
    return value


def encode_text(value):
    """UTF-8 of `value`. A byte string of Python 2 must be ASCII; half of a surrogate pair is an error."""
    try:
        encoded = value.encode("utf-8")
    except UnicodeError:
        raise CodecError("not text: %r" % (value,), expected="Unicode text, or an ASCII byte string on Python 2")
    if _SURROGATE.search(encoded):
        raise CodecError("not text: %r" % (value,), expected="Unicode text without lone surrogates")
    return encoded


def sorted_keys(dictionary):
    """(UTF-8, key) of each key, by UTF-8: Python 2 and 3 order text differently beyond the basic plane."""
    for key in dictionary:
        if type(key) not in (TEXT, str):
            raise CodecError("a key is a %s" % type(key).__name__, expected="text")
    return sorted((encode_text(key), key) for key in dictionary)


# ---------------------------------------------------------------- the digest


def digest(interface, known=None):
    """Hexadecimal SHA-256 of the canonical form. known: the result of `forms` for the interface, if it exists."""
    return TEXT(hashlib.sha256((known or forms(interface))[1]).hexdigest())


def seal(interface, producer, places, known=None):
    """The bytes of an interface file. `interface` is what the digest covers; who wrote it and where is not.

    known: as in `digest`.
    """
    known = known or forms(interface)
    envelope = {"format": FORMAT, "version": VERSION, "digest": digest(interface, known)}
    envelope.update({"producer": producer, "places": places})
    opcodes = {key: forms(value)[0] for key, value in envelope.items()}
    opcodes["interface"] = known[0]
    pairs = [forms(key)[0] + opcodes[key] for _, key in sorted_keys(opcodes)]
    return PROTOCOL + b"}(" + b"".join(pairs) + b"u."


def unseal(data):
    """The envelope in `data` after its format, version and digest were checked; raises CodecError."""
    envelope = loads(data)
    if type(envelope) is not dict or envelope.get("format") != FORMAT:
        raise CodecError("this is not an interface file", 0, 'a dictionary with "format": "%s"' % FORMAT)
    if envelope.get("version") != VERSION:
        raise CodecError("unknown format version %r" % (envelope.get("version"),), 0, "version %d" % VERSION)
    for key in ("interface", "producer", "places"):
        if type(envelope.get(key)) is not dict:
            raise CodecError('the file has no "%s"' % key, 0, "a dictionary")
    found = digest(envelope["interface"])
    if envelope.get("digest") != found:
        raise CodecError("the contents do not have the digest %s" % (envelope.get("digest"),), 0, found)
    return envelope


# ---------------------------------------------------------------- reading


def loads(data):
    """The plain data in the pickle `data`; raises CodecError with the offset of the error."""
    if len(data) > Limits.size:
        raise CodecError("%d bytes are too many" % len(data), 0, "at most %d bytes" % Limits.size)
    return _Decoder(data).decode()


_CONTAINER = object()  # in the memo, instead of values that must not be shared


class _Decoder(object):
    """A stack machine for the plain-data opcodes.

    `stack` and `heights` go together: the height of a container is known when it goes into its parent, because
    nothing can reach it afterwards (the memo gives back text only).
    """

    def __init__(self, data):
        self.data = bytes(data)
        self.position = 0
        self.start = 0  # offset of the current opcode
        self.stack = []
        self.heights = []
        self.marks = []
        self.memo = {}
        self.cells = 0
        self.text = 0

    def decode(self):
        handlers = _HANDLERS
        codes = bytearray(self.data)
        end = len(codes)
        while self.position < end:
            self.start = self.position
            code = codes[self.position]
            self.position += 1
            if code == 0x2E:
                return self.stop()
            handler = handlers.get(code)
            if handler is None:
                self.fail("opcode 0x%02x is not allowed" % code, "an opcode of plain data")
            handler(self)
        self.start = end
        self.fail("the data end too early", "the opcode STOP")

    def fail(self, message, expected):
        raise CodecError(message, self.start, expected)

    def stop(self):
        if self.marks or len(self.stack) != 1:
            self.fail("%d values are left on the stack" % len(self.stack), "one value")
        if self.position != len(self.data):
            self.start = self.position
            self.fail("%d bytes follow the end" % (len(self.data) - self.position), "the end of the file")
        return self.stack[0]

    # what the handlers share

    def take(self, count):
        position = self.position
        self.position = position + count
        if self.position > len(self.data):
            self.fail("the data end too early", "%d more bytes" % count)
        return self.data[position : self.position]

    def number(self, layout, count):
        return struct.unpack(layout, self.take(count))[0]

    def push(self, value, cells=1, height=0):
        self.cells += cells
        if self.cells > Limits.cells:
            self.fail("too many values", "at most %d" % Limits.cells)
        self.stack.append(value)
        self.heights.append(height)

    def push_text(self, encoded):
        self.text += len(encoded)
        if self.text > Limits.text:
            self.fail("too much text", "at most %d bytes" % Limits.text)
        if _SURROGATE.search(encoded):
            self.fail("the text holds half of a surrogate pair", "UTF-8")
        try:
            self.push(encoded.decode("utf-8"))
        except UnicodeError:
            self.fail("the text is not UTF-8", "UTF-8")

    def push_ascii(self, encoded):
        if any(byte > 127 for byte in bytearray(encoded)):
            self.fail("a byte string is not ASCII", "text")
        self.push_text(encoded)

    def pop(self, count):
        """The topmost `count` values, which must be above the last mark, and the height of the highest."""
        base = len(self.stack) - count
        if base < (self.marks[-1] if self.marks else 0):
            self.fail("the stack is empty", "%d values" % count)
        return self.cut(base)

    def pop_mark(self):
        if not self.marks:
            self.fail("there is no mark", "the opcode MARK before")
        return self.cut(self.marks.pop())

    def cut(self, base):
        values, heights = self.stack[base:], self.heights[base:]
        del self.stack[base:], self.heights[base:]
        return values, max(heights) if heights else 0

    def grow(self, kind, height):
        """The container on top of the stack, which gets children of this height."""
        above_mark = len(self.stack) > (self.marks[-1] if self.marks else 0)
        if not above_mark or type(self.stack[-1]) is not kind:
            self.fail("there is no %s to add to" % kind.__name__, "a %s on the stack" % kind.__name__)
        _check_depth(height + 1, self.start)
        self.heights[-1] = max(self.heights[-1], height + 1)
        return self.stack[-1]

    def add_pairs(self, values, height):
        target = self.grow(dict, height)
        if len(values) % 2:
            self.fail("a key has no value", "pairs")
        for index in range(0, len(values), 2):
            key = values[index]
            if type(key) is not TEXT:
                self.fail("a key is a %s" % type(key).__name__, "text")
            if key in target:
                self.fail("the key %r is there twice" % key, "distinct keys")
            target[key] = values[index + 1]

    # one method for each opcode

    def proto(self):
        if self.start != 0:
            self.fail("PROTO inside of the data", "PROTO at the start only")
        version = self.number(str("<B"), 1)
        if version > 2:
            self.fail("pickle protocol %d" % version, "protocol 2")

    def mark(self):
        if len(self.marks) >= 2 * Limits.depth:
            self.fail("the data are nested too deeply", "at most %d levels" % Limits.depth)
        self.marks.append(len(self.stack))

    def none(self):
        self.push(None)

    def true(self):
        self.push(True)

    def false(self):
        self.push(False)

    def binint(self):
        self.push(self.number(str("<i"), 4))

    def binint1(self):
        self.push(self.number(str("<B"), 1))

    def binint2(self):
        self.push(self.number(str("<H"), 2))

    def int_text(self):
        """INT: Python 2 writes booleans as 00 and 01, and integers from 2**31 on as decimal text."""
        end = self.data.find(b"\n", self.position, self.position + 42)
        if end < 0:
            self.fail("an integer does not end", "at most 40 digits and a newline")
        digits = self.take(end + 1 - self.position)[:-1]
        if digits in (b"00", b"01"):
            return self.push(digits == b"01")
        if not _DECIMAL.match(digits):
            self.fail("not a decimal integer", "digits")
        value = int(digits)
        _check_integer(value, self.start)
        self.push(value)

    def long1(self):
        digits = bytearray(self.take(self.number(str("<B"), 1)))
        value = 0
        for digit in reversed(digits):
            value = value << 8 | digit
        if digits and digits[-1] & 0x80:
            value -= 1 << (8 * len(digits))
        _check_integer(value, self.start)
        self.push(int(value))

    def binfloat(self):
        self.push(_finite(self.number(str(">d"), 8), self.start))

    def binunicode(self):
        self.push_text(self.take(self.number(str("<I"), 4)))

    def short_binstring(self):
        self.push_ascii(self.take(self.number(str("<B"), 1)))

    def binstring(self):
        count = self.number(str("<i"), 4)
        if count < 0:
            self.fail("a byte string has a negative length", "a length")
        self.push_ascii(self.take(count))

    def empty_list(self):
        self.push([], 2, 1)

    def empty_dict(self):
        self.push({}, 4, 1)

    def append(self):
        values, height = self.pop(1)
        self.grow(list, height).extend(values)

    def appends(self):
        values, height = self.pop_mark()
        self.grow(list, height).extend(values)

    def setitem(self):
        self.add_pairs(*self.pop(2))

    def setitems(self):
        self.add_pairs(*self.pop_mark())

    def push_tuple(self, values, height):
        _check_depth(height + 1, self.start)
        self.push(values, 2, height + 1)

    def empty_tuple(self):
        self.push_tuple([], 0)

    def tuple1(self):
        self.push_tuple(*self.pop(1))

    def tuple2(self):
        self.push_tuple(*self.pop(2))

    def tuple3(self):
        self.push_tuple(*self.pop(3))

    def tuple_(self):
        self.push_tuple(*self.pop_mark())

    def put(self, index):
        if not self.stack:
            self.fail("there is nothing to remember", "a value on the stack")
        if len(self.memo) >= Limits.memo:
            self.fail("too many memo entries", "at most %d" % Limits.memo)
        top = self.stack[-1]
        self.memo[index] = top if type(top) is TEXT else _CONTAINER

    def binput(self):
        self.put(self.number(str("<B"), 1))

    def long_binput(self):
        self.put(self.number(str("<I"), 4))

    def get(self, index):
        value = self.memo.get(index)
        if value is None:
            self.fail("memo entry %d does not exist" % index, "an entry that was written before")
        if value is _CONTAINER:
            self.fail("a value is shared", "text, the only thing that may stand in two places")
        self.text += len(value)
        if self.text > Limits.text:
            self.fail("too much text", "at most %d bytes" % Limits.text)
        self.push(value)

    def binget(self):
        self.get(self.number(str("<B"), 1))

    def long_binget(self):
        self.get(self.number(str("<I"), 4))


_HANDLERS = {
    0x80: _Decoder.proto,
    0x28: _Decoder.mark,
    0x4E: _Decoder.none,
    0x88: _Decoder.true,
    0x89: _Decoder.false,
    0x49: _Decoder.int_text,
    0x4A: _Decoder.binint,
    0x4B: _Decoder.binint1,
    0x4D: _Decoder.binint2,
    0x8A: _Decoder.long1,
    0x47: _Decoder.binfloat,
    0x58: _Decoder.binunicode,
    0x54: _Decoder.binstring,
    0x55: _Decoder.short_binstring,
    0x5D: _Decoder.empty_list,
    0x61: _Decoder.append,
    0x65: _Decoder.appends,
    0x7D: _Decoder.empty_dict,
    0x73: _Decoder.setitem,
    0x75: _Decoder.setitems,
    0x29: _Decoder.empty_tuple,
    0x85: _Decoder.tuple1,
    0x86: _Decoder.tuple2,
    0x87: _Decoder.tuple3,
    0x74: _Decoder.tuple_,
    0x71: _Decoder.binput,
    0x72: _Decoder.long_binput,
    0x68: _Decoder.binget,
    0x6A: _Decoder.long_binget,
}
