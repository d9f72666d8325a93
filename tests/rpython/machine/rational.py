# ruff: noqa
"""Rational numbers for the machine: an object type, primitives, types of a space."""

import machine
from sepcomp import entrypoint, initializer
from vm.objects import AbstractObject, Block, Class, Integer, Text, Unknown
from vm.primitives import Binary, Unary
from vm.space import TypeDef, W_Root, W_Text, space

RATIONAL = Class("Rational")


class Rational(AbstractObject):
    _immutable_fields_ = ["n", "d"]

    def __init__(self, n, d):
        self.n = n
        self.d = d

    def get_class(self, universe):
        return RATIONAL

    def as_int(self):
        return self.n / self.d


class Half(Rational):
    _immutable_fields_ = ["n", "d"]

    def __init__(self, n):
        Rational.__init__(self, n, 2)

    def evaluation(self, number):
        return Block.Evaluation(number + self.n)


def ratio(receiver, arg, universe):
    return Rational(receiver.as_int(), arg.as_int())


def halved(receiver, universe):
    return Half(receiver.as_int())


def shown(receiver, universe):
    assert isinstance(receiver, Rational)
    return Text("%d/%d" % (receiver.n, receiver.d))


@initializer
def setup():
    universe = machine.current()
    machine.integer_class().install("/", Binary("/", universe, ratio))
    machine.integer_class().install("half", Unary("half", universe, halved))
    RATIONAL.install("show", Unary("show", universe, shown))
    RATIONAL.install("double", Unary("double", universe, twice))


def twice(receiver, universe):
    return Integer(receiver.as_int() * 2)


@entrypoint(str)
def r_run(source):
    return machine.run(source)


@entrypoint(int)
def r_evaluate(n):
    return machine.evaluate(Half(n), n) * 100 + machine.evaluate(Block(), n) + machine.evaluate(Integer(n), n)


class Remark(Text):
    """A subclass of a class that has none in the core."""

    @staticmethod
    def is_invokable():
        return True


@entrypoint(int)
def r_alike(n):
    remark, text, other = Remark(str(n)), Text(str(n)), Text("5")
    r = machine.alike(remark, text) + machine.alike(text, remark) * 10 + machine.alike(text, other) * 100
    r += machine.alike(remark, Unary("x", machine.current(), shown)) * 1000 + remark.is_invokable() * 10000
    if machine.integer_class().lookup("/").holder is machine.integer_class():
        r += 100000
    return r


@entrypoint(str)
def r_unknown(name):
    return machine.run("1 half " + name)


# ---- one space


class W_Random(W_Root):
    typedef = TypeDef("random")

    def __init__(self, seed):
        self.seed = seed


class W_Better(W_Random):
    pass


class Cache(object):
    def __init__(self, space):
        self.count = 40


@entrypoint(int)
def r_types(n):
    if n == 0:
        w = W_Random(n)
    elif n == 1:
        w = W_Better(n)
    elif n == 2:
        w = machine.make(1)
    else:
        w = space.w_None
    return machine.about(w) + w.type_name() + "%d" % w.class_number()


@entrypoint(int)
def r_space(n):
    cache = space.fromcache(Cache)
    cache.count += n
    w = space.newtext("abc")
    r = cache.count
    if space.is_none(w) or not space.is_none(machine.make(0)):
        r += 1000
    r += machine.total([n, n + 1])
    return r + len(machine.Name("name%d" % n).s) * 10000


@entrypoint(str)
def r_join(text):
    w = space.join([space.newtext("a"), space.newtext(text)])
    assert isinstance(w, W_Text)
    return w.text
