# ruff: noqa
"""Checksums, and objects that are fed with data."""
from rpython.rlib.objectmodel import specialize
from rpython.rlib.rarithmetic import intmask, r_uint
from rpython.rlib.rstring import StringBuilder
from rpython.rlib.unroll import unrolling_iterable

from interpreter.baseobj import W_Root
from interpreter.error import OperationError, oefmt
from interpreter.gateway import GetSetProperty, WrappedDefault, interp2app, methods_of, unwrap_spec
from interpreter.objects import W_TextObject
from interpreter.typedef import TypeDef


def make_crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ 0xEDB88320 if n & 1 else n >> 1
        table.append(r_uint(n))
    return table


CRC_TABLE = make_crc_table()
ADLER = r_uint(65521)
MASK32 = r_uint(0xFFFFFFFF)


def crc32_of(data, value):
    crc = value ^ MASK32
    for c in data:
        crc = CRC_TABLE[intmask(crc ^ r_uint(ord(c))) & 255] ^ (crc >> 8)
    return crc ^ MASK32


def adler32_of(data, value):
    low, high = value & r_uint(0xFFFF), value >> 16
    for c in data:
        low = (low + r_uint(ord(c))) % ADLER
        high = (high + low) % ADLER
    return (high << 16) | low


def fnv1a_of(data, value):
    for c in data:
        value = (value ^ r_uint(ord(c))) * r_uint(0x01000193) & MASK32
    return value


@unwrap_spec(data='text', start=int)
def crc32(space, data, start=0):
    """The CRC-32 of data, as zlib computes it."""
    return space.newint(intmask(crc32_of(data, r_uint(start))))


@unwrap_spec(data='text', start=int)
def adler32(space, data, start=1):
    """The Adler-32 of data, as zlib computes it."""
    return space.newint(intmask(adler32_of(data, r_uint(start))))


# ---------------------------------------------------------------- algorithms: prebuilt objects of this module

class Algorithm(object):
    _immutable_ = True

    def __init__(self, name, start):
        self.name = name
        self.start = r_uint(start)

    def update(self, value, data):
        raise NotImplementedError


class Crc(Algorithm):
    _immutable_ = True

    def update(self, value, data):
        return crc32_of(data, value)


class Adler(Algorithm):
    _immutable_ = True

    def update(self, value, data):
        return adler32_of(data, value)


class Fnv(Algorithm):
    _immutable_ = True

    def update(self, value, data):
        return fnv1a_of(data, value)


ALGORITHMS = [Crc('crc32', 0), Adler('adler32', 1), Fnv('fnv1a', 0x811C9DC5)]
NAMES = unrolling_iterable([algorithm.name for algorithm in ALGORITHMS])


def find_algorithm(space, name):
    for algorithm in ALGORITHMS:
        if algorithm.name == name:
            return algorithm
    raise oefmt(space.w_ValueError, 'unknown hash function: %s', name)


def algorithms(space):
    result_w = []
    for name in NAMES:
        result_w.append(space.newtext(name))
    return space.newlist(result_w)


class Counters(object):
    def __init__(self, space):
        self.bytes = 0


class W_BaseHash(W_Root):
    """What all objects that hash have in common."""
    _attrs_ = ['algorithm', 'value', 'log']

    def __init__(self, algorithm):
        self.algorithm = algorithm
        self.value = algorithm.start
        self.log = None

    def feed(self, space, data):
        space.fromcache(Counters).bytes += len(data)
        self.value = self.algorithm.update(self.value, data)
        if self.log is not None:
            self.log.append(data)

    def prefix(self):
        return ''

    def descr_add(self, space, w_data):
        """Feed a text, or each text of a list."""
        if isinstance(w_data, W_TextObject):
            self.feed(space, space.text_w(w_data))
        else:
            for w_item in space.listview(w_data):
                self.descr_add(space, w_item)
        return self

    def descr_hexdigest(self, space):
        digits = StringBuilder(8)
        shift = 28
        while shift >= 0:
            digits.append('0123456789abcdef'[intmask(self.value >> shift) & 15])
            shift -= 4
        return space.newtext(self.prefix() + digits.build())

    def descr_copy(self, space):
        w_hash = instantiate_like(space, self)
        w_hash.algorithm, w_hash.value, w_hash.log = self.algorithm, self.value, None
        return w_hash

    def descr_get_name(self, space):
        return space.newtext(self.algorithm.name)

    def descr_get_bytes(self, space):
        return space.newint(space.fromcache(Counters).bytes)

    def descr_repr(self, space):
        return space.newtext('<%s hash, %d>' % (self.algorithm.name, intmask(self.value)))


