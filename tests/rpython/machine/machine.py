# ruff: noqa
"""The machine as a core: marks what is exported."""

import os
from importlib import import_module

from rpython.rlib.debug import make_sure_not_resized
from rpython.rlib.unroll import unrolling_iterable
from sepcomp import entrypoint, export, export_class, export_package
from vm.nodes import parse
from vm.objects import AbstractObject, Block, Class, Text, Unknown
from vm.space import W_None, W_Root, space

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = sorted(name[:-3] for name in os.listdir(os.path.join(HERE, "prims")) if name.endswith(".py") and name[0] != "_")
INSTALLERS = unrolling_iterable([import_module("prims." + name).install for name in NAMES])

export_package("vm")


class Universe(object):
    def __init__(self):
        self.integer_class = Class("Integer")
        self.text_class = Class("Text")


class State(object):
    universe = None


STATE = State()


@export()
def current():
    if STATE.universe is None:
        STATE.universe = Universe()
        for install in INSTALLERS:
            install(STATE.universe)
    return STATE.universe


@export()
def integer_class():
    return current().integer_class


@export(str)
def run(source):
    result = parse(source.split(" ")).execute(current())
    if isinstance(result, Text):
        return result.text
    return str(result.as_int())


@export(AbstractObject, int)
def evaluate(block, number):
    evaluation = block.evaluation(number)
    return -1 if evaluation is None else evaluation.run()


@export(AbstractObject, AbstractObject)
def alike(a, b):
    return a.equals(b) or a.is_invokable() and b.is_invokable()


@export_class
class Name(object):
    """Made of one-character constants only."""

    def __init__(self, s):
        self.s = s


@export(W_Root)
def about(w):
    return w.type_name() + " %d" % w.class_number()


@export(str)
def words(text):
    return space.join([space.newtext(word) for word in text.split(".")])


@export([int])
def total(numbers):
    make_sure_not_resized(numbers)
    return sum_of(numbers)


def sum_of(numbers):
    r = 0
    for n in numbers:
        r += n
    return r


@export(int)
def make(n):
    if n == 0:
        return space.w_None
    return space.newtext("n")


@entrypoint(str)
def m_run(source):
    return run(source)


@entrypoint(int)
def m_rest(n):
    block = Block() if n > 3 else Text("x")
    w = make(n)
    if alike(block, Text("x")) or not alike(integer_class().lookup("+"), integer_class().lookup("text")):
        n += 1
    return evaluate(block, n) + len(Name(",").s + Name(";").s) + len(about(w)) + space.is_none(w)
