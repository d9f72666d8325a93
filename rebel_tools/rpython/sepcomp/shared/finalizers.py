"""Finalizer queues across libraries.

A queue is an index into a table of the GC: (deque of dead objects, function to call).  The table cannot grow, so the
core reserves queues whose function is read from `sepcomp_fq_triggers`; an extension takes one at load for each queue
of its own.  `sepcomp_fq_next_dead(index)` serves all queues.
"""

from rpython.flowspace.model import Constant
from rpython.memory.gctransform.support import ll_report_finalizer_error
from rpython.rtyper import rmodel
from rpython.rtyper.lltypesystem import llmemory, lltype
from rpython.rtyper.lltypesystem.rffi import CConstant

RESERVED = 8
TRIGGER = lltype.Ptr(lltype.FuncType([], lltype.Void))
TRIGGERS = lltype.Array(TRIGGER, hints={'nolength': True})
NEXT_DEAD = lltype.FuncType([lltype.Signed], llmemory.Address)

CORE_C = '''
/* the dead objects of one finalizer queue, one at a time; NULL: no more */
EXPORTED void *sepcomp_fq_next_dead(long index)
{
    static void *(*const table[])(void) = { %(functions)s };
    return table[index]();
}

/* a queue for an extension, whose function is `trigger`; -1: none is left */
EXPORTED long sepcomp_add_finalizer_queue(void (*trigger)(void))
{
    static long used = 0;
    if (used >= %(reserved)d)
        return -1;
    %(triggers)s[used] = trigger;
    return used++;
}
'''


TAKE_QUEUE = '''\
    if ((%s = sepcomp_add_finalizer_queue(%s)) < 0) {
        fprintf(stderr, "the core has no finalizer queue left\\n");
        return 0;
    }'''


def do_not_inline_trigger(queue):
    """Keep the trigger a function: the helper that calls it is not transformed for the GC."""
    type(queue).finalizer_trigger.im_func._dont_inline_ = True


class CoreQueues(object):
    """Mixed into the core's GC transformer: the first RESERVED queues are for extensions."""

    def reserve_queues(self):
        self.fq_triggers = lltype.malloc(TRIGGERS, RESERVED, immortal=True, zero=True)
        for i in range(RESERVED):
            self.finalizer_queue_indexes['reserved %d' % i] = i
            self.finalizer_handlers.append(self.reserved_queue(i, self.gcdata.gc.AddressDeque()))

    def get_finalizer_queue_index(self, hop):
        do_not_inline_trigger(hop.spaceop.args[0].value.default)
        return super(CoreQueues, self).get_finalizer_queue_index(hop)

    def reserved_queue(self, i, deque):
        triggers = self.fq_triggers

        def ll_reserved_trigger():
            function = triggers[i]
            if function:
                try:
                    function()
                except Exception as e:
                    ll_report_finalizer_error(e)

        def ll_reserved_next_dead():
            if deque.non_empty():
                return deque.popleft()
            return llmemory.NULL
        trigger = self.annotate_finalizer(ll_reserved_trigger, [], lltype.Void)
        next_dead = self.annotate_finalizer(ll_reserved_next_dead, [], llmemory.Address)
        s_deque = self.translator.annotator.bookkeeper.immutablevalue(deque)
        address = llmemory.cast_ptr_to_adr(self.translator.rtyper.getrepr(s_deque).convert_const(deque))
        return address, trigger, rmodel.inputconst(lltype.typeOf(next_dead), next_dead)


def core_text(db):
    gct = db.gctransformer
    functions = [db.get(handler[2].value) for handler in gct.finalizer_handlers]
    return CORE_C % {'functions': ', '.join('(void *(*)(void))' + name for name in functions), 'reserved': RESERVED,
                     'triggers': db.getcontainernode(gct.fq_triggers._obj).name}


def of_core(gct, paths):
    """{path: index} of the core's own queues that its modules hold."""
    found = {}
    for queue, index in gct.finalizer_queue_indexes.items():
        if id(queue) in paths:
            found[paths[id(queue)][0]] = index
    return found


class ExtensionQueues(object):
    """Mixed into the GC transformer of an extension."""

    def declare_queues(self):
        self.own_queues = []        # [(queue, C name of its index, pointer to its trigger)]
        pointer = self.core.function_pointer('sepcomp_fq_next_dead', NEXT_DEAD, canraise=False, collects=False)
        self.c_fq_next_dead = Constant(pointer, lltype.typeOf(pointer))

    def queue_index(self, hop):
        """The index of a queue as a constant: the core's number, or the C variable that init_module() sets."""
        queue = hop.spaceop.args[0].value.default
        if id(queue) in self.core.paths:
            path = self.core.paths[id(queue)][0]
            return rmodel.inputconst(lltype.Signed, self.core.data['finalizer_queues'][path])
        for known, name, _ in self.own_queues:
            if known is queue:
                break
        else:
            name = 'sepcomp_fq_%d' % len(self.own_queues)
            self.own_queues.append((queue, name, self.trigger_of(queue)))
        return Constant(CConstant(name, lltype.Signed), lltype.Signed)

    def trigger_of(self, queue):
        do_not_inline_trigger(queue)

        def ll_finalizer_trigger():
            try:
                queue.finalizer_trigger()
            except Exception as e:
                ll_report_finalizer_error(e)
        return self.annotate_finalizer(ll_finalizer_trigger, [], lltype.Void)

    def gct_gc_fq_register(self, hop):
        c_index = self.queue_index(hop)
        v_ptr = hop.genop('cast_opaque_ptr', [hop.spaceop.args[1]], resulttype=llmemory.GCREF)
        hop.genop('direct_call', [self.register_finalizer_ptr, self.c_const_gc, c_index, v_ptr])

    def gct_gc_fq_next_dead(self, hop):
        v_adr = hop.genop('direct_call', [self.c_fq_next_dead, self.queue_index(hop)], resulttype=llmemory.Address)
        hop.genop('cast_adr_to_ptr', [v_adr], resultvar=hop.spaceop.result)


def extension_text(db):
    """(declarations, statements of init_module) for the queues of an extension."""
    queues = db.gctransformer.own_queues
    declared = ['long %s;' % name for _, name, _ in queues]
    calls = [TAKE_QUEUE % (name, db.get(trigger)) for _, name, trigger in queues]
    return '\n'.join(declared), '\n'.join(calls)
