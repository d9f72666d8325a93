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


def take_only_exits(graph):
    """Let blocks with one exit take it without a condition.

    rpython leaves the condition where the other exit was an assertion, at the end of the choices of a generator; what
    folds constants stumbles over it if the condition is found to be false.
    """
    for block in graph.iterblocks():
        if len(block.exits) == 1 and block.exitswitch is not None and not block.canraise:
            block.exitswitch = None
            block.exits[0].exitcase = block.exits[0].llexitcase = None
