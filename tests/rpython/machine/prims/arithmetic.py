# ruff: noqa
from vm.objects import Integer
from vm.primitives import Binary, Unary


def double(receiver, universe):
    return Integer(receiver.as_int() * 2)


def plus(receiver, arg, universe):
    return Integer(receiver.as_int() + arg.as_int())


def install(universe):
    universe.integer_class.install("double", Unary("double", universe, double))
    universe.integer_class.install("+", Binary("+", universe, plus))
