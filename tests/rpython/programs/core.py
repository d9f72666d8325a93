# ruff: noqa
"""The core of the tests: every stage of separate compilation has its part here."""
import weakref

from rpython.rlib import rgc
from sepcomp import export, export_class


# ---- functions, explicit and implied signatures

@export(int, int)
def add(a, b):
    return a + b


@export
def fact(n):
    if n <= 1:
        return 1
    return n * fact(n - 1)


@export(str)
def shout(s):
    return s.upper() + "!" + str(fact(len(s)))


@export([int])
def total(lst):
    r = 0
    for x in lst:
        r += x
    return r


@export(int)
def squares(n):
    return [i * i for i in range(n)]


@export(float, float)
def hypot2(a, b):
    return a * a + b * b


@export({str: int}, str)
def lookup(d, key):
    try:
        return d[key]
    except KeyError:
        return -1


# ---- opaque structures: a class that is not exported

class Ticket(object):
    def __init__(self, number):
        self.number = number


@export(int)
def make_ticket(n):
    return Ticket(n)


@export(Ticket)
def ticket_number(t):
    return t.number


# ---- exceptions

@export_class
class AppError(Exception):
    def __init__(self, code):
        self.code = code


@export_class
class SubError(AppError):
    pass


@export(int)
def check(n):
    if n < 0:
        raise AppError(n)
    if n > 100:
        raise SubError(n)
    if n == 50:
        raise ValueError
    return n


# ---- classes

@export_class
class W_Root(object):
    kind = 1

    def __init__(self):
        pass

    def value(self):
        return 0

    def describe(self, prefix):
        return prefix + "root"

    def plus(self, other):
        raise AppError(7)

    def twice(self):
        return self.plus(self)


@export_class
class W_Int(W_Root):
    kind = 2

    def __init__(self, intval):
        self.intval = intval

    def value(self):
        return self.intval

    def describe(self, prefix):
        return prefix + "int " + str(self.intval)

    def plus(self, other):
        return W_Int(self.intval + other.value())

    def only_here(self, k):
        return self.intval * k


@export_class
class W_Pair(W_Root):
    kind = 3

    def __init__(self, first, second):
        self.first = first
        self.second = second

    def value(self):
        return self.first.value() + self.second.value()

    def plus(self, other):
        return W_Pair(self, other)


class Closed(W_Root):       # not exported: must not be subclassed
    def value(self):
        return 99


@export(int)
def new_int(n):
    return W_Int(n)


@export(W_Root, W_Root)
def pair(a, b):
    return W_Pair(a, b)


@export(W_Root)
def value_of(w):
    return w.value()


@export(W_Root, str)
def describe(w, prefix):
    return w.describe(prefix) + ";" + str(w.kind)


@export(W_Root, W_Root)
def plus(a, b):
    return a.plus(b)


@export(W_Root)
def guarded_value(w):
    """Catches what an override raises."""
    try:
        return w.value()
    except SubError as e:
        return 1000 + e.code
    except AppError as e:
        return 2000 + e.code


@export(W_Root)
def is_int(w):
    return isinstance(w, W_Int)


@export(W_Root)
def twice(w):
    return w.twice().value()


@export(W_Int)
def intval_of(w):
    return w.intval


@export(int)
def closed_value(n):
    c = Closed()
    return value_of(c) + n


@export(W_Int, int)
def use_only_here(w, k):
    return w.only_here(k)


# ---- state: a prebuilt object, and core objects that point to objects of extensions

@export_class
class Registry(object):
    def __init__(self):
        self.items = []
        self.count = 0

    def add(self, w):
        self.items.append(w)
        self.count += 1
        return self.count

    def sum(self):
        r = 0
        for w in self.items:
            r += w.value()
        return r


registry = Registry()
ZERO = W_Int(0)


@export(W_Root)
def register(w):
    return registry.add(w)


@export()
def registry_sum():
    return registry.sum()


@export()
def collect():
    rgc.collect()


@export(int)
def churn(n):
    """Many short-lived objects: minor collections."""
    w = W_Int(0)
    for i in range(n):
        w = W_Int(w.intval + i % 7)
    return w.intval


@export_class
class Holder(object):
    def __init__(self, w):
        self.ref = weakref.ref(w)

    def get(self):
        return self.ref()


@export(W_Root)
def hold(w):
    return Holder(w)


@export(Holder)
def is_alive(h):
    return h.get() is not None


# ---- finalizers

class Log(object):
    light = 0
    dead = 0
    total = 0


LOG = Log()


@export_class
class Temp(object):
    """A class with a destructor."""
    @export(int)
    def __init__(self, n):
        self.n = n

    def __del__(self):
        LOG.light += self.n


@export()
def light_count():
    return LOG.light


@export_class
class Guarded(object):
    @export(int)
    def __init__(self, n):
        self.n = n


class Queue(rgc.FinalizerQueue):
    Class = Guarded

    def finalizer_trigger(self):
        while True:
            dead = self.next_dead()
            if dead is None:
                break
            LOG.dead += 1
            LOG.total += dead.n


queue = Queue()


@export(Guarded)
def guard(g):
    queue.register_finalizer(g)


@export()
def dead_sum():
    return LOG.dead * 1000 + LOG.total


# ---- memo

class Operator(object):
    """Frozen: every instance is a constant."""

    def __init__(self, symbol, arity):
        self.symbol = symbol
        self.arity = arity

    def _freeze_(self):
        return True


ADD = Operator("+", 2)
NEG = Operator("-", 1)


@export(int)
def operator_of(n):
    """A frozen object that is known only at run time."""
    if n % 3 == 0:
        return NEG
    return ADD


@export(int)
def class_of(n):
    """A class that is known only at run time."""
    if n % 3 == 0:
        return W_Int
    if n % 3 == 1:
        return W_Pair
    return Closed
