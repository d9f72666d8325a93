"""Open call families: the methods of exported classes, which extensions may override.

RPython assumes that it knows all callees of a call: a method with one implementation has no slot in the vtable, a call
on a leaf class is direct, effects are computed from the callees.  For a family of functions with a method of an open
class (`CallFamily.is_open`) this would be wrong: there is always a slot, a call through an instance always reads it,
and its callees are unknown (`None` instead of a list of graphs, for which every analyser assumes all effects).  The
callees in this translation are still available to code that asks for them (`OpenCallees`).  A call of one function by
name, `W_Root.repr(self)`, stays direct.
"""

from rpython.annotator import description
from rpython.annotator import model as annmodel
from rpython.flowspace.model import Constant
from rpython.rtyper import callparse, rpbc
from rpython.rtyper.lltypesystem import lltype
from rpython.rtyper.rmodel import impossible_repr

description.CallFamily.is_open = False


def mark_families(annotator, is_open_function):
    """Set `is_open` on every call family with a function for which is_open_function(funcdesc) is true."""
    for family in annotator.bookkeeper.pbc_maximal_call_families.infos():
        family.is_open = any(isinstance(desc, description.FunctionDesc) and is_open_function(desc)
                             for desc in family.descs)


def is_open(s_pbc):
    desc = s_pbc.any_description()
    if not isinstance(desc, description.FunctionDesc):
        return False
    family = desc.querycallfamily()
    return family is not None and family.is_open and family.total_calltable_size > 0


class OpenCallees(Constant):
    """The last argument of an open call: the constant None, which means that the callees are unknown."""

    def __init__(self, family, row):
        Constant.__init__(self, None, lltype.Void)
        self.family = family
        self.row = row      # {FunctionDesc: graph} of the callees known so far; later ones are added

    def graphs(self):
        """The graphs of those that are known, in a stable order."""
        return sorted(set(self.row.itervalues()), key=lambda graph: (graph.name, hash(graph)))


def is_open_call(op):
    return op.opname == 'indirect_call' and isinstance(op.args[-1], OpenCallees)


class OpenFunctionsPBCRepr(rpbc.FunctionsPBCRepr):
    """Function pointers of an open family."""

    def call(self, hop):
        bk = self.rtyper.annotator.bookkeeper
        args = hop.spaceop.build_args(hop.args_s[1:])
        descs = list(hop.args_s[0].descriptions)
        shape, index = self.callfamily.find_row(bk, descs, args, hop.spaceop)
        row = self.callfamily.calltables[shape][index]
        witness = row.itervalues().next()
        vfn = self.convert_to_concrete_llfn(hop.inputarg(self, arg=0), shape, index, hop.llops)
        vlist = [vfn] + callparse.callparse(self.rtyper, witness, hop)
        rresult = callparse.getrresult(self.rtyper, witness)
        hop.exception_is_here()
        if isinstance(vfn, Constant):
            v = hop.genop('direct_call', vlist, resulttype=rresult)
        else:
            vlist.append(OpenCallees(self.callfamily, row))
            v = hop.genop('indirect_call', vlist, resulttype=rresult)
        return None if hop.r_result is impossible_repr else hop.llops.convertvar(v, rresult, hop.r_result)


def makerepr(original):
    def rtyper_makerepr(self, rtyper):
        if issubclass(self.getKind(), description.FunctionDesc) and is_open(self):
            return OpenFunctionsPBCRepr(rtyper, self)
        return original(self, rtyper)
    return rtyper_makerepr


def redispatch(original):
    def redispatch_call(self, hop, call_args):
        r_func = self.r_im_self.rclass.clsfields[self.methodname][1]
        if not isinstance(r_func, OpenFunctionsPBCRepr):
            return original(self, hop, call_args)
        descs = [desc.funcdesc for desc in hop.args_s[0].descriptions]
        s_func = annmodel.SomePBC(descs, subset_of=r_func.s_pbc)
        s_func.__dict__.pop('const', None)      # one known implementation is still read from the slot
        v_im_self = hop.inputarg(self, arg=0)
        v_cls = self.r_im_self.getfield(v_im_self, '__class__', hop.llops)
        v_func = self.r_im_self.rclass.getclsfield(v_cls, self.methodname, hop.llops)
        hop2 = self.add_instance_arg_to_hop(hop, call_args)
        hop2.v_s_insertfirstarg(v_func, s_func)
        hop2.args_r[0] = r_func
        return hop2.dispatch()
    return redispatch_call


def install():
    annmodel.SomePBC.rtyper_makerepr = makerepr(annmodel.SomePBC.rtyper_makerepr.im_func)
    rpbc.MethodsPBCRepr.redispatch_call = redispatch(rpbc.MethodsPBCRepr.redispatch_call.im_func)
