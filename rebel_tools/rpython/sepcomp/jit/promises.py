"""The slots that a core calls inside of elidable functions: overrides of them in extensions must have no effects.

The interface marks these slots.  It also says of each exported function whose only effects are writes to its arguments
which ones it writes to, so that such overrides may call it.
"""

from sepcomp.command.errors import SepcompError
from sepcomp.core import functions
from sepcomp.jit import effects
from sepcomp.shared import openness
from sepcomp.sources import program

MARKS = ('_elidable_function_', '_jit_loop_invariant_')


def is_promising(func):
    """Whether a function is marked so that a trace may leave out calls of it."""
    return any(getattr(func, mark, False) for mark in MARKS)


def promising_graph(op):
    """The graph of a function that is called directly and marked as elidable or loop-invariant, else None."""
    if op.opname != 'direct_call':
        return None
    funcobj = op.args[0].value._obj
    return getattr(funcobj, 'graph', None) if is_promising(getattr(funcobj, '_callable', None)) else None


def open_calls(graphs):
    """The open calls in these graphs and in all that they call, as far as that is known."""
    found, todo, seen = [], list(graphs), set(graphs)
    while todo:
        for _, op in todo.pop().iterblockops():
            if openness.is_open_call(op):
                found.append(op)
            for graph in callees(op):
                if graph not in seen:
                    seen.add(graph)
                    todo.append(graph)
    return found


def callees(op):
    """The graphs that an operation is known to call."""
    op = effects.as_call(op)
    if op.opname == 'direct_call':
        graph = getattr(op.args[0].value._obj, 'graph', None)
        return [graph] if graph is not None else []
    if op.opname == 'indirect_call':
        return op.args[-1].graphs() if openness.is_open_call(op) else op.args[-1].value or []
    return []


def promised_families(graphs, names):
    """{CallFamily: name of an elidable function} of the families that elidable functions call.

    graphs: all graphs of the core. names: {function: its path}.  Raises SepcompError where a family is open because
    extensions give functions as values: nothing holds these to a promise.
    """
    found = {}
    promising = [graph for graph in graphs if is_promising(getattr(graph, 'func', None))]
    for name, graph in sorted(((name_of(graph.func, names), graph) for graph in promising), key=lambda row: row[0]):
        for op in open_calls([graph]):
            family = op.args[-1].family
            if any(desc in functions.opened for desc in family.descs):
                raise SepcompError('%s: %s is elidable, and calls functions that extensions can give it as values: '
                                   'nobody could hold them to have no effects' % (program.place_of(graph.func), name))
            found.setdefault(family, name)
    return found


def name_of(func, names):
    """The path of a function of the core; several without one, say closures, may have the same name."""
    return names.get(func) or '%s.%s' % (func.__module__, func.__name__)


def state(core):
    """Write the promises into the interface of a core that is rtyped. core: CoreTranslation."""
    families = promised_families(core.translator.graphs, core.exports.names)
    if not families:
        return
    for classdef in core.exports.bookkeeper.classdefs:
        for name, slot in core.classes.get(classdef.name, {'slots': {}})['slots'].items():
            family = getattr(classdef.repr.clsfields[name][1], 'callfamily', None)
            if family in families:
                slot['elidable'] = families[family]
    found = effects.Effects(Judge(families))
    for func in core.exports.promised():
        name = core.exports.names[func]
        if name in core.functions:
            [graph] = core.exports.funcdesc(func).getgraphs()
            summary = effects.Summary(result=[effects.OTHER]) if graph in found.judge.trusted else found.summary(graph)
            if not summary.effect:
                core.functions[name]['effects'] = summary.plain()


class Judge(object):
    """The effects of calls in a core, see effects.Effects."""

    def __init__(self, families):
        self.families = families
        # an elidable function is trusted with regard to what it calls in the core
        self.trusted = set(graph for family in families for table in family.calltables.values() for row in table
                           for graph in row.values())

    def __call__(self, op):
        if openness.is_open_call(op):
            return '' if op.args[-1].family in self.families else 'calls a method that extensions can override'
        if op.opname == 'direct_call':
            return of_direct_call(op) if not set(callees(op)) & self.trusted else ''
        return callees(op) or 'calls a function that is not known'


def of_direct_call(op):
    """The same for a call of one function: of a graph, of an elidable function, or of C."""
    funcobj = op.args[0].value._obj
    if is_promising(getattr(funcobj, '_callable', None)):
        return ''
    return callees(op) or 'calls the C function %s' % funcobj._name
