"""The hand-written C functions and data that a core exports: sepcomp's own and a part of rpython's runtime.

rpython's runtime (translator/c/src/*.c) exists once in a process, in the core; the generated code of extensions uses
these symbols of it.  Types are those of interface.C_TYPES, `*` is any pointer.
"""

from sepcomp import adapters

OWN = {
    'sepcomp_start': 'int',
    'sepcomp_enter': 'int',
    'sepcomp_leave': 'void int',
    'sepcomp_add_types': 'Signed * Unsigned',
    'sepcomp_add_roots': 'int * Signed',
    'sepcomp_add_finalizer_queue': 'Signed *',
    'sepcomp_fq_next_dead': '* Signed',
    'sepcomp_last_error': '*',
    'sepcomp_clear_error': 'void',
    'sepcomp_record_error': 'void * int',
    'sepcomp_set_error': 'void *',
    'sepcomp_template': 'Unsigned Unsigned',
}
RUNTIME = {     # with what adapters add
    'LL_stack_too_big_slowpath': 'Char Signed',
    'RPyAbort': 'void',
    'RPyAssertFailed': 'void * Signed * *',
    'RPyDebugReturnShowException': 'void * * Signed *',
    '_RPyRaiseSimpleException': 'void *',
    'op_llong_mul_ovf': 'SignedLongLong SignedLongLong SignedLongLong',
    'pypy_debug_catch_fatal_exception': 'void',
    'pypy_debug_ensure_opened': 'void',
    'pypy_debug_traceback_print': 'void',
    'pypy_debug_offset': 'Signed',
    'pypy_debug_forked': 'void Signed',
    'pypy_have_debug_prints_for': 'Signed *',
    'pypy_read_timestamp': 'SignedLongLong',
    '_RPython_ThreadLocals_Build': '*',
    'RPyString_AsCharP': '* *',
    'RPyString_FreeCache': 'void',
    'RPyGilAcquire': 'void',
    'RPyGilRelease': 'void',
    'RPyGilYieldThread': 'Signed',
    'RPyFetchFastGil': '*',
}
DEBUG = {       # compiled with RPY_ASSERT only
    'pypy_debug_alloc_start': 'void * *',
    'pypy_debug_alloc_stop': 'void *',
}
THREADS = {     # translated with --thread only
    'sepcomp_gil_acquire': 'void',
    'sepcomp_gil_release': 'void',
    'RPython_ThreadLocals_ThreadDie': 'void',
    'RPyGilAllocate': 'void',
    'RPyOpaqueDealloc_ThreadLock': 'void *',
    'RPyThreadAcquireLock': 'int * int',
    'RPyThreadAcquireLockTimed': 'int * SignedLongLong int',
    'RPyThreadAfterFork': 'void',
    'RPyThreadGetStackSize': 'Signed',
    'RPyThreadLockInit': 'int *',
    'RPyThreadReleaseLock': 'Signed *',
    'RPyThreadSetStackSize': 'Signed Signed',
    'RPyThreadStart': 'Signed *',
}
RUNTIME_DATA = ['pypydtcount', 'pypy_debug_tracebacks', 'pypy_debug_file', 'pypy_have_debug_prints',
                'pypy_threadlocal_key', 'rpy_stacktoobig', 'rpy_fastgil']
SHARED_MODULES = ['thread.c']     # other C files of rpython that must exist once in a process


def functions(options):
    """{name: 'result arg ...'} of all functions. options: toolchain.Options."""
    found = dict(OWN, **RUNTIME)
    found.update(adapters.choose().RUNTIME)
    for wanted, more in ((options.debug, DEBUG), (options.thread, THREADS)):
        found.update(more if wanted else {})
    return found
