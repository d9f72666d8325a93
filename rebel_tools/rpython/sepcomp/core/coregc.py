"""The GC of a core: rpython's own transformer, with room in the group of type ids and all helpers kept."""

from rpython.memory.gctransform.shadowstack import ShadowStackFrameworkGCTransformer
from rpython.rtyper.lltypesystem import llgroup
from rpython.translator.c import node
from rpython.translator.c.gc import ShadowStackFrameworkGcPolicy

from sepcomp.interfaces import lltexts, names
from sepcomp.shared import finalizers, gcnames


class CoreGCTransformer(finalizers.CoreQueues, ShadowStackFrameworkGCTransformer):

    def __init__(self, translator):
        ShadowStackFrameworkGCTransformer.__init__(self, translator)
        self.reserve_queues()
        if translator.config.translation.thread:
            for name in gcnames.OF_THREADS:
                setattr(self, name, getattr(self.root_walker, name))


class CoreGcPolicy(ShadowStackFrameworkGcPolicy):

    def gettransformer(self, translator, gchooks=None):
        return CoreGCTransformer(translator)


class ReservingGroupNode(node.GroupNode):
    """The group of type ids, with `reserve` bytes at its end into which extensions copy theirs."""
    reserve = 0

    def forward_declaration(self):
        for line in node.GroupNode.forward_declaration(self):
            if line.startswith('RPY_EXTERN struct'):
                room = '\n\tchar sepcomp_reserve[%d] __attribute__((aligned(8)));\n} ' % self.reserve
                line = line.replace('\n} ', room)
            yield line

    def basename(self):
        return 'sepcomp_' + self.obj.name


def install(reserve):
    ReservingGroupNode.reserve = reserve
    node.ContainerNodeFactory[llgroup.GroupType] = ReservingGroupNode


def export(db):
    """Ask the database for the GC and all its helpers under their exported names; returns {helper: symbol}."""
    gct = db.gctransformer
    db.export(gct.c_const_gc.value, names.GC)
    db.export(gct.c_const_gcdata.value, names.GCDATA)
    db.exported[gct.c_type_info_group.value._obj] = names.TYPE_GROUP
    db.get(gct.c_type_info_group.value)
    db.getcontainernode(gct.fq_triggers._obj)
    helpers = {}
    for name in gcnames.helpers():
        pointer = getattr(gct, name, None)
        if pointer is not None:
            helpers[name] = names.gc_helper(name)
            db.export(pointer.value, helpers[name])
    return helpers


def destructors(db):
    """{text of a type: 'light' or 'old'} of the classes with __del__: allocation in an extension must agree."""
    found = {}
    for T, functions in db.gctransformer.layoutbuilder._special_funcptrs.items():
        if 'destructor' in functions:
            found[lltexts.text(T)] = 'light'
        elif 'old_style_finalizer' in functions:
            found[lltexts.text(T)] = 'old'
    return found
