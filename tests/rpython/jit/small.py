"""A core for probe.py, which is analysed but not compiled."""

from rpython.rlib.jit import JitDriver, elidable

from sepcomp import entrypoint, export, export_class, export_stable


class Frame(object):
    _virtualizable_ = ["depth"]

    def __init__(self, depth):
        self.depth = depth
        self.name = "frame"


@export_stable
class Counter(object):
    def __init__(self, n):
        self.n = n

    def get(self):
        return self.n


@export_class
class A(object):
    _immutable_fields_ = ["colour?"]

    @export(int)
    def __init__(self, n):
        self.n = n
        self.colour = n
        self.frame = Frame(n)

    def find(self, n):
        return self.n + n

    def change(self, n):
        self.n = n
        return n


class B(A):
    def find(self, n):
        return self.change(n)


@export(A)
def reads(a):
    return a.n


@export(A)
def writes(a):
    a.n = 3
    return a.n


@export(A)
def finds(a):
    return a.find(3)


@elidable
def lookup(a, n):
    return a.find(n) + 1


def call_elidable(a, n):
    return lookup(a, n)


@elidable
def closed(a, n):
    return a.n // n


def call_closed(a, n):
    return closed(a, n)


def call_open(a, n):
    return a.find(n)


def call_change(a, n):
    return a.change(n)


driver = JitDriver(greens=[], reds=["n", "a"])


@entrypoint(int)
def run(n):
    a = B(n) if n & 1 else A(n)
    while n > 0:
        driver.jit_merge_point(n=n, a=a)
        n -= call_elidable(a, n) + call_closed(a, n) + call_open(a, n) + call_change(a, n) + a.colour
        a.colour = n + a.frame.depth + len(a.frame.name)
    return Counter(n).get()
