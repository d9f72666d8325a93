"""The functions and fields of the GC that an extension uses, for the GC transformers of both sides.

HELPERS: attributes of rpython's framework transformer that hold a pointer to a function of the GC.  The core exports
them; an extension, which has no graphs of them, declares them with these types and whether they raise (MemoryError).
Types: gc = the GC object, tid = a type id, s = Signed, b = Bool, a = Address, r = GCREF, v = no result.
"""

from rpython.rtyper.lltypesystem import llgroup, llmemory, lltype

from sepcomp import adapters

HELPERS = {
    'malloc_fixedsize_ptr': ('gc tid s b b b', 'r', True),
    'malloc_varsize_ptr': ('gc tid s s s s', 'r', True),
    'malloc_nonmovable_ptr': ('gc tid s', 'r', True),
    'collect_ptr': ('gc s', 'v', True),
    'identityhash_ptr': ('gc r', 's', True),
    'id_ptr': ('gc r', 's', True),
    'register_finalizer_ptr': ('gc s r', 'v', True),
    'can_move_ptr': ('gc a', 'b', False),
    'shrink_array_ptr': ('gc a s', 'b', False),
    'wb_before_copy_ptr': ('gc a a s s s', 'b', False),
    'write_barrier_failing_case_ptr': ('a', 'v', False),
    'write_barrier_from_array_ptr': ('gc a s', 'v', False),
    'ignore_finalizer_ptr': ('gc a', 'v', False),
    'move_out_of_nursery_ptr': ('gc a', 'a', True),
    'pin_ptr': ('gc a', 'b', False),
    'unpin_ptr': ('gc a', 'v', False),
    '_is_pinned_ptr': ('gc a', 'b', False),
    'set_max_heap_size_ptr': ('gc s', 'v', False),
    'gc_gettypeid_ptr': ('gc a', 's', False),
    'thread_die_ptr': ('', 'v', False),
    'thread_after_fork_ptr': ('s a', 'v', False),
}
OF_THREADS = ('thread_die_ptr', 'thread_after_fork_ptr')
TYPES = {'gc': llmemory.Address, 'tid': llgroup.HALFWORD, 's': lltype.Signed, 'b': lltype.Bool,
         'a': llmemory.Address, 'r': llmemory.GCREF, 'v': lltype.Void}


def helpers():
    """HELPERS, with those that depend on the version of rpython."""
    return dict(HELPERS, **adapters.choose().HELPERS)


def function_type(name):
    """(FuncType, whether it may raise) of a helper as the extension declares it."""
    args, result, raises = helpers()[name]
    return lltype.FuncType([TYPES[a] for a in args.split()], TYPES[result]), raises


GC_FIELDS = ['nursery_free', 'nursery_top']
GCDATA_FIELDS = ['root_stack_top', 'root_stack_base', 'static_root_start', 'static_root_nongcend', 'static_root_end',
                 'finalizer_handlers']
