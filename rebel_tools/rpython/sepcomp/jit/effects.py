"""Whether a function has effects: writes to anything but objects that it has created itself.

The summary of a graph says which arguments it writes to, whether it has any other visible effect, and where its result
comes from.  Creating, initialising and returning an object is not an effect, also if `__init__` is a separate function.
Any operation that is not known to be harmless is an effect.
"""

from rpython.flowspace.model import Constant, SpaceOperation, Variable
from rpython.rtyper.lltypesystem import lltype
from rpython.rtyper.lltypesystem.lloperation import LL_OPERATIONS

FRESH, OTHER = 'fresh', 'other'     # where a value comes from, besides the numbers of arguments
MALLOCS = ('malloc', 'malloc_varsize')
WRITES = ('setfield', 'setarrayitem', 'setinteriorfield', 'gc_store_indexed', 'bare_setfield', 'bare_setarrayitem',
          'bare_setinteriorfield')
CALLS = ('direct_call', 'indirect_call')
SAME = ('cast_pointer', 'same_as', 'cast_opaque_ptr', 'hint', 'getsubstruct', 'getarraysubstruct')
# fields of rpython's own containers whose value belongs to the container alone
OWNED = {'list': ('items',), 'dicttable': ('entries', 'indexes'), 'stringbuilder': ('current_buf',),
         'unicodebuilder': ('current_buf',)}
# LL_OPERATIONS marks these as having effects, but only on the collector or on debugging output
HARMLESS = CALLS + (
    'debug_assert', 'debug_assert_not_none', 'debug_catch_exception', 'debug_fatalerror', 'debug_nonnull_pointer',
    'debug_offset', 'debug_record_traceback', 'debug_print', 'debug_reraise_traceback', 'debug_start_traceback',
    'debug_start', 'debug_stop', 'have_debug_prints', 'have_debug_prints_for', 'gc_writebarrier',
    'int_add_nonneg_ovf', 'int_add_ovf', 'int_mul_ovf', 'int_sub_ovf', 'keepalive', 'jit_record_exact_class',
    'jit_is_virtual', 'getslice',
    'jit_force_quasi_immutable')     # the write to the field that follows is counted
# rpython's functions that only fill a cache, or reserve a place that another function then takes
CACHES = ('ll_strhash', 'll_ensure_indexes', 'll_call_lookup_function')
COPIES_INTO = {'ll_arraycopy': 1, 'll_arraymove': 0, 'll_arrayclear': 0, 'copy_string_contents': 1,
               'copy_unicode_contents': 1}     # the number of the argument that rpython's function writes to


class Summary(object):
    """The effects of one graph.

    writes: {number of an argument that is written to: a text for messages}; effect: a text for any other effect, '' for
    none; result: where the result comes from.
    """

    def __init__(self, writes=None, result=frozenset()):
        self.writes = writes or {}
        self.effect = ''
        self.result = frozenset(result)

    def state(self):
        return frozenset(self.writes), bool(self.effect), self.result

    def plain(self):
        """[numbers of the arguments that are written, where the result comes from], for a summary without effect."""
        return [sorted(self.writes), sorted(self.result)]


def restore(plain, text):
    """The summary from the plain data of Summary.plain(); text: describes the writes to arguments in messages."""
    writes, result = plain
    return Summary(dict((number, text) for number in writes), result)


class Effects(object):

    def __init__(self, judge):
        """judge(op): for a call, a text that describes its effect, '' for none, a Summary, or [graphs] of the callees.
        """
        self.judge = judge
        self.known = {}     # {graph: Summary}

    def of(self, graph):
        """A text that describes a visible effect of the graph; '' if it has none."""
        summary = self.summary(graph)
        return summary.effect or ''.join(text for _, text in sorted(summary.writes.items())[:1])

    def summary(self, graph):
        """The Summary of a graph."""
        todo = self.reachable(graph)
        for found in todo:
            self.known[found] = Summary()
        changed = True
        while changed:
            changed = False
            for found in todo:
                before = self.known[found].state()
                self.summarise(found)
                changed |= before != self.known[found].state()
        return self.known[graph]

    def reachable(self, graph):
        """The graphs without a summary that this one calls, directly or indirectly, and itself; callees first."""
        found, seen, todo = [], set([graph]), [graph] if graph not in self.known else []
        while todo:
            found.append(todo.pop())
            for _, op in found[-1].iterblockops():
                verdict = self.verdict(as_call(op))
                for callee in verdict if isinstance(verdict, list) else ():
                    if callee not in seen and callee not in self.known:
                        seen.add(callee)
                        todo.append(callee)
        return found[::-1]

    def verdict(self, op):
        return self.judge(op) if op.opname in CALLS else ''

    def summarise(self, graph):
        summary = self.known[graph]
        name = graph.name.partition('__')[0]
        if is_of_rpython(graph) and (name in COPIES_INTO or name in CACHES):
            summary.result = frozenset([OTHER])
            if name in COPIES_INTO:
                summary.writes[COPIES_INTO[name]] = 'changes a list or a string'
            return
        flow = Flow(graph, self)
        for _, op in graph.iterblockops():
            self.add(summary, flow, as_call(op))
        summary.result |= flow.origins(graph.getreturnvar())

    def add(self, summary, flow, op):
        if op.opname == 'jit_force_virtualizable':
            self.write(summary, flow.origins(op.args[0]), 'comes near a field of a virtualizable')
            return
        if op.opname in WRITES:
            if op.args[-1].concretetype is not lltype.Void:
                self.write(summary, flow.origins(op.args[0]), what_is_written(op))
            return
        verdict = self.verdict(op)
        if not isinstance(verdict, str):
            for callee in self.callees(verdict):
                self.add_callee(summary, flow, op, callee)
        elif verdict or not is_harmless(op):
            summary.effect = summary.effect or verdict or 'does %s' % op.opname

    def callees(self, verdict):
        """The summaries of what is called."""
        return [self.known[graph] for graph in verdict] if isinstance(verdict, list) else [verdict]

    def add_callee(self, summary, flow, op, callee):
        summary.effect = summary.effect or callee.effect
        for number, text in sorted(callee.writes.items()):
            self.write(summary, flow.origins(op.args[1 + number]), text)

    def write(self, summary, origins, text):
        for origin in origins:
            if origin is OTHER:
                summary.effect = summary.effect or text
            elif origin is not FRESH:
                summary.writes.setdefault(origin, text)


