# ruff: noqa
"""The second extension: dicts, weakrefs, memo, destructors, prebuilt objects, and a class named like one of ext_a."""
import core
from rpython.rlib import rgc
from rpython.rlib.objectmodel import specialize
from sepcomp import entrypoint


class Same(core.W_Root):
    def __init__(self, text):
        self.text = text

    def value(self):
        return len(self.text)


@entrypoint(str)
def b_same(s):
    core.register(Same(s))
    r = 0
    for w in core.registry.items:
        if isinstance(w, Same):
            r += len(w.text)
    return r


class W_Node(core.W_Root):
    def __init__(self, left, right, weight):
        self.left = left
        self.right = right
        self.weight = weight

    def value(self):
        r = self.weight
        if self.left is not None:
            r += self.left.value()
        if self.right is not None:
            r += self.right.value()
        return r


def tree(depth):
    if depth == 0:
        return W_Node(None, None, 1)
    return W_Node(tree(depth - 1), tree(depth - 1), depth)


PREBUILT = W_Node(None, None, 1000)
TABLE = [core.W_Int(4), core.W_Int(5)]


@entrypoint(int)
def b_tree(depth):
    """Allocates in the extension, collects in the core, with roots on both sides."""
    t = tree(depth)
    p = core.pair(t, core.new_int(1))
    core.churn(20000)
    u = tree(depth)
    core.collect()
    return core.value_of(p) * 3 + core.value_of(u) + t.value()


@entrypoint(int)
def b_prebuilt(n):
    PREBUILT.left = tree(3)         # a prebuilt object of the extension that points to a young one
    core.churn(n)
    core.collect()
    core.churn(n)
    r = core.value_of(PREBUILT)
    PREBUILT.left = None
    return r + core.value_of(TABLE[0]) + TABLE[1].value()


@entrypoint(int)
def b_dict(n):
    d = {}
    for i in range(n):
        d["k%d" % (i % 100)] = W_Node(None, None, i)
    core.collect()
    r = 0
    for key, w in d.items():
        r += w.value() * len(key)
    return r


class Resource(core.W_Root):
    def __init__(self, log):
        self.log = log

    def __del__(self):
        COUNT.deleted += 1


class Counter(object):
    deleted = 0
    queued = 0


COUNT = Counter()


@entrypoint(int)
def b_del(n):
    before = COUNT.deleted
    for i in range(n):
        Resource(i)
    core.collect()
    core.collect()
    return COUNT.deleted - before


@entrypoint(int)
def b_weakref(n):
    w = W_Node(None, None, n)
    h = core.hold(w)
    core.collect()
    r = 0
    if core.is_alive(h) and h.get() is w:
        r += 1
    w = None
    core.collect()
    core.collect()
    if not core.is_alive(h):
        r += 10
    return r


@entrypoint(int)
def b_array(n):
    """Writes young objects into old arrays: the barrier with cards."""
    lst = [None] * n
    core.collect()
    for i in range(n):
        lst[i] = W_Node(None, None, i)
        if i % 50 == 0:
            core.churn(100)
    core.collect()
    r = 0
    for w in lst:
        r += w.value()
    return r


# ---- finalizers

class Own(core.Guarded):
    def __init__(self, n, extra):
        core.Guarded.__init__(self, n)
        self.extra = extra


class OwnQueue(rgc.FinalizerQueue):
    Class = Own

    def finalizer_trigger(self):
        while True:
            dead = self.next_dead()
            if dead is None:
                break
            COUNT.queued += dead.extra


OWN_QUEUE = OwnQueue()


@entrypoint(int)
def b_temp(n):
    before = core.light_count()
    for i in range(n):
        core.Temp(2)
    core.collect()
    core.collect()
    return core.light_count() - before


@entrypoint(int)
def b_core_queue(n):
    before = core.dead_sum()
    for i in range(n):
        core.guard(core.Guarded(3))
        core.guard(Own(4, 0))
    core.collect()
    core.collect()
    return core.dead_sum() - before


@entrypoint(int)
def b_own_queue(n):
    before = COUNT.queued
    for i in range(n):
        OWN_QUEUE.register_finalizer(Own(1, i))
    core.collect()
    core.collect()
    return COUNT.queued - before


# ---- memo

class Shape(object):
    def __init__(self, sides):
        self.sides = sides

    def _freeze_(self):
        return True


TRIANGLE = Shape(3)
SQUARE = Shape(4)
COMPUTED = []


@specialize.memo()
def angles(shape):
    return (shape.sides - 2) * 180


@specialize.memo()
def precedence(operator):
    return len(operator.symbol) * 100 + operator.arity


@specialize.memo()
def weight(cls, double):
    if double:
        return cls.kind * 2
    return cls.kind


@entrypoint(int)
def b_memo(n):
    if n % 2:
        shape = TRIANGLE
    else:
        shape = SQUARE
    if n % 3:
        operator = core.ADD
    else:
        operator = core.NEG
    if n % 5 == 0:
        cls = core.W_Int
    elif n % 5 == 1:
        cls = core.W_Pair
    else:
        cls = W_Node
    return angles(shape) * 1000 + precedence(operator) + weight(cls, n > 3) * 7


@entrypoint(int)
def b_memo_received(n):
    operator = core.operator_of(n)
    cls = core.class_of(n)
    r = precedence(operator) + weight(cls, n > 3) * 7
    if operator is core.NEG:
        r += 10000
    if cls is core.W_Pair:
        r += 20000
    return r
