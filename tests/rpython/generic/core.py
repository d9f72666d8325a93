# ruff: noqa
"""A core with generic code: specialised functions, *args, mixins, functions that make classes and functions."""
from rpython.rlib.objectmodel import import_from_mixin, specialize
from rpython.rlib.rbigint import rbigint
from rpython.rlib.rstring import StringBuilder
from sepcomp import export, export_class, entrypoint


@export_class
class W_Root(object):
    def size(self):
        return 1
    @specialize.argtype(1)
    def plus(self, x):
        return self.size() + as_int(x)
    def total(self, *args):
        r = self.size()
        if len(args):
            r += args[0] * len(args)
        return r


@export_class
class W_Int(W_Root):
    def __init__(self, n):
        self.n = n
    def size(self):
        return self.n


@specialize.argtype(0)
def as_int(x):
    if isinstance(x, str):
        return int(x)
    return int(x)


@specialize.arg(0)
def power(n, x):
    r = 1
    for i in unroll(n):
        r *= x
    return r


@specialize.arg(0)
def unroll(n):
    return range(n)


@specialize.call_location()
def here(x):
    return [x]


@export(int)
def double(n):
    return n * 2


def sum_all(first, *rest):
    r = double(first)
    if len(rest) > 1:
        r += rest[1]
    return r + len(rest)


class Space(object):
    def _freeze_(self):
        return True
    @specialize.argtype(1)
    def wrap(self, x):
        if isinstance(x, int):
            return W_Int(x)
        return W_Int(len(x))
    def call(self, f, *args_w):
        return f(*args_w)
    call._annspecialcase_ = 'specialize:arg(1)'
space = Space()


class Mixin(object):
    _mixin_ = True
    weight = 3
    def weigh(self, n):
        return self.weight * n + self.size()


class Scaler(object):
    def scaled(self, *factors):
        r = self.size()
        if len(factors):
            r *= factors[0]
        return r


def make_class(name, k):
    class W_Made(W_Root):
        kind = k
        def size(self):
            return k * 10 + self.extra
        def __init__(self, extra):
            self.extra = extra
    W_Made.__name__ = name
    return W_Made


def make_adder(k):
    def adder(n):
        return double(n) + k
    return adder


_cache = {}
def cached_class(key):
    if key not in _cache:
        _cache[key] = make_class('W_' + key, len(key))
    return _cache[key]


W_Own = cached_class('own')
make_adder_3 = make_adder(3)


@export(W_Root)
def size_of(w):
    return w.size()


@export_class
class W_Mixed(Mixin, W_Root):
    import_from_mixin(Scaler)


# ---- state that generic code holds, and rpython's library

def make_counter():
    calls = []

    @specialize.argtype(0)
    def counted(x):
        calls.append(1)
        return number_of(calls)
    return counted


@export([int])
def number_of(items):
    return len(items)


counted = make_counter()


@specialize.argtype(0)
def remember(x, seen={'first': 1}):
    seen[str(x)] = 1
    return number_of_keys(seen)


@export
def number_of_keys(d):
    return len(d)


@export_class
class W_Long(W_Root):
    def __init__(self, big):
        self.big = big
        self.builder = StringBuilder()

    def add(self, w):
        return W_Long(self.big.add(w.big))


@export(StringBuilder, int)
def build(b, n):
    for i in range(n):
        b.append('x%d' % i)


@export(str)
def size_of_file(path):
    f = open(path)
    text = f.read()
    f.close()
    return len(text)


def library(n):
    w = W_Long(rbigint.fromint(n))
    build(w.builder, n)
    return w.add(w).big.toint() + len(w.builder.build()) + counted(n) + remember(n)


@entrypoint(int)
def c(n):
    w = W_Own(n)
    m = W_Mixed()
    return (w.plus(n) + w.plus('12') + w.total() + w.total(1, n) + power(2, n) + power(3, n) + len(here(n)) + len(here('x')) + sum_all(n) + sum_all(n, 2, 3)
        + space.wrap(n).n + space.wrap('abc').n + m.weigh(n) + m.scaled(1, 2) + make_adder_3(n) + space.call(double, n) + library(n))


# ---- what is refused

cached_class('hidden')


def hidden(x):
    return 1


@specialize.argtype(0)
def through_hidden(x):
    return hidden(x)


@export_class
class W_Sub(W_Root):
    @specialize.argtype(1)
    def generic(self, x):
        return 2


def _generic(self, x):
    return 1


W_Root.generic = specialize.argtype(1)(_generic)