class Flow(object):
    """Where the values of a graph come from: FRESH, OTHER, or the number of an argument."""

    def __init__(self, graph, effects):
        self.effects = effects
        self.graph = graph
        self.found = dict((v, frozenset([i])) for i, v in enumerate(graph.getargs()))
        changed = True
        while changed:
            changed = False
            for block in graph.iterblocks():
                for op in block.operations:
                    changed |= self.put(op.result, self.of_operation(op))
                for link in block.exits:
                    for source, target in zip(link.args, link.target.inputargs):
                        origins = self.origins(source)
                        is_exception = source in (link.last_exception, link.last_exc_value)
                        changed |= self.put(target, frozenset([OTHER]) if is_exception else origins)

    def put(self, v, origins):
        before = self.found.get(v, frozenset())
        self.found[v] = before | origins
        return self.found[v] != before

    def origins(self, v):
        if isinstance(v, Variable):
            return self.found.get(v, frozenset())
        return frozenset() if is_null(v) else frozenset([OTHER])

    def of_operation(self, op):
        if op.opname in MALLOCS:
            return frozenset([FRESH])
        if op.opname in SAME:
            return self.origins(op.args[0])
        if op.opname == 'getfield' and is_owned(op):
            return self.origins(op.args[0])
        if op.opname == 'getfield' and op.args[0].concretetype in self.own_tuples():
            return self.stored(op)
        verdict = self.effects.verdict(op)
        if isinstance(verdict, str):
            return frozenset([OTHER])
        return frozenset().union(*[self.of_callee(op, callee) for callee in self.effects.callees(verdict)])

    def own_tuples(self):
        """The types of tuples that the graph makes and does not receive: those of the arguments of a call `*args`."""
        if not hasattr(self, 'tuples'):
            operations = [op for _, op in self.graph.iterblockops()]
            made = set(op.result.concretetype for op in operations if op.opname == 'malloc' and is_tuple(op.result))
            received = set(op.result.concretetype for op in operations if op.opname not in SAME + ('malloc',))
            self.tuples = made - received - set(v.concretetype for v in self.graph.getargs())
        return self.tuples

    def stored(self, read):
        """The origins of what the graph stores in the field that this operation reads."""
        found = [self.origins(op.args[2]) for _, op in self.graph.iterblockops() if op.opname == 'setfield'
                 and op.args[0].concretetype == read.args[0].concretetype and op.args[1] == read.args[1]]
        return frozenset().union(*found)

    def of_callee(self, op, callee):
        found = [self.origins(op.args[1 + origin]) if origin not in (FRESH, OTHER) else frozenset([origin])
                 for origin in callee.result]
        return frozenset().union(*found)


def as_call(op):
    """For a conditional call, the call as an operation of its own; any other operation unchanged."""
    if op.opname in ('jit_conditional_call', 'jit_conditional_call_value'):
        return SpaceOperation('direct_call', op.args[1:], op.result)
    return op


def is_null(v):
    return isinstance(v, Constant) and isinstance(v.concretetype, lltype.Ptr) and not v.value


def is_tuple(v):
    T = v.concretetype
    return isinstance(T, lltype.Ptr) and getattr(T.TO, '_name', '').startswith('tuple')


def is_owned(op):
    T = op.args[0].concretetype
    return isinstance(T, lltype.Ptr) and op.args[1].value in OWNED.get(getattr(T.TO, '_name', ''), ())


def is_of_rpython(graph):
    return (getattr(getattr(graph, 'func', None), '__module__', None) or '').startswith('rpython.')


def is_harmless(op):
    if op.opname in MALLOCS + SAME + HARMLESS:
        return True
    known = LL_OPERATIONS.get(op.opname)
    return known is not None and not known.sideeffects


def what_is_written(op):
    """'writes the attribute x of m.A', and the like."""
    T = op.args[0].concretetype.TO
    name = op.args[1].value if isinstance(op.args[1], Constant) else ''
    if isinstance(name, str) and name.startswith('inst_'):
        return 'writes the attribute %s of %s' % (name[len('inst_'):], T._name)
    kind = {'list': 'a list', 'dicttable': 'a dict'}.get(getattr(T, '_name', ''), 'a list, dict or string')
    return 'changes %s' % kind
