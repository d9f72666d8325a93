"""rpython 0.2.0 and 0.2.1, as they are on PyPI."""

import inspect

NAME = 'rpython 0.2.0 and 0.2.1 of PyPI'
HAS_JIT = True

HELPERS = {
    'raw_malloc_memory_pressure_ptr': ('s', 'v', True),
    'raw_malloc_memory_pressure_varsize_ptr': ('s s', 'v', True),
}
RUNTIME = {
    'RPyGilAcquireSlowPath': 'void Signed',
    'pypy_debug_start': 'void *',
    'pypy_debug_stop': 'void *',
}
BEFORE_START = ''      # RPython_StartupCode() does it all


def recognises():
    from rpython.translator.c.gc import ShadowStackFrameworkGcPolicy
    return inspect.getargspec(ShadowStackFrameworkGcPolicy.gettransformer.im_func).args == ['self', 'translator']


def install(is_extension):
    """This version needs no hooks besides those for MUST_HAVE."""
