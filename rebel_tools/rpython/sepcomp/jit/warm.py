"""rpython's JIT in a core: the metainterp and a backend, made from the core's graphs."""

import sys
import time
import types

from rpython.flowspace.model import Block, Constant, FunctionGraph, Link
from rpython.rtyper.lltypesystem import lltype

from sepcomp.command.errors import SepcompError, SetupError

MUST_HAVE = {
    'rpython.jit.codewriter.call': ['CallControl.graphs_from', 'CallControl.getcalldescr'],
    'rpython.jit.codewriter.effectinfo': ['compute_bitstrings', 'VirtualizableAnalyzer', 'QuasiImmutAnalyzer',
                                          'RandomEffectsAnalyzer'],
    'rpython.jit.metainterp.pyjitpl': ['MetaInterpStaticData.finish_setup_descrs'],
    'rpython.jit.metainterp.warmspot': ['apply_jit', 'WarmRunnerDesc.rewrite_force_quasi_immutable'],
}


def import_jit():
    """Import the JIT. It imports rpython.conftest (options of pytest) for its own tests only, so an empty one will do.
    """
    if 'rpython.conftest' not in sys.modules:
        sys.modules['rpython.conftest'] = conftest = types.ModuleType('rpython.conftest')
        conftest.option = None
    from sepcomp import adapters
    missing = adapters.missing_of(MUST_HAVE)
    if missing or not adapters.choose().HAS_JIT:
        raise SetupError('--opt jit: with the JIT of this rpython package, %s, no core has been tried%s' % (
            adapters.choose().NAME, '; it has no %s' % missing[0] if missing else ''))


def prepare(translator):
    """Import the codewriter and install the hooks for open calls."""
    import_jit()
    from sepcomp.jit import callees, elidable
    callees.install()
    elidable.Elidable(translator).install()


def apply(core, log):
    """Add the JIT to a core that is rtyped; this takes minutes.  core: CoreTranslation."""
    translator = core.translator
    if not has_merge_point(translator.graphs):
        raise SepcompError('%s:1: --opt jit: the program has no loop with a jit_merge_point of a JitDriver' % (
            core.program.main,))
    prepare(translator)
    from rpython.jit.codewriter.policy import JitPolicy
    from rpython.jit.metainterp import warmspot
    translator.entry_point_graph = nothing()
    start = time.clock()
    warmspot.apply_jit(translator, policy=JitPolicy(), backend_name='auto', inline=True)
    log.write('[sepcomp] JIT applied in %.1f s of processor time\n' % (time.clock() - start))


def has_merge_point(graphs):
    return any(op.opname == 'jit_marker' and op.args[0].value == 'jit_merge_point'
               for graph in graphs for _, op in graph.iterblockops())


def nothing():
    """A graph that does nothing, instead of a main function, which a library does not have.

    With a real one, the JIT would be finished when that returns for the first time.
    """
    block = Block([])
    graph = FunctionGraph('no_main_function', block)
    graph.getreturnvar().concretetype = lltype.Void
    block.closeblock(Link([Constant(None, lltype.Void)], graph.returnblock))
    return graph