class W_Hash(W_BaseHash):
    pass


class W_KeyedHash(W_BaseHash):
    _attrs_ = ['key']

    def __init__(self, algorithm, key):
        W_BaseHash.__init__(self, algorithm)
        self.key = key

    def prefix(self):
        return self.key + '-'


def instantiate_like(space, w_hash):
    if isinstance(w_hash, W_KeyedHash):
        w_new = space.allocate_instance(W_KeyedHash, space.type(w_hash))
        w_new.key = w_hash.key
        return w_new
    return space.allocate_instance(W_Hash, space.type(w_hash))


@unwrap_spec(name='text')
def descr_new_hash(space, w_subtype, name):
    w_hash = space.allocate_instance(W_Hash, w_subtype)
    W_BaseHash.__init__(w_hash, find_algorithm(space, name))
    return w_hash


@unwrap_spec(name='text', key='text')
def descr_new_keyed(space, w_subtype, name, key):
    w_hash = space.allocate_instance(W_KeyedHash, w_subtype)
    W_KeyedHash.__init__(w_hash, find_algorithm(space, name), key)
    w_hash.feed(space, key)
    return w_hash


class W_Checker(W_Root):
    """Compares texts with what was recorded of them."""

    def __init__(self, w_function):
        self.w_function = w_function
        self.known = {}

    def digest(self, space, text):
        w_digest = space.call_function(self.w_function, space.newtext(text))
        try:
            return space.int_w(w_digest)
        except OperationError as e:
            if not e.match(space, space.w_TypeError):
                raise
            raise oefmt(space.w_TypeError, '%R gives no number, but %R', self.w_function, w_digest)

    @unwrap_spec(name='text', text='text')
    def descr_record(self, space, name, text):
        self.known[name] = self.digest(space, text)

    @unwrap_spec(name='text', text='text')
    def descr_check(self, space, name, text):
        if name not in self.known:
            raise oefmt(space.w_IndexError, '%T knows nothing of %s', self, name)
        return space.newbool(self.known[name] == self.digest(space, text))

    def descr_len(self, space):
        return space.newint(len(self.known))


def descr_new_checker(space, w_subtype, w_function):
    w_checker = space.allocate_instance(W_Checker, w_subtype)
    W_Checker.__init__(w_checker, w_function)
    return w_checker


methods_of(W_BaseHash)
methods_of(W_Checker)
HASH_METHODS = dict(
    add=interp2app(W_BaseHash.descr_add.im_func),
    hexdigest=interp2app(W_BaseHash.descr_hexdigest.im_func),
    copy=interp2app(W_BaseHash.descr_copy.im_func),
    name=GetSetProperty(W_BaseHash.descr_get_name.im_func),
    bytes=GetSetProperty(W_BaseHash.descr_get_bytes.im_func),
)
W_BaseHash.typedef = TypeDef('basehash', W_Root.typedef, **HASH_METHODS)
W_Hash.typedef = TypeDef('hash', W_BaseHash.typedef, __new__=interp2app(descr_new_hash))
W_KeyedHash.typedef = TypeDef('keyed', W_BaseHash.typedef, __new__=interp2app(descr_new_keyed))
W_Checker.typedef = TypeDef(
    'Checker', W_Root.typedef,
    __new__=interp2app(descr_new_checker),
    __len__=interp2app(W_Checker.descr_len.im_func),
    record=interp2app(W_Checker.descr_record.im_func),
    check=interp2app(W_Checker.descr_check.im_func),
)
