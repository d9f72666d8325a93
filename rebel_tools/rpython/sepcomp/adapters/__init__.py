"""What depends on the version of the rpython package: one module for each that is supported, with the same names.

    NAME            the name of the version in messages
    recognises()    whether the imported package is this version
    HELPERS         entries of gcnames.HELPERS that this version has in addition
    RUNTIME         entries of support.RUNTIME that this version has in addition
    BEFORE_START    C that a core runs before it takes the GIL and calls RPython_StartupCode()
    HAS_JIT         whether cores with its JIT have been tried
    install(is_extension)   hooks that only this version needs

`MUST_HAVE` lists what sepcomp replaces or extends in all versions of rpython.  A package without one of these is
refused before anything is translated, because an incomplete set of replacements could give wrong code.
"""

import importlib

from sepcomp.adapters import pypy_7_3, rpython_0_2
from sepcomp.command.errors import SetupError

SUPPORTED = (rpython_0_2, pypy_7_3)

MUST_HAVE = {
    'rpython.annotator.annrpython': ['RPythonAnnotator.flowin', 'gather_error'],
    'rpython.annotator.bookkeeper': ['Bookkeeper.newfuncdesc', 'Bookkeeper.immutablevalue', 'Bookkeeper.pbc_getattr'],
    'rpython.annotator.classdesc': ['ClassDesc._init_classdef', 'ClassDesc.pycall', 'ClassDef._generalize_attr',
                                    'ClassDef.read_attr__class__', 'ClassDef.add_source_for_attribute'],
    'rpython.annotator.description': ['MemoDesc', 'FunctionDesc.getcallfamily'],
    'rpython.annotator.model': ['SomePBC.consider_call_site'],
    'rpython.annotator.specialize': ['MemoTable.finish', 'MemoTable.absorb', 'all_values', 'memo'],
    'rpython.flowspace.model': ['Variable', 'Block', 'Link'],
    'rpython.memory.gctransform.framework': ['TransformerLayoutBuilder.get_type_id'],
    'rpython.memory.gctransform.shadowstack': ['ShadowStackFrameworkGCTransformer'],
    'rpython.annotator.unaryop': ['s_isinstance'],
    'rpython.rlib.rgc': ['RegisterGcTraceEntry.specialize_call'],
    'rpython.rtyper.exceptiondata': ['ll_issubclass'],
    'rpython.rtyper.normalizecalls': ['assign_inheritance_ids', 'get_unique_cdef_id'],
    'rpython.rtyper.rclass': ['OBJECT_VTABLE', 'make_ll_isinstance', 'll_issubclass', 'ClassRepr.fill_vtable_root',
                              'ClassRepr.rtype_issubtype', 'ClassRepr.setup_vtable', 'InstanceRepr._setup_repr',
                              'InstanceRepr._check_for_immutable_conflicts'],
    'rpython.rtyper.rpbc': ['getFrozenPBCRepr', 'ClassesPBCRepr.redispatch_call'],
    'rpython.rtyper.lltypesystem.rordereddict': ['OrderedDictRepr.convert_const'],
    'rpython.rtyper.rlist': ['AbstractBaseListRepr.convert_const'],
    'rpython.rtyper.rstr': ['AbstractStringRepr'],
    'rpython.translator.c.gc': ['ShadowStackFrameworkGcPolicy'],
    'rpython.translator.c.genc': ['add_extra_files', 'gen_startupcode', 'gen_forwarddecl', 'gen_source',
                                  'gen_threadlocal_structdef'],
    'rpython.translator.c.node': ['generic_initializationexpr', 'GroupNode.forward_declaration',
                                  'ContainerNodeFactory'],
    'rpython.translator.c.primitive': ['name_small_integer', 'PrimitiveName'],
}

_chosen = []


def choose():
    """The adapter of the imported package.  Raises SetupError for a version that is not supported."""
    if not _chosen:
        missing = missing_of(MUST_HAVE)
        found = [] if missing else [adapter for adapter in SUPPORTED if adapter.recognises()]
        if len(found) != 1:
            raise SetupError(refusal(missing))
        _chosen.append(found[0])
    return _chosen[0]


def missing_of(wanted):
    """The dotted names in {module: [name]} that the package does not have."""
    return ['%s.%s' % (module, name) for module in sorted(wanted) for name in wanted[module] if not has(module, name)]


def has(module, name):
    try:
        value = importlib.import_module(module)
        for part in name.split('.'):
            value = getattr(value, part)
    except (ImportError, AttributeError):
        return False
    return True


def refusal(missing):
    import os
    import rpython
    why = 'it has no %s' % missing[0] if missing else 'its garbage collector has another interface'
    return 'the rpython package in %s is of a version that sepcomp does not know: %s; supported are %s' % (
        os.path.dirname(os.path.dirname(os.path.abspath(rpython.__file__))), why,
        ', '.join(adapter.NAME for adapter in SUPPORTED))
