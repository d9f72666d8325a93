"""Elidable functions of a core with open calls in them.

rpython trusts the mark @elidable: for a trace, such a function has no effects, whatever it does.  But it rejects a call
with unknown effects inside, and open calls are such calls.  So inside of an elidable (or loop-invariant) function an
open call gets the effects of its known callees, and the interface requires the callees of extensions to have none (see
`promises`).  What those read is not known: such a call counts as reading all fields, so that a trace writes pending
values back before it.
"""

from rpython.jit.backend.llsupport import descr as descrs
from rpython.jit.codewriter import call, effectinfo
from rpython.translator.backendopt import graphanalyze, writeanalyze

from sepcomp.jit import promises
from sepcomp.shared import openness

READERS = [('_readonly_descrs_fields', descrs.FieldDescr), ('_readonly_descrs_arrays', descrs.ArrayDescr),
           ('_readonly_descrs_interiorfields', descrs.InteriorFieldDescr)]


class Trusting(object):
    """An analyser that gives an open call the effects of its known callees."""

    def analyze(self, op, seen=None, graphinfo=None):
        if openness.is_open_call(op):
            return self.analyze_indirect_call(op.args[-1].graphs(), seen)
        return super(Trusting, self).analyze(op, seen, graphinfo)


class TrustingReadWrite(Trusting, writeanalyze.ReadWriteAnalyzer):
    pass


class TrustingVirtualizable(Trusting, effectinfo.VirtualizableAnalyzer):
    pass


class TrustingQuasiImmut(Trusting, effectinfo.QuasiImmutAnalyzer):
    pass


class TrustingRandomEffects(Trusting, effectinfo.RandomEffectsAnalyzer):
    pass


def trusting_analysers(translator):
    """{attribute of CallControl: its replacement}; whether an open call raises or collects stays unknown."""
    found = {
        'readwrite_analyzer': TrustingReadWrite(translator),
        'virtualizable_analyzer': TrustingVirtualizable(translator),
        'quasiimmut_analyzer': TrustingQuasiImmut(translator),
        'randomeffects_analyzer': TrustingRandomEffects(translator),
    }
    found['seen_rw'] = graphanalyze.DependencyTracker(found['readwrite_analyzer'])
    return found


class Elidable(object):

    def __init__(self, translator):
        self.trusting = trusting_analysers(translator)
        self.effects = []       # [EffectInfo] of calls of elidable functions with open calls

    def install(self):
        call.CallControl.getcalldescr = self.getcalldescr(call.CallControl.getcalldescr.im_func)
        effectinfo.compute_bitstrings = self.compute_bitstrings(effectinfo.compute_bitstrings)

    def getcalldescr(elidable, original):
        def getcalldescr(self, op, *args, **kwds):
            graph = promises.promising_graph(op)
            if graph is None or not promises.open_calls([graph]):
                return original(self, op, *args, **kwds)
            before = dict((name, getattr(self, name)) for name in elidable.trusting)
            vars(self).update(elidable.trusting)
            try:
                calldescr = original(self, op, *args, **kwds)
            finally:
                vars(self).update(before)
            elidable.effects.append(calldescr.get_extra_info())
            return calldescr
        return getcalldescr

    def compute_bitstrings(self, original):
        def compute_bitstrings(all_descrs):
            for name, kind in READERS:
                found = frozenset(d for d in all_descrs if isinstance(d, kind))
                for effects in self.effects:
                    setattr(effects, name, getattr(effects, name) | found)
            original(all_descrs)
        return compute_bitstrings
