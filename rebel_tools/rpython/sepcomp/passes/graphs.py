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


def checking_graph(translator, desc, target, checked):
    """The same with `assert name is not None` for the arguments with these names."""
    args = ', '.join(desc.signature.argnames)
    lines = ['def %s(%s):' % (desc.name, args)] + ['    assert %s is not None' % name for name in checked]
    namespace = {'target': target}
    exec '\n'.join(lines + ['    return target(%s)' % args]) + '\n' in namespace
    graph = translator.buildflowgraph(namespace[desc.name])
    graph.signature, graph.defaults = desc.signature, desc.defaults or ()
    return graph
