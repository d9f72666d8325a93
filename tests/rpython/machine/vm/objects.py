# ruff: noqa
"""Objects of the language."""


class AbstractObject(object):
    _immutable_fields_ = []
    holder = None  # an attribute that leads to a subclass

    @staticmethod
    def is_invokable():
        return False

    def equals(self, other):
        return self is other

    def get_class(self, universe):
        raise NotImplementedError

    def send(self, name, args, universe):
        invokable = self.get_class(universe).lookup(name)
        if invokable is None:
            raise Unknown(name)
        return invokable.invoke(self, args)

    def evaluation(self, number):
        return None


class Unknown(Exception):
    def __init__(self, msg):
        self.msg = msg


class Integer(AbstractObject):
    _immutable_fields_ = ["value"]

    def __init__(self, value):
        self.value = value

    def get_class(self, universe):
        return universe.integer_class

    def as_int(self):  # only here: called through AbstractObject
        return self.value


class Text(AbstractObject):
    def __init__(self, text):
        self.text = text

    def equals(self, other):
        return isinstance(other, self.__class__) and self.text == other.text

    def get_class(self, universe):
        return universe.text_class


class Class(AbstractObject):
    _immutable_fields_ = ["name", "invokables"]

    def __init__(self, name):
        self.name = name
        self.invokables = {}

    def lookup(self, name):
        return self.invokables.get(name, None)

    def get_class(self, universe):
        return self

    def install(self, name, invokable):
        self.invokables[name] = invokable
        invokable.holder = self


class Block(AbstractObject):
    class Evaluation(object):
        """Nested, and in the signature of a method that extensions override."""

        def __init__(self, number):
            self.number = number

        def run(self):
            return self.number * 2

    def get_class(self, universe):
        return universe.text_class

    def evaluation(self, number):
        return Block.Evaluation(number)
