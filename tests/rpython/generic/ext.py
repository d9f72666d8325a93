# ruff: noqa
import core
from core import space, W_Root, W_Int, Mixin
from sepcomp import entrypoint
from rpython.rlib.objectmodel import import_from_mixin
from rpython.rlib.rbigint import rbigint
from rpython.rlib.rstring import StringBuilder


class Own(W_Root):
    def size(self):
        return 7


W_A = core.make_class('W_A', 4)
W_B = core.cached_class('bbbb')
add9 = core.make_adder(9)
adders = [core.make_adder(1), core.make_adder(2)]


class W_Heavy(Mixin, W_Root):
    weight = 5
    def size(self):
        return 2
class W_Heavy2(W_Root):
    import_from_mixin(core.Scaler)
    def __init__(self, n):
        self.n = n
    def size(self):
        return self.n


class W_Number(W_Root):
    def __init__(self, big):
        self.big = big


class Thing(object):
    pass


@entrypoint(int)
def t_functions(n):
    return core.as_int('%d' % n) + core.as_int(n) + core.as_int(2.5) + core.power(5, n) + core.power(2, n)


@entrypoint(int)
def t_star(n):
    return core.sum_all(n) + core.sum_all(n, 1) + core.sum_all(n, n, n, n, n)


@entrypoint(int)
def t_here(n):
    a = core.here(n)
    b = core.here(2.5)
    c = core.here(Thing())
    a.append(3)
    return len(a) + len(b) + len(c)


@entrypoint(int)
def t_methods(n):
    w = W_Int(n)
    o = Own()
    return w.plus('5') + w.plus(2.5) + o.plus(n) + w.total(1, 2, 3) + o.total(n)


@entrypoint(int)
def t_space(n):
    return space.wrap(n).n + space.wrap('abcd').n + space.call(core.double, n) + space.call(mine, n, 3)


def mine(a, b):
    return a * b


@entrypoint(int)
def t_classes(n):
    a = W_A(n)
    b = W_B(n + 1)
    r = core.size_of(a) * 1000 + core.size_of(b) + a.kind
    if isinstance(make(n), W_A):
        r += 100000
    return r


def make(n):
    if n > 3:
        return W_A(n)
    return W_Int(n)


@entrypoint(int)
def t_closures(n):
    return add9(n) + adders[n % 2](n)


@entrypoint(int)
def t_mixins(n):
    h, g = W_Heavy(), W_Heavy2(n)
    return h.weigh(n) + g.scaled(2, 3) + core.size_of(g)


@entrypoint(int)
def t_state(n):
    return core.counted(n) * 100 + core.counted('x') + core.remember(n) * 10000 + core.remember('%d' % n) * 1000000


@entrypoint(int)
def t_builders(n):
    b = StringBuilder()
    b.append('q')
    core.build(b, n)
    w = core.W_Long(rbigint.fromint(n))
    core.build(w.builder, n)
    w.builder.append('tt')
    return len(b.build()) * 100 + len(w.builder.build())


@entrypoint(int)
def t_bigints(n):
    w = W_Number(rbigint.fromint(n).lshift(70))
    x = core.W_Long(w.big).add(core.W_Long(w.big)).big
    y = x.mul(rbigint.fromint(3)).pow(rbigint.fromint(5), None).mod(rbigint.fromint(10007))
    return x.rshift(68).toint() + len(x.str()) * 1000 + y.toint() * 100000


@entrypoint(str)
def t_files(path):
    f = open(path, 'rb')
    line = f.readline()
    f.seek(0, 0)
    start = f.read(5)
    f.close()
    return len(line) + len(start) + core.size_of_file(path)
