"""Makes the interface of a core the same wherever and whenever it is translated (see also `hashes`).

rpython numbers classes and types in the order in which it processes them.  That order comes from sets of objects, so it
depends on addresses.  Both kinds of numbers are in the interface, so here they are assigned in the order of names.
"""

import collections

from rpython.rtyper import normalizecalls
from rpython.rtyper.lltypesystem import lltype

from sepcomp.interfaces import lltexts


def install():
    original = normalizecalls.assign_inheritance_ids

    def assign_inheritance_ids(annotator):
        for classdef in sorted(annotator.bookkeeper.classdefs, key=lambda c: c.name):
            normalizecalls.get_unique_cdef_id(classdef)
        original(annotator)
    normalizecalls.assign_inheritance_ids = assign_inheritance_ids


def keep_order(rtyper):
    """Keep representations in the order in which they are made: their keys contain classes, which hash by address."""
    rtyper.reprs = collections.OrderedDict(rtyper.reprs)


def number_types(translator, get_type_id):
    """Give an id to every GC type in representations and allocations, in the order of their texts."""
    reprs = translator.rtyper.reprs.values() + translator.rtyper.instance_reprs.values()
    found = collections.OrderedDict()
    for r in filter(None, reprs):
        collect(r.lowleveltype, found)
    for graph in translator.graphs:
        for block in graph.iterblocks():
            for op in block.operations:
                if op.opname.startswith('malloc'):
                    collect(op.args[0].value, found)
    for T in sorted(found, key=order):
        get_type_id(T)


def order(T):
    """The sort key of a type: types with the same text may differ in their attached methods and hints."""
    attached = dict((name, getattr(value, '__name__', type(value).__name__)) for name, value in T._adtmeths.items())
    return lltexts.text(T), sorted(attached.items()), sorted(T._hints.items())


def collect(T, found):
    if isinstance(T, lltype.Ptr):
        collect(T.TO, found)
    elif isinstance(T, (lltype.GcStruct, lltype.GcArray)):
        if T not in found:
            found[T] = True
            collect_fields(T, found)
    elif isinstance(T, (lltype.Struct, lltype.Array)):
        collect_fields(T, found)


def collect_fields(T, found):
    for F in T._flds.values() if isinstance(T, lltype.Struct) else [T.OF]:
        if isinstance(F, lltype.Ptr) and F.TO._gckind != 'gc':
            continue
        if isinstance(F, lltype.ContainerType) and F._gckind == 'gc':
            continue        # an inlined parent has no objects of its own here
        collect(F, found)
