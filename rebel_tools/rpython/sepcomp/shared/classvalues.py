"""Classes that a core gets at run time: `x.__class__` may be a class of an extension where the class of `x` is open.

rpython assumes that it knows all subclasses: if a class has none, `x.__class__` is a constant. In a core, `x.__class__`
is never a constant if the class of `x` is open. Its identity and its name can be used, and it can be the argument of a
memo function (see `answers`). Any other attribute that the core reads from it is a field of the vtable with values for
the core's own classes: the interface lists it, and classes of extensions may not redefine it.

The same is true for a frozen object that is a class attribute of an open class, `typedef = TypeDef("object")`.
"""

import collections

from rpython.annotator import bookkeeper, classdesc, description, model, specialize, unaryop
from rpython.rtyper import rpbc

CALL = '__call__'


class Reads(object):
    """What a core does with classes that it gets at run time. is_open: whether extensions may subclass a class."""

    def __init__(self, is_open):
        self.is_open = is_open
        self.attributes = {}    # {class: set of names; CALL for an instantiation}
        self.asked = set()      # classes and frozen objects about which memo functions are asked at run time

    def at_run_time(self, s):
        """Whether `s` may be a class or frozen object of an extension. Such annotations are marked by `can_be_None`."""
        if not isinstance(s, model.SomePBC) or not s.can_be_None:
            return False
        if s.getKind() is description.FrozenDesc:
            return True
        return s.getKind() is classdesc.ClassDesc and any(self.is_open(desc.pyobj) for desc in s.descriptions)

    def record(self, s, name):
        for desc in s.descriptions:
            self.attributes.setdefault(desc.pyobj, set()).add(name)


def install(reads):
    classdesc.ClassDef.read_attr__class__ = read_class(reads, classdesc.ClassDef.read_attr__class__.im_func)
    bookkeeper.Bookkeeper.pbc_getattr = pbc_getattr(reads, bookkeeper.Bookkeeper.pbc_getattr.im_func)
    model.SomePBC.consider_call_site = consider_call_site(reads, model.SomePBC.consider_call_site.im_func)
    unaryop.s_isinstance = s_isinstance(reads, unaryop.s_isinstance)
    specialize.all_values = all_values(reads, specialize.all_values)
    rpbc.ClassesPBCRepr.redispatch_call = redispatch(rpbc.ClassesPBCRepr.redispatch_call.im_func)


def read_class(reads, original):
    def read_attr__class__(self):
        s = original(self)
        if any(reads.is_open(desc.pyobj) for desc in s.descriptions):
            return model.SomePBC(s.descriptions, can_be_None=True)
        return s
    return read_attr__class__


def pbc_getattr(reads, original):
    def pbc_getattr(self, pbc, s_attr):
        if reads.at_run_time(pbc):
            reads.record(pbc, s_attr.const)
        return original(self, pbc, s_attr)
    return pbc_getattr


def consider_call_site(reads, original):
    def consider(self, args, s_result, call_op):
        if reads.at_run_time(self):
            reads.record(self, CALL)
        return original(self, args, s_result, call_op)
    return consider


def s_isinstance(reads, original):
    """After isinstance(y, x.__class__), `y` is annotated with the common base of the known classes."""
    def isinstance_of(annotator, s_obj, s_type, variables):
        r = original(annotator, s_obj, s_type, variables)
        if reads.at_run_time(s_type) and s_type.getKind() is classdesc.ClassDesc:
            common = reduce(classdesc.ClassDef.commonbase, [desc.getuniqueclassdef() for desc in s_type.descriptions])
            if common is not None:
                known = collections.defaultdict(dict)
                model.add_knowntypedata(known, True, variables, model.SomeInstance(common))
                r.set_knowntypedata(known)
        return r
    return isinstance_of


def all_values(reads, original):
    def values(s):
        if reads.at_run_time(s):
            s = s.nonnoneify()
            reads.asked.update(desc.pyobj for desc in s.descriptions)
        return original(s)
    return values


def redispatch(original):
    def redispatch_call(self, hop, call_args):
        if len(self.s_pbc.descriptions) == 1 and self.s_pbc.can_be_None:
            only = self.rtyper.getrepr(self.s_pbc.nonnoneify())     # a constant
            return original(only, hop, call_args)
        return original(self, hop, call_args)
    return redispatch_call
