"""The rpython package of PyPy 7.3 checkouts, which still runs on Python 2.7."""

import inspect

NAME = 'that of a PyPy 7.3 checkout'
HAS_JIT = False

HELPERS = {
    'raw_malloc_memory_pressure_ptr': ('s a', 'v', True),
    'raw_malloc_memory_pressure_varsize_ptr': ('s s a', 'v', True),
    'collect_step_ptr': ('gc', 's', True),
    'enable_ptr': ('gc', 'v', False),
    'disable_ptr': ('gc', 'v', False),
    'isenabled_ptr': ('gc', 'b', False),
    'wb_before_move_ptr': ('gc a', 'v', False),
}
RUNTIME = {
    'RPyGilAcquireSlowPath': 'void',
    'RPyGilReleaseSignal': 'void',
    'pypy_debug_start': 'SignedLongLong * Signed',
    'pypy_debug_stop': 'SignedLongLong * Signed',
}
BEFORE_START = 'RPython_ThreadLocals_ProgramInit();'


def recognises():
    from rpython.rtyper.exceptiondata import ExceptionData
    from rpython.translator.c.gc import ShadowStackFrameworkGcPolicy
    args = inspect.getargspec(ShadowStackFrameworkGcPolicy.gettransformer.im_func).args
    return args == ['self', 'translator', 'gchooks'] and hasattr(ExceptionData, 'generate_exception_match')


def install(is_extension):
    from rpython.rtyper.exceptiondata import ExceptionData
    if is_extension:
        ExceptionData.generate_exception_match = match(ExceptionData.generate_exception_match.im_func)


def match(original):
    """The inliner generates its own exception matching; for a class of an extension, let it call fn_exception_match."""
    def generate_exception_match(self, oplist, var_etype, const_etype):
        from rpython.flowspace.model import Constant, SpaceOperation
        from rpython.rtyper.lltypesystem import lltype
        from rpython.translator.unsimplify import varoftype
        from sepcomp.shared.classids import ExtensionId
        if not isinstance(const_etype.value.subclassrange_max, ExtensionId):
            return original(self, oplist, var_etype, const_etype)
        function = self.fn_exception_match
        v_result = varoftype(lltype.Bool)
        oplist.append(SpaceOperation('direct_call', [Constant(function, lltype.typeOf(function)), var_etype,
                                                     const_etype], v_result))
        return v_result
    return generate_exception_match
