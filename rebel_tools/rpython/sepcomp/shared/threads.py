"""Threads. Without the option --thread, a core lets one thread at a time in; the others wait.

With it, core and extensions have rpython's GIL: calls of C release it, and each thread has its own shadow stack.  A
thread that was not created by rthread can call entry points, too.  An entry point has to check whether its thread has
the GIL already (it may be called from a callback), so the GIL is acquired and released by two functions of the core.
"""

from rpython.annotator.model import AnnotatorError
from rpython.rlib import rgil, rthread
from rpython.rtyper.lltypesystem import lltype, rffi
from rpython.translator.tool.cbuild import ExternalCompilationInfo

GATE_C = '''
/* Every entry point, of the core and of extensions, is between these two. A thread that is inside may enter again,
   from a callback; what sepcomp_enter() returns goes to sepcomp_leave(). */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static __thread int inside = 0;

EXPORTED int sepcomp_enter(void)
{
    if (inside)
        return 0;
    pthread_mutex_lock(&gate);
    return inside = 1;
}

EXPORTED void sepcomp_leave(int entered)
{
    if (entered) {
        inside = 0;
        pthread_mutex_unlock(&gate);
    }
}
'''

GIL_C = '''
void %(after_acquire)s(void);
void %(thread_die)s(void);
static __thread int has_gil = 0;
static __thread int is_known = 0;
static pthread_key_t key;

EXPORTED void sepcomp_gil_acquire(void)
{
    RPyGilAcquire();
    has_gil = 1;
}

EXPORTED void sepcomp_gil_release(void)
{
    has_gil = 0;
    RPyGilRelease();
}

/* a thread that was inside ends, in this C or elsewhere: its shadow stack is freed */
static void thread_ends(void *unused)
{
    sepcomp_gil_acquire();
    %(after_acquire)s();
    %(thread_die)s();
    sepcomp_gil_release();
}

/* before any thread can wait for the GIL, and before rpython's own key, so that its destructor comes later */
__attribute__((constructor)) static void prepare_threads(void)
{
    RPyGilAllocate();
    if (pthread_key_create(&key, thread_ends) != 0)
        abort();
}

/* Every entry point, of the core and of extensions, is between these two; what sepcomp_enter() returns goes to
   sepcomp_leave(). The thread may have released the GIL, when it is called back from C, or not. */
EXPORTED int sepcomp_enter(void)
{
    if (has_gil)
        return 0;
    sepcomp_gil_acquire();
    if (started)
        %(after_acquire)s();
    if (!is_known) {
        is_known = 1;
        pthread_setspecific(key, &key);
    }
    return 1;
}

EXPORTED void sepcomp_leave(int entered)
{
    if (entered)
        sepcomp_gil_release();
}
'''


def core_text(thread):
    """(C of a core with or without threads, a statement before its GC starts)"""
    from sepcomp.interfaces import names
    if not thread:
        return GATE_C, 'RPyGilAcquire();        /* and never released: the gate lets one thread in */'
    return GIL_C % {'after_acquire': names.AFTER_ACQUIRE, 'thread_die': names.gc_helper('thread_die_ptr')}, ''


def after_acquire():
    """Called when a thread has acquired the GIL: switch to the shadow stack of the thread."""
    rthread.gc_thread_run()
    rgil._after_thread_switch()


def install(is_extension):
    """Call this before anything is annotated."""
    weak = ' __attribute__((weak))' if is_extension else ''     # as all that an extension takes from its core

    def external(name):
        eci = ExternalCompilationInfo(post_include_bits=['extern void %s(void)%s;' % (name, weak)])
        return rffi.llexternal(name, [], lltype.Void, _nowrapper=True, sandboxsafe=True, compilation_info=eci)
    rgil._gil_acquire, rgil._gil_release = external('sepcomp_gil_acquire'), external('sepcomp_gil_release')


class KnownFields(set):
    """The thread-local fields of an extension, which must be among those of the core."""

    def __init__(self, declaration):
        set.__init__(self)
        self.declaration = declaration

    def add(self, field):
        if ' %s;' % field.fieldname not in self.declaration.replace('*', ' '):
            raise AnnotatorError('the core has no ThreadLocalField %r, and what threads have of their own is laid out '
                                 'when the core is translated: let a function of the core use it' % field.fieldname)
        set.add(self, field)
