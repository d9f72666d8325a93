"""isinstance() and exception matching with classes of several libraries.

Every core class has a range of ids, as usual.  A class of an extension has no ids of its own: its vtable contains the
start of the range of its nearest ancestor in the core, so that `isinstance(x, CoreClass)` is one range test everywhere.
Its own range is empty.  isinstance() with such a class compares vtables along `ext_parent`, an additional field of
every vtable: the vtable of the base if that belongs to an extension, too, otherwise NULL.  So classes of different
extensions cannot be confused.
"""

import sys

from rpython.flowspace.model import Constant
from rpython.rlib.objectmodel import ComputedIntSymbolic
from rpython.rtyper import exceptiondata, rclass
from rpython.rtyper.lltypesystem import lltype
from rpython.rtyper.lltypesystem.lloperation import llop


class ClassId(ComputedIntSymbolic):
    """A bound of the range of a core class, known from the interface."""

    def __init__(self, value):
        ComputedIntSymbolic.__init__(self, lambda: value)

    def number_with_subclasses(self):
        return True     # of an open class there may be subclasses anywhere

    def __cmp__(self, other):       # the optimiser runs exception matching on constants
        if isinstance(other, ComputedIntSymbolic):
            other = other.compute_fn()
        return cmp(self.compute_fn(), other)

    def __sub__(self, other):       # the C generator asks for the size of a range
        return self.compute_fn() - other

    def __rsub__(self, other):
        return other - self.compute_fn()


class ExtensionId(ClassId):
    """A bound of the empty range of a class of an extension."""


def ids_below(parent):
    """The ids of an extension's class whose nearest core ancestor has the lower bound `parent` (None: no ancestor).

    A class without an ancestor in the core lies in the range of `object` only.
    """
    value = sys.maxint - 1 if parent is None else parent
    return ExtensionId(value), ExtensionId(value)


def ll_issubclass_anywhere(subcls, cls):
    if llop.int_between(lltype.Bool, cls.subclassrange_min, subcls.subclassrange_min, cls.subclassrange_max):
        return True
    while subcls:
        if subcls == cls:
            return True
        subcls = subcls.ext_parent
    return False


def make_ll_isinstance(original):
    def make(rtyper, cls):
        if not isinstance(cls.subclassrange_max, ExtensionId):
            return original(rtyper, cls)
        if cls._obj not in rtyper.isinstance_helpers:
            def ll_isinstance_ext_nonnull(obj):
                typeptr = obj.typeptr
                while typeptr:
                    if typeptr == cls:
                        return True
                    typeptr = typeptr.ext_parent
                return False

            def ll_isinstance_ext(obj):
                return bool(obj) and ll_isinstance_ext_nonnull(obj)
            rtyper.isinstance_helpers[cls._obj] = ll_isinstance_ext, ll_isinstance_ext_nonnull
        return rtyper.isinstance_helpers[cls._obj]
    return make


def issubtype(original):
    def rtype_issubtype(self, hop):
        class_repr = rclass.get_type_repr(self.rtyper)
        v_cls1, v_cls2 = hop.inputargs(class_repr, class_repr)
        if isinstance(v_cls2, Constant) and not isinstance(v_cls2.value.subclassrange_max, ExtensionId):
            return original(self, hop)
        return hop.gendirectcall(ll_issubclass_anywhere, v_cls1, v_cls2)
    return rtype_issubtype


def fill_root(original):
    def fill_vtable_root(self, vtable):
        original(self, vtable)
        base = self.classdef and self.classdef.basedef
        if base is not None and isinstance(base.minid, ExtensionId):
            vtable.ext_parent = rclass.getclassrepr(self.rtyper, base).getvtable()
        else:
            vtable.ext_parent = lltype.nullptr(rclass.OBJECT_VTABLE)
    return fill_vtable_root


def add_ext_parent():
    """Append the field to OBJECT_VTABLE, which exists as soon as rclass is imported but is not used before rtyping."""
    T = rclass.OBJECT_VTABLE
    fields = dict(T._flds, ext_parent=rclass.CLASSTYPE)
    T.__dict__['_flds'] = lltype.frozendict(fields)
    T.__dict__['_names'] = T._names + ('ext_parent',)


def install(is_extension):
    add_ext_parent()
    rclass.ClassRepr.fill_vtable_root = fill_root(rclass.ClassRepr.fill_vtable_root.im_func)
    rclass.ClassRepr.rtype_issubtype = issubtype(rclass.ClassRepr.rtype_issubtype.im_func)
    rclass.make_ll_isinstance = make_ll_isinstance(rclass.make_ll_isinstance)
    rclass.ll_issubclass = ll_issubclass_anywhere
    if is_extension:    # what the core itself catches are classes of the core: the range test is enough there
        exceptiondata.ll_issubclass = ll_issubclass_anywhere
