"""Graphs that sepcomp writes itself."""

from rpython.flowspace.model import Block, Constant, FunctionGraph, Link, Variable
from rpython.flowspace.operation import op


def call_graph(desc, target):
    """A graph `def name(*args): return target(*args)`."""
    args = [Variable(name) for name in desc.signature.argnames]
    block = Block(args)
    call = op.simple_call(Constant(target), *args)
    block.operations.append(call)
    graph = FunctionGraph(desc.name, block)
    block.closeblock(Link([call.result], graph.returnblock))
    graph.signature = desc.signature
    graph.defaults = desc.defaults or ()
    if desc.pyobj is not None:
        graph.func = desc.pyobj
    return graph
