# ruff: noqa
"""Nodes of the syntax tree; classes of one name from a factory."""

from vm.objects import Integer


class Node(object):
    def execute(self, universe):
        raise NotImplementedError


class Literal(Node):
    def __init__(self, value):
        self.value = value

    def execute(self, universe):
        return self.value


def make_send(count):
    class Send(Node):
        def __init__(self, name, receiver, arg):
            self.name = name
            self.receiver = receiver
            self.arg = arg

        def execute(self, universe):
            receiver = self.receiver.execute(universe)
            args = [self.arg.execute(universe)] if count else []
            return receiver.send(self.name, args, universe)

    return Send


UnarySend = make_send(0)
BinarySend = make_send(1)


def parse(words):
    """`3 double + 4`, as nodes."""
    node = Literal(Integer(int(words[0])))
    i = 1
    while i < len(words):
        if words[i].isdigit():
            raise ValueError
        if i + 1 < len(words) and words[i + 1].isdigit():
            node = BinarySend(words[i], node, Literal(Integer(int(words[i + 1]))))
            i += 2
        else:
            node = UnarySend(words[i], node, node)
            i += 1
    return node
