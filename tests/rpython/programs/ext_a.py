# ruff: noqa
"""The first extension of the tests."""
import core
from sepcomp import entrypoint


# ---- functions

@entrypoint(int, int)
def a_twice(a, b):
    return core.add(a, b) * 2


@entrypoint(str)
def a_loud(s):
    return core.shout(s) + core.shout(s + "x")


@entrypoint(int)
def a_sum_to(n):
    lst = []
    for i in range(n):
        lst.append(core.fact(i))
    return core.total(lst)


def even_numbers(n):
    for i in range(n):
        if i % 2 == 0:
            yield i
    yield 1000


@entrypoint(int)
def a_generator(n):
    r = 0
    for x in even_numbers(n):
        r = r * 3 + x
    return r


@entrypoint(int)
def a_squares(n):
    r = 0
    for x in core.squares(n):
        r = r * 3 + x
    return r


@entrypoint(float)
def a_float(x):
    return core.hypot2(x, 2.5)


@entrypoint(str)
def a_lookup(key):
    d = {"a": 1, "b": 2}
    d["c" + key] = 3
    return core.lookup(d, key) * 100 + core.lookup(d, "c" + key)


# ---- opaque

@entrypoint(int)
def a_ticket(n):
    t = core.make_ticket(n)
    u = core.make_ticket(n + 1)
    return core.ticket_number(t) * 1000 + core.ticket_number(u)


# ---- fields and methods

@entrypoint(int)
def a_fields(n):
    w = core.new_int(n)
    w.intval += 5
    v = core.W_Int(n * 2)
    return w.intval * 100 + core.intval_of(v) + v.kind


@entrypoint(int)
def a_methods(n):
    w = core.new_int(n)
    p = core.W_Pair(w, core.W_Int(3))
    r = core.pair(p, w)
    return r.value() * 10 + w.only_here(2) + p.plus(w).value()


@entrypoint(int)
def a_describe(n):
    w = core.new_int(n)
    return w.describe("<") + core.describe(w, "(") + core.W_Root().describe("-")


# ---- exceptions

@entrypoint(int)
def a_catch(n):
    try:
        return core.check(n)
    except core.SubError as e:
        return 10000 + e.code
    except core.AppError as e:
        return 20000 - e.code
    except ValueError:
        return 30000


@entrypoint(int)
def a_catch_base(n):
    try:
        return core.check(n)
    except core.AppError as e:
        if isinstance(e, core.SubError):
            return 5
        return 6
    except Exception:
        return 7


@entrypoint(int)
def a_escape(n):
    return core.check(n)


# ---- subclassing

class MyError(core.AppError):
    def __init__(self, code, extra):
        core.AppError.__init__(self, code)
        self.extra = extra


class W_Counter(core.W_Root):
    kind = 10

    def __init__(self, start):
        self.start = start
        self.calls = 0

    def value(self):
        self.calls += 1
        if self.start < 0:
            raise MyError(self.start, 5)
        if self.start == 77:
            raise core.SubError(77)
        return self.start + self.calls

    def plus(self, other):
        return core.W_Int(self.start + other.value())


class W_Big(core.W_Int):
    def __init__(self, intval, factor):
        core.W_Int.__init__(self, intval)
        self.factor = factor

    def value(self):
        return core.W_Int.value(self) * self.factor


class Same(core.W_Root):
    """Another class of this name is in ext_b."""
    def __init__(self):
        self.x = 1

    def value(self):
        return 111


@entrypoint(int)
def a_override(n):
    w = W_Counter(n)
    return core.value_of(w) * 1000 + core.value_of(core.pair(w, core.new_int(2)))


@entrypoint(int)
def a_guarded(n):
    return core.guarded_value(W_Counter(n))


@entrypoint(int)
def a_inherited(n):
    w = W_Counter(n)
    return core.describe(w, ">") + W_Big(n, 2).describe("=")


@entrypoint(int)
def a_big(n):
    w = W_Big(n, 3)
    if core.is_int(w):
        return core.value_of(w) + core.intval_of(w) + core.twice(w) + core.use_only_here(w, 2)
    return -1


@entrypoint(int)
def a_isinstance(n):
    if n == 0:
        w = core.new_int(n)
    elif n == 1:
        w = W_Counter(n)
    elif n == 2:
        w = W_Big(1, 2)
    elif n == 3:
        w = core.pair(core.W_Root(), core.W_Root())
    else:
        w = Same()
    r = 0
    if isinstance(w, core.W_Int):
        r += 1
    if isinstance(w, W_Counter):
        r += 10
    if isinstance(w, W_Big):
        r += 100
    if isinstance(w, Same):
        r += 1000
    if core.is_int(w):
        r += 10000
    return r


@entrypoint(int)
def a_own_catch(n):
    try:
        return core.value_of(W_Counter(n))
    except MyError as e:
        return e.code * 10 + e.extra
    except core.AppError as e:
        return -e.code


@entrypoint(int)
def a_twice_error(n):
    try:
        return core.twice(Same())
    except core.AppError as e:
        return e.code + n


# ---- shared state

@entrypoint(int)
def a_register(n):
    core.register(W_Counter(n))
    core.register(Same())
    return core.registry.count


@entrypoint()
def a_registry():
    r = core.registry_sum()
    for w in core.registry.items:
        if isinstance(w, Same):
            r += 1000000
    return r


@entrypoint()
def a_zero():
    if core.ZERO.intval == 0 and core.ZERO.value() == 0:
        return core.describe(core.ZERO, "z")
    return "?"
