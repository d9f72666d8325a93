"""The GC transformer of an extension, which has no GC of its own: it calls the core's, with inlined fast paths.

The GC object and its data are symbols of the core; fields are accessed by offsets that were measured in the core.
Types that the core has get the core's type ids.  The other types of the extension form a group, which init_module()
copies into the reserve of the core: their ids are offsets in that group plus a base that is set at load time.
"""

import re
import sys

from rpython.flowspace.model import Constant
from rpython.memory import gctypelayout
from rpython.memory.gc.base import choose_gc_from_config
from rpython.memory.gctransform import framework, shadowstack
from rpython.memory.gctransform.transform import GCTransformer
from rpython.rtyper import rmodel
from rpython.rtyper.annlowlevel import MixLevelHelperAnnotator
from rpython.rtyper.llannotation import lltype_to_annotation
from rpython.rtyper.lltypesystem import llgroup, llmemory, lltype
from rpython.rtyper.lltypesystem.lloperation import llop
from rpython.rtyper.lltypesystem.rffi import CConstant
from rpython.translator.backendopt.collectanalyze import CollectAnalyzer
from rpython.translator.c import primitive
from rpython.translator.c.gc import ShadowStackFrameworkGcPolicy

from sepcomp.interfaces import lltexts, names
from sepcomp.shared import entries, finalizers, gcnames
from sepcomp.sources import program
from sepcomp.command.errors import SepcompError

TID_BASE = 'sepcomp_tid_base'
HELPER = re.compile(r"has no attribute '(\w+)_ptr'")   # of the GC's transformer, for a function of rgc
# helpers that rpython looks up with hasattr(); for the others, None means that the GC does not have them
HAS_OR_HAS_NOT = ['wb_before_move_ptr', 'pin_ptr', 'unpin_ptr', '_is_pinned_ptr', 'raw_malloc_memory_pressure_ptr',
                  'raw_malloc_memory_pressure_varsize_ptr']


def symbol_constant(name):
    return Constant(CConstant('((void *)&%s)' % name, llmemory.Address), llmemory.Address)


class LayoutBuilder(framework.TransformerLayoutBuilder):
    """Gives types of the core their ids.  They are members of a group that is never written out."""

    def __init__(self, translator, GCClass, core):
        self.core = core
        self.core_group = llgroup.group('core_types')
        framework.TransformerLayoutBuilder.__init__(self, translator, GCClass)

    def get_type_id(self, TYPE):
        if TYPE not in self.id_of_type:
            number = self.core.data['types'].get(lltexts.text(TYPE))
            if number is not None:
                self.id_of_type[TYPE] = self.core_type_id(TYPE, number)
        return framework.TransformerLayoutBuilder.get_type_id(self, TYPE)

    def core_type_id(self, TYPE, number):
        GCData = gctypelayout.GCData
        T = GCData.VARSIZE_TYPE_INFO if TYPE._is_varsize() else GCData.TYPE_INFO
        fullinfo = lltype.malloc(T, immortal=True, zero=True)
        type_id = self.core_group.add_member(fullinfo)
        type_id.sepcomp_number = number
        gctypelayout.encode_type_shape(self, fullinfo.header if TYPE._is_varsize() else fullinfo, TYPE, type_id.index)
        return type_id

    def get_info(self, type_id):
        return llop.get_group_member(gctypelayout.GCData.TYPE_INFO_PTR, type_id.grpptr, type_id)

    def get_info_varsize(self, type_id):
        return llop.get_group_member(gctypelayout.GCData.VARSIZE_TYPE_INFO_PTR, type_id.grpptr, type_id)

    def is_own(self, TYPE):
        return not hasattr(self.id_of_type[TYPE], 'sepcomp_number')

    def make_destructor_funcptr_for_type(self, TYPE):
        fptr, light = framework.TransformerLayoutBuilder.make_destructor_funcptr_for_type(self, TYPE)
        known = self.core.data['destructors'].get(lltexts.text(TYPE))
        return fptr, light if known is None else known == 'light'


def name_small_integer(original):
    def name(value, db):
        if not isinstance(value, llgroup.GroupMemberOffset):
            return original(value, db)
        if hasattr(value, 'sepcomp_number'):
            return '%d' % value.sepcomp_number
        if db.in_initializer:       # init_module() adds the base
            return original(value, db)
        return '(%s + %s)' % (TID_BASE, original(value, db))
    return name


def install():
    original = primitive.name_small_integer
    primitive.name_small_integer = name_small_integer(original)
    for T, function in primitive.PrimitiveName.items():
        if function is original:
            primitive.PrimitiveName[T] = primitive.name_small_integer


