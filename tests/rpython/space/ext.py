# ruff: noqa
"""A mixed module in the style of PyPy: an object type, functions, a cache, errors with formats."""
from core import (MixedModule, OperationError, TypeDef, W_Int, W_Root, W_Text, interp2app, oefmt, run, space,
                  unwrap_spec)
import core
from sepcomp import entrypoint, initializer


class W_Counter(W_Root):
    def __init__(self, start):
        self.count = start

    def descr_step(self, space, w_by):
        by = space.int_w(w_by)
        if by < 0:
            raise oefmt(space.w_ValueError, 'cannot step %s from %s', by, self.count)
        self.count += by
        return space.wrap(self.count)

    def text(self):
        return 'counter %d' % self.count


class State(object):
    def __init__(self, space):
        self.made = 0


def descr_step(space, w_self, w_by):
    w_counter = space.interp_w(w_self, W_Counter)
    return w_counter.descr_step(space, w_by)


def descr_new(space, w_type, w_start):
    w_obj = space.allocate_instance(W_Counter, w_type)
    w_obj.__init__(space.int_w(w_start))
    space.fromcache(State).made += 1
    return w_obj


W_Counter.typedef = TypeDef('counter', W_Root.typedef)


@unwrap_spec(int, str)
def repeat(space, n, s):
    if n > 5:
        raise oefmt(space.w_ValueError, 'too many')
    return space.wrap(s * n)


def made(space, w_ignored):
    return space.wrap(space.fromcache(State).made)


def step_all(space, w_n):
    w_counter = descr_new(space, space.gettypeobject(W_Counter.typedef), w_n)
    total = 0
    for i in range(3):
        total += space.int_w(w_counter.descr_step(space, space.wrap(i)))
    try:
        w_counter.descr_step(space, space.wrap(-1))
    except OperationError as e:
        return space.wrap('%d %s' % (total, e.errorstr(space)))
    return space.wrap(0)


def kind(space, w_x):
    return space.wrap(space.type(W_Counter(1)).name + ' ' + space.type(w_x).name + W_Root.text(W_Counter(3)))


class Module(MixedModule):
    interpleveldefs = {'repeat': repeat, 'made': made, 'step_all': step_all, 'kind': kind}


build = Module.install('counting')


@initializer
def setup():
    build()


@entrypoint(str, int, str)
def e_run(name, n, s):
    return run('counting', name, n, s)


@entrypoint(int)
def e_calls(n):
    w = space.call_function(core.interp2app_add, space.wrap(n), space.wrap(2)) if n > 100 else space.wrap(n)
    try:
        space.interp_w(w, W_Text)
    except OperationError as e:
        return len(e.errorstr(space)) + space.int_w(w)
    return 0
