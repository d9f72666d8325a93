# ruff: noqa
"""Binary data as ASCII text, as in PyPy's module binascii."""
from rpython.rlib.rstring import StringBuilder

from interpreter.error import OperationError, oefmt
from interpreter.gateway import WrappedDefault, unwrap_spec


class Cache(object):
    """The application-level exception of this module; made once for a space."""

    def __init__(self, space):
        self.w_error = space.w_ValueError
        self.raised = 0


def raise_error(space, msg):
    cache = space.fromcache(Cache)
    cache.raised += 1
    raise oefmt(cache.w_error, '%s (error %d of this module)', msg, cache.raised)


HEX = '0123456789abcdef'


@unwrap_spec(data='text')
def hexlify(space, data):
    """Hexadecimal representation of binary data."""
    extra = StringBuilder(len(data) * 2)
    for c in data:
        extra.append(HEX[ord(c) >> 4])
        extra.append(HEX[ord(c) & 15])
    return space.newtext(extra.build())


def char2value(space, c):
    if '0' <= c <= '9':
        return ord(c) - ord('0')
    if 'a' <= c <= 'f':
        return ord(c) - (ord('a') - 10)
    if 'A' <= c <= 'F':
        return ord(c) - (ord('A') - 10)
    raise_error(space, 'Non-hexadecimal digit found')
    assert False
char2value._always_inline_ = True


@unwrap_spec(hexstr='text')
def unhexlify(space, hexstr):
    """Binary data of hexadecimal representation."""
    if len(hexstr) & 1:
        raise_error(space, 'Odd-length string')
    res = StringBuilder(len(hexstr) >> 1)
    for i in range(0, len(hexstr), 2):
        a = char2value(space, hexstr[i])
        b = char2value(space, hexstr[i + 1])
        res.append(chr((a << 4) | b))
    return space.newtext(res.build())


table_b2a_base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
PAD = '='


@unwrap_spec(bin='text', newline=bool)
def b2a_base64(space, bin, newline=False):
    """Base64-code a line of data."""
    res = StringBuilder((len(bin) + 2) // 3 * 4 + 1)
    leftchar = 0
    leftbits = 0
    for c in bin:
        leftchar = (leftchar << 8) | ord(c)
        leftbits += 8
        while leftbits >= 6:
            res.append(table_b2a_base64[(leftchar >> (leftbits - 6)) & 0x3f])
            leftbits -= 6
        leftchar &= (1 << leftbits) - 1
    if leftbits == 2:
        res.append(table_b2a_base64[(leftchar & 3) << 4])
        res.append(PAD)
        res.append(PAD)
    elif leftbits == 4:
        res.append(table_b2a_base64[(leftchar & 0xf) << 2])
        res.append(PAD)
    if newline:
        res.append('\n')
    return space.newtext(res.build())


def make_table():
    table = [-1] * 256
    for i, c in enumerate(table_b2a_base64):
        table[ord(c)] = i
    return table


table_a2b_base64 = make_table()
assert len(table_a2b_base64) == 256


@unwrap_spec(ascii='text')
def a2b_base64(space, ascii):
    """Decode a line of base64 data."""
    res = StringBuilder((len(ascii) // 4) * 3)
    quad_pos = 0
    leftchar = 0
    leftbits = 0
    pads = 0
    for c in ascii:
        if c == PAD:
            pads += 1
            continue
        n = table_a2b_base64[ord(c)]
        if n < 0:
            continue    # ignore strange characters
        quad_pos += 1
        leftchar = (leftchar << 6) | n
        leftbits += 6
        if leftbits >= 8:
            leftbits -= 8
            res.append(chr((leftchar >> leftbits) & 255))
            leftchar &= (1 << leftbits) - 1
    if (quad_pos + pads) & 3:
        raise_error(space, 'Incorrect padding')
    return space.newtext(res.build())


@unwrap_spec(data='text', w_separator=WrappedDefault(''))
def rlecode(space, data, w_separator=None):
    """Counts and characters."""
    separator = space.text_w(w_separator)
    parts = []
    i = 0
    while i < len(data):
        start = i
        while i < len(data) and data[i] == data[start]:
            i += 1
        parts.append('%d%s' % (i - start, data[start]))
    return space.newtext(separator.join(parts))
