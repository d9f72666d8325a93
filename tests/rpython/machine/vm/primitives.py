# ruff: noqa
"""Primitives: functions as values."""

from vm.objects import AbstractObject


class Primitive(AbstractObject):
    _immutable_fields_ = ["name", "fn"]

    @staticmethod
    def is_invokable():
        return True

    def __init__(self, name, universe):
        self.name = name
        self.universe = universe

    def get_class(self, universe):
        return universe.text_class


class Unary(Primitive):
    def __init__(self, name, universe, fn):
        Primitive.__init__(self, name, universe)
        self.fn = fn

    def invoke(self, receiver, args):
        fn = self.fn
        return fn(receiver, self.universe)


class Binary(Primitive):
    _immutable_fields_ = ["fn", "name"]  # an inherited field once more

    def __init__(self, name, universe, fn):
        Primitive.__init__(self, name, universe)
        self.fn = fn

    def invoke(self, receiver, args):
        fn = self.fn
        return fn(receiver, args[0], self.universe)
