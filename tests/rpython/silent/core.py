# ruff: noqa
"""A core with much that only one library can hold, and with memo functions about what extensions bring."""
import os

from rpython.rlib.objectmodel import compute_hash, r_dict, specialize
from rpython.rlib.rrandom import Random
from rpython.rlib.rweakref import RWeakValueDictionary
from rpython.rtyper.lltypesystem import lltype, rffi
from sepcomp import entrypoint, export, export_class


class TypeDef(object):
    def __init__(self, name, base=None):
        self.name = name
        self.base = base

    def _freeze_(self):
        return True


class Strategy(object):
    def __init__(self, size):
        self.size = size

    def _freeze_(self):
        return True


def full_name(typedef):
    return (full_name(typedef.base) + '.' if typedef.base else '') + typedef.name


@specialize.memo()
def name_of(typedef):
    return full_name(typedef)


@specialize.memo()
def size_of(strategy):
    return strategy.size * 2


@specialize.memo()
def four(cls, typedef, flag, other):
    return '%s/%s/%d%d' % (cls.__name__, typedef.name, flag, other)


@specialize.memo()
def pair(a, b):
    return (len(a.name), b.name)


@specialize.memo()
def word_or_none(cls):
    return None if len(cls.__name__) > 6 else cls.__name__


@export_class
class W_Root(object):
    typedef = TypeDef('root')
    strategy = Strategy(3)              # the only one here
    names = ['a', 'b']

    def scaled(self, n, factor=3, offset=1):
        return n * factor + offset

    def about(self, n):
        return four(self.__class__, self.typedef, n > 2, True)


@export_class
class W_Item(W_Root):
    typedef = TypeDef('item', W_Root.typedef)


@export_class
class W_Special(W_Root):
    pass


@export(W_Root, W_Root, int)
def describe(w, other, n):
    length, name = pair(w.typedef, other.typedef)
    word = word_or_none(w.__class__)
    return ' '.join([name_of(w.typedef), w.about(n), str(size_of(w.strategy)), str(length), name, word or '-'])


@export(W_Root, int)
def scale(w, n):
    return w.scaled(n) + w.scaled(n, 5) * 100 + w.scaled(n, offset=7) * 10000


# ---- classes of one name

@export_class
class Outer(object):
    @export_class
    class Inner(object):
        def who(self):
            return 'inner'


@export_class
class Other(object):
    @export_class
    class Inner(object):
        def who(self):
            return 'other'


def make_class(n):
    @export_class
    class Inner(object):
        def who(self):
            return 'made %d' % n
    return Inner


First, Second = make_class(1), make_class(2)


@export(Outer.Inner, Other.Inner, First, Second)
def who(a, b, c, d):
    return ', '.join([a.who(), b.who(), c.who(), d.who()])


# ---- state

class Closed(object):
    count = 0


S = lltype.GcStruct('S', ('x', lltype.Signed))
LIST = [1]
WORDS = ['if', 'else']
DICT = {'count': 1}
BYTES = bytearray('abc')
R_DICT = r_dict(lambda a, b: a == b, lambda a: compute_hash(a))
R_DICT['n'] = 1
WEAK = RWeakValueDictionary(str, W_Root)
RANDOM = Random(42)
STRUCT = lltype.malloc(S, immortal=True)
RAW = lltype.malloc(rffi.CArray(lltype.Signed), 4, flavor='raw', immortal=True, zero=True)
CLOSED = Closed()


def bump(counts, n):
    counts['count'] += n


@export(int)
def change(n):
    LIST.append(n)
    W_Root.names.append('c')
    bump(DICT, n)
    R_DICT['n'] += n
    STRUCT.x += n
    RAW[1] += n
    BYTES[0] = n
    CLOSED.count += n
    WEAK.set('w', W_Root())
    return int(RANDOM.random() * 2)


@export(str)
def size_of_file(path):
    f = open(path)
    text = f.read()
    f.close()
    return len(text)


@entrypoint(int)
def c_all(n):
    a, b = W_Root(), W_Item()
    text = describe(W_Special(), a, n) + describe(b, W_Special(), n) + who(Outer.Inner(), Other.Inner(), First(), Second())
    return len(text) + change(n) * 0 + len(WORDS[n % 2]) + scale(a, n)


@entrypoint(str, str)
def c_file(path, folder):
    return size_of_file(path) * len(os.listdir(folder))
