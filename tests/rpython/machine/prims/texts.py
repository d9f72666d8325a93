# ruff: noqa
from vm.objects import Text
from vm.primitives import Binary, Unary


def text(receiver, universe):
    return Text(str(receiver.as_int()))


def times(receiver, arg, universe):
    return Text(str(receiver.as_int()) * arg.as_int())


def install(universe):
    universe.integer_class.install("text", Unary("text", universe, text))
    universe.integer_class.install("times", Binary("times", universe, times))
