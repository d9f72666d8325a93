"""What tells a tracer where loops are, and how it works, is read when the core is translated.

In an extension of a core with a JIT, such a mark would have no effect; it is refused.
"""

from sepcomp.command.errors import SepcompError
from sepcomp.jit import promises
from sepcomp.sources import program

SETTINGS = 'rpython.rlib.jit'       # the module of set_param() and the like


def check(graphs):
    """Raises SepcompError for the first mark that the program has; those of rpython's library are left alone.

    graphs: those of an extension, rtyped.
    """
    for graph in sorted(graphs, key=lambda graph: graph.name):
        if is_of_program(graph):
            for _, op in graph.iterblockops():
                mark = mark_of(op)
                if mark:
                    raise SepcompError('%s: %s() uses %s, which has no effect in an extension: the JIT is part of the '
                                       'core, and takes its loops and settings from there' % (
                                           program.place_of(graph.func), graph.func.__name__, mark))


def is_of_program(graph):
    return not getattr(getattr(graph, 'func', None), '__module__', 'rpython').startswith('rpython')


def mark_of(op):
    """The name of such a mark, '' for any other operation."""
    if op.opname == 'jit_marker':
        return op.args[0].value
    for graph in promises.callees(op) if op.opname == 'direct_call' else ():
        func = getattr(graph, 'func', None)
        if getattr(func, '__module__', None) == SETTINGS and any(
                op.opname == 'jit_marker' for _, op in graph.iterblockops()):
            return func.__name__
    return ''
