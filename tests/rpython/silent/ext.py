# ruff: noqa
import core
from core import Outer, Other, Strategy, TypeDef, W_Item, W_Root
from sepcomp import entrypoint

HELD = {'k': TypeDef('held')}


class W_X(W_Root):
    typedef = TypeDef('x')


class W_Y(W_X):
    typedef = TypeDef('y', W_X.typedef)
    strategy = Strategy(7)


class W_Z(W_Item):
    strategy = Strategy(50)

    def scaled(self, n, factor=3, offset=1):
        return W_Item.scaled(self, n, offset=offset) - factor


class W_Held(W_Root):
    typedef = HELD['k']

    def scaled(self, n, factor=3, offset=1):
        return offset - n * factor


def make_class(name, n):
    class W_Made(W_Root):
        typedef = TypeDef(name)
        strategy = Strategy(n)
    return W_Made


One, Two = make_class('one', 100), make_class('two', 200)


class Namespace(object):
    class Outer(object):
        class Inner(Outer.Inner):
            def who(self):
                return 'extended inner'


class Inner(Other.Inner):
    def who(self):
        return 'extended other'


def local():
    class Inner(core.First):
        pass
    return Inner


LocalInner = local()


class Third(core.Second):
    def who(self):
        return 'third ' + core.Second.who(self)


def make(n):
    if n == 0:
        return W_X()
    if n == 1:
        return W_Y()
    if n == 2:
        return W_Z()
    if n == 3:
        return W_Held()
    if n == 4:
        return One()
    if n == 5:
        return Two()
    return W_Item()


@entrypoint(int, int)
def e_describe(a, b):
    return core.describe(make(a), make(b), a + b)


@entrypoint(int)
def e_about(n):
    return make(n).about(n)


@entrypoint(int)
def e_scale(n):
    return core.scale(make(n), n) + make(n).scaled(n, offset=n) * 7


def digits(numbers):
    r = 0
    for n in numbers:
        r = (r * 7 + n) % 1000003
    return r


@entrypoint(int)
def e_state(n):
    core.change(n)
    core.LIST.append(n + 1)
    core.DICT['m%d' % n] = n
    W_Root.names.append('z')
    core.change(2)
    text = ''.join(W_Root.names)
    return '%d %d %d %s %s' % (digits(core.LIST), core.DICT['count'], len(core.DICT), core.WORDS[n % 2], text)


@entrypoint(int)
def e_held(n):
    """What rpython would compute when it translates, for the names and keys are constant."""
    core.change(n)
    core.DICT['new'] = n
    r = len(core.LIST) * 1000 + core.LIST[-1] * 100 + int('new' in core.DICT) * 10 + core.DICT.get('new', -7)
    return r + (core.LIST + [1])[-2] + int(bool(core.DICT)) + core.DICT['new']


@entrypoint(int)
def e_who(n):
    if n:
        return core.who(Namespace.Outer.Inner(), Inner(), LocalInner(), Third())
    return core.who(Outer.Inner(), Other.Inner(), core.First(), Third())
