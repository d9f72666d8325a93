"""Another extension: its functions are called in loops that were compiled for those of ext.py."""

import weakref

import core
from core import W_Error, W_Int, W_Root
from rpython.rlib import rgc
from sepcomp import entrypoint


class W_Small(W_Int):
    """A sibling of ext.W_Big, which is also a W_Int for the core."""

    def add(self, w_other):
        if isinstance(w_other, W_Small):
            return W_Small(self.value + w_other.value - 2)
        if isinstance(w_other, W_Int):
            return W_Int(self.value + w_other.value - 1)
        raise W_Error(w_other)


class W_Mixes(W_Root):
    """Integers of the core and of this extension, in turn."""

    def call(self, w_argument):
        n = w_argument.as_int()
        if n % 4 == 0:
            return W_Small(n)
        if n % 4 == 1:
            return W_Small(n).add(W_Small(1))
        return w_argument.add(W_Int(n))


class Counter(object):
    n = 0


counter = Counter()


class W_Temporary(W_Root):
    def __del__(self):
        counter.n += 1


class W_Works(W_Root):
    """What the collector has to do with, in each round: a destructor, a weak reference, a dict of floats."""

    def __init__(self):
        self.seen = {}
        self.last = None
        self.ref = weakref.ref(self)

    def call(self, w_argument):
        n = w_argument.as_int()
        self.last = W_Temporary()
        self.seen["k%d" % (n % 37)] = n * 1.5
        total = 0.0
        for value in self.seen.values():
            total += value
        if n % 50 == 49:
            try:
                [1, 2][n % 3]
            except IndexError:
                raise W_Error(W_Int(int(total)))
        if self.ref() is not self:
            return W_Int(-1)
        return W_Int(int(total) + len(self.seen))


@entrypoint(int)
def mix(n):
    core.install(W_Mixes())
    return n


@entrypoint(int)
def work(n):
    core.install(W_Works())
    return n


@entrypoint(int)
def were_deleted(n):
    """Whether so many temporary objects are gone."""
    rgc.collect()
    rgc.collect()
    return int(counter.n >= n)
