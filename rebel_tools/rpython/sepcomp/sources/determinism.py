"""The same core gives the same interface, wherever and whenever it is translated (see also `hashes`).

rpython numbers classes and types in the order in which it meets them, and that order comes from sets of objects, which
depends on addresses.  Both kinds of numbers are in the interface, so here they are given in the order of names.
"""

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


def number_types(rtyper, get_type_id):
    """Give an id to every GC type that a representation leads to, in the order of their texts."""
    found = {}
    for r in rtyper.reprs.values() + rtyper.instance_reprs.values():
        if r is not None:
            collect(r.lowleveltype, found)
    for text in sorted(found):
        get_type_id(found[text])


def collect(T, found):
    if isinstance(T, lltype.Ptr):
        collect(T.TO, found)
    elif isinstance(T, (lltype.GcStruct, lltype.GcArray)):
        text = lltexts.text(T)
        if text not in found:
            found[text] = T
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