class ExtensionGCTransformer(finalizers.ExtensionQueues, shadowstack.ShadowStackFrameworkGCTransformer):
    core = None         # set by the policy

    def __init__(self, translator):
        GCTransformer.__init__(self, translator, inline=True)
        GCClass, params = choose_gc_from_config(translator.config)
        self.GCClass = GCClass
        self.layoutbuilder = LayoutBuilder(translator, GCClass, self.core)
        self.layoutbuilder.transformer = self
        self.get_type_id = self.layoutbuilder.get_type_id
        self.make_gcdata(translator, GCClass, params)
        self.malloc_fnptr_cache, self.finalizer_queue_indexes, self.finalizer_handlers = {}, {}, []
        self.num_pushs = self.write_barrier_calls = self.write_barrier_from_array_calls = 0
        self.malloc_zero_filled = GCClass.malloc_zero_filled
        self.declare_constants()
        self.declare_helpers()
        self.declare_fast_paths()
        self.declare_queues()
        self.collect_analyzer = CollectAnalyzer(translator)
        self.collect_analyzer.analyze_all()

    # ---------------------------------------------------------------- threads

    def call_without_roots(self, hop, pointer, args):
        livevars = self.push_roots(hop)
        assert not livevars, 'live GC variables around %s' % hop.spaceop
        hop.genop('direct_call', [pointer] + args)
        self.pop_roots(hop, livevars)

    def gct_gc_thread_run(self, hop):
        if self.translator.config.translation.thread:
            FUNC = lltype.FuncType([], lltype.Void)
            pointer = self.core.function_pointer(names.AFTER_ACQUIRE, FUNC, canraise=False)
            self.call_without_roots(hop, Constant(pointer, lltype.typeOf(pointer)), [])
        else:
            hop.rename('gc_thread_run')

    def gct_gc_thread_start(self, hop):
        pass        # for another way to find roots

    def gct_gc_thread_die(self, hop):
        self.call_without_roots(hop, self.thread_die_ptr, [])
        hop.rename('gc_thread_die')     # C that frees what is local to the thread

    def gct_gc_thread_before_fork(self, hop):
        hop.genop('same_as', [rmodel.inputconst(llmemory.Address, llmemory.NULL)], resultvar=hop.spaceop.result)

    def gct_gc_thread_after_fork(self, hop):
        if self.translator.config.translation.thread:
            self.call_without_roots(hop, self.thread_after_fork_ptr, hop.spaceop.args)

    def transform_graph(self, graph):
        try:
            super(ExtensionGCTransformer, self).transform_graph(graph)
        except (AttributeError, AssertionError, KeyError, NotImplementedError) as error:
            func = entries.written_by_user(getattr(graph, 'func', None))
            name = getattr(func, '__name__', graph.name)
            raise SepcompError('%s: %s() uses the GC in a way that extensions cannot (%s); a function of the core can' %
                               (func and program.place_of(func) or graph.name, name, asked_for(error)))

    def make_gcdata(self, translator, GCClass, params):
        """A GC object of this process, for flags and headers; it is not annotated and not written out."""
        self.gcdata = gctypelayout.GCData(self.layoutbuilder.type_info_group)
        self.gcdata.gc = GCClass(translator.config.translation, **params)
        self.gcdata.set_query_functions(self.gcdata.gc)
        self.HDR = self.gcdata.gc.gcheaderbuilder.HDR

    def declare_constants(self):
        self.c_const_gc = symbol_constant(names.GC)
        self.c_const_gcdata = symbol_constant(names.GCDATA)
        vtableinfo = self.HDR, self.gcdata.gc.gcheaderbuilder.size_gc_header, self.gcdata.gc.typeid_is_in_field
        self.c_vtableinfo = rmodel.inputconst(lltype.Void, vtableinfo)
        group = self.layoutbuilder.type_info_group._as_ptr()
        self.c_type_info_group = rmodel.inputconst(lltype.typeOf(group), group)

    def declare_helpers(self):
        for name in gcnames.helpers():
            symbol = self.core.data['gc_helpers'].get(name)
            if symbol is None:
                setattr(self, name, None)
                continue
            FUNC, raises = gcnames.function_type(name)
            pointer = self.core.function_pointer(str(symbol), FUNC, canraise=raises, collects=raises)
            setattr(self, name, Constant(pointer, lltype.typeOf(pointer)))
        for name in HAS_OR_HAS_NOT:
            if getattr(self, name, None) is None and hasattr(self, name):
                delattr(self, name)

    def declare_fast_paths(self):
        annhelper = MixLevelHelperAnnotator(self.translator.rtyper)

        def inlined(function, ARGS, RESULT):
            graph = annhelper.getgraph(function, map(lltype_to_annotation, ARGS), lltype_to_annotation(RESULT))
            self.need_minimal_transform(graph)
            self.graphs_to_inline[graph] = True
            return annhelper.graph2const(graph)

        A, S, B = llmemory.Address, lltype.Signed, lltype.Bool
        fast = FastPaths(self)
        self.malloc_fast_ptr = inlined(fast.malloc, [A, llgroup.HALFWORD, S, B, B, B], llmemory.GCREF)
        self.malloc_fast_is_clearing = False
        self.malloc_varsize_fast_ptr = None
        self.write_barrier_ptr = inlined(fast.write_barrier, [A, A], lltype.Void)
        self.write_barrier_from_array_ptr = inlined(fast.write_barrier_from_array, [A, A, S], lltype.Void)
        annhelper.finish()
        annhelper.backend_optimize()
        self.weakref_deref_ptr = self.inittime_helper(gctypelayout.ll_weakref_deref, [llmemory.WeakRefPtr], A)

    def postprocess_graph(self, graph, any_inlining):
        from rpython.memory.gctransform import shadowcolor
        if any_inlining:
            shadowcolor.postprocess_inlining(graph)
        if shadowcolor.postprocess_graph(graph, self.c_const_gcdata) and graph in self.graphs_to_inline:
            del self.graphs_to_inline[graph]

    def finish_tables(self):
        """Close the group of types; the fields of raw structures that may point to GC objects, for init_module()."""
        self.layoutbuilder.close_table()
        roots = self.layoutbuilder.addresses_of_static_ptrs_in_nongc
        self.static_roots = lltype.malloc(lltype.Array(llmemory.Address), len(roots), immortal=True)
        for i, address in enumerate(roots):
            self.static_roots[i] = address
        return [self.static_roots]


