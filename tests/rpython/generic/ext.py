# ruff: noqa
import core
from core import space, W_Root, W_Int, Mixin
from sepcomp import entrypoint
from rpython.rlib.objectmodel import specialize, import_from_mixin


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