class FastPaths(object):
    """The fast paths that code of the core has inlined from its GC, written with the offsets of the interface."""

    def __init__(self, gct):
        offsets = gct.core.data['offsets']
        gc = gct.gcdata.gc
        HDRPTR = lltype.Ptr(gc.HDR)
        size_gc_header = gc.gcheaderbuilder.size_gc_header
        malloc_slow = gct.malloc_fixedsize_ptr.value
        remember = gct.write_barrier_failing_case_ptr.value
        array_barrier = gct.write_barrier_from_array_ptr.value
        TRACK = sys.modules[type(gc).__module__].GCFLAG_TRACK_YOUNG_PTRS
        FREE, TOP = [int(offsets['gc.' + name]) for name in ('nursery_free', 'nursery_top')]
        nonlarge_max = gc.nonlarge_max      # a constant of the options: decided when this is compiled, as in the core
        minimal = gc.minimal_size_in_nursery

        def malloc(gc_adr, typeid, size, needs_finalizer, is_light, contains_weakptr):
            totalsize = size_gc_header + size
            rawsize = llmemory.raw_malloc_usage(totalsize)
            if rawsize < llmemory.raw_malloc_usage(minimal):
                totalsize = rawsize = llmemory.raw_malloc_usage(minimal)
            if rawsize > nonlarge_max:
                return malloc_slow(gc_adr, typeid, size, False, False, False)
            result = (gc_adr + FREE).address[0]
            new_free = result + totalsize
            if new_free > (gc_adr + TOP).address[0]:
                return malloc_slow(gc_adr, typeid, size, False, False, False)
            (gc_adr + FREE).address[0] = new_free
            llmemory.cast_adr_to_ptr(result, HDRPTR).tid = llop.combine_ushort(lltype.Signed, typeid, 0)
            return llmemory.cast_adr_to_ptr(result + size_gc_header, llmemory.GCREF)

        def write_barrier(gc_adr, addr):
            hdr = llmemory.cast_adr_to_ptr(addr - size_gc_header, HDRPTR)
            if llop.gc_bit(lltype.Signed, hdr, TRACK):
                remember(addr)

        def write_barrier_from_array(gc_adr, addr, index):
            hdr = llmemory.cast_adr_to_ptr(addr - size_gc_header, HDRPTR)
            if llop.gc_bit(lltype.Signed, hdr, TRACK):
                array_barrier(gc_adr, addr, index)

        self.malloc = malloc
        self.write_barrier = write_barrier
        self.write_barrier_from_array = write_barrier_from_array


def policy_for(core):
    """The GC policy class of an extension of `core`."""
    transformer = type('Transformer', (ExtensionGCTransformer,), {'core': core})
    top = int(core.data['offsets']['gcdata.root_stack_top'])

    class ExtensionGcPolicy(ShadowStackFrameworkGcPolicy):

        def gettransformer(self, translator, gchooks=None):
            return transformer(translator)

        def gc_startup_code(self):
            return []       # the core's

        def enter_roots_frame(self, funcgen, (c_gcdata, c_numcolors)):
            for line in ShadowStackFrameworkGcPolicy.enter_roots_frame(self, funcgen, (c_gcdata, c_numcolors)):
                yield line
            funcgen.gcpol_ss = '(*(void **)((char *)&%s + %d))' % (names.GCDATA, top)

    return ExtensionGcPolicy


def asked_for(error):
    """The function of rgc that the core's GC has and that of an extension has not; else what the error says."""
    found = HELPER.search(str(error))
    return 'rgc.%s()' % found.group(1) if found else str(error) or type(error).__name__
