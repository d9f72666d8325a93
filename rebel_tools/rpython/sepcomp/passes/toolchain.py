"""Configuration and the passes of a translation that both sides share."""

import hashlib
import os


GCS = ('incminimark', 'minimark')
LEVELS = ('2', '3', 'mem')
JIT = 'jit'


class Options(object):
    """The options of a translation.  They are part of the interface, because core and extensions must have the same."""

    FIELDS = ('gc', 'opt', 'debug', 'type_reserve', 'thread')

    def __init__(self, gc='incminimark', opt='2', debug=False, type_reserve=1 << 17, thread=False):
        self.gc = gc
        self.opt = opt
        self.debug = debug                  # RPY_ASSERT and RPY_LL_ASSERT
        self.type_reserve = type_reserve    # bytes for the type ids of all extensions of a process
        self.thread = thread                # rthread and the GIL, see `threads`

    def check(self, is_experimental=False):
        """Raises SetupError for a core that cannot be translated; is_experimental: with --experimental-jit."""
        from sepcomp.command.errors import SetupError
        if self.has_jit():
            self.check_jit(is_experimental)
        elif is_experimental:
            raise SetupError('--experimental-jit is only for --opt jit, not for --opt %s' % self.opt)
        levels = LEVELS + (JIT,) if is_experimental else LEVELS
        for option, value, known in (('--opt', self.opt, levels), ('--gc', self.gc, GCS)):
            if value not in known:
                raise SetupError('%s %s: unknown; a core can have %s' % (option, value, ', '.join(known)))
        if self.type_reserve < 0:
            raise SetupError('--type-reserve %d: must not be negative' % self.type_reserve)

    def check_jit(self, is_experimental):
        from sepcomp.command.errors import SetupError
        if not is_experimental:
            raise SetupError('--opt jit: a core with a JIT is not finished yet; --experimental-jit tries it, '
                             '--opt 2 translates without one')
        for option, given in (('--gc %s' % self.gc, self.gc != GCS[0]), ('--thread', self.thread)):
            if given:
                raise SetupError('--opt jit with %s has never been tried; leave %s out' % (option, option))

    def has_jit(self):
        return self.opt == JIT

    def plain(self):
        return dict((name, getattr(self, name)) for name in self.FIELDS)


def configure(options, is_extension):
    from rpython.config.translationoption import get_combined_translation_config, set_opt_level
    config = get_combined_translation_config(translating=True)
    config.translation.backend = 'c'
    config.translation.gc = options.gc
    config.translation.gcrootfinder = 'shadowstack'
    config.translation.gcremovetypeptr = False     # vtables would move into the group of type ids
    config.translation.withsmallfuncsets = 0       # a closed table of functions
    config.translation.thread = options.thread
    is_outside_of_traces = is_extension and options.has_jit()
    set_opt_level(config, '2' if is_outside_of_traces else options.opt)
    return config


def make_translator(options, class_names, core=None):
    """A translator with an annotator; `core` is the bound.Core of an extension."""
    from rpython.translator.translator import TranslationContext
    from sepcomp import adapters
    from sepcomp.command import messages
    from sepcomp.core import chars
    from sepcomp.interfaces import classnames
    from sepcomp.shared import classids, openness, threads
    from sepcomp.sources import refusals
    adapters.choose().install(is_extension=core is not None)
    classnames.install(class_names)
    classids.install(is_extension=core is not None)
    openness.install()
    chars.install()
    messages.install()
    refusals.install(is_extension=core is not None)
    if options.thread:
        threads.install(is_extension=core is not None)
    if core is not None:
        from sepcomp.extension import hooks
        hooks.install(core)     # before the annotator, which makes the classes of the standard exceptions
    translator = TranslationContext(config=configure(options, core is not None))
    translator.buildannotator()
    return translator


def rtype(translator):
    translator.annotator.simplify()
    translator.buildrtyper().specialize(dont_simplify_again=True)


def optimise(translator, heads):
    """Back-end optimisations and stack checks; `heads` are graphs that the other side may call in a cycle."""
    from rpython.translator.backendopt.all import backend_optimizations
    from rpython.translator.transform import insert_ll_stackcheck
    from sepcomp.passes import graphs
    for graph in translator.graphs:
        graphs.take_only_exits(graph)
    backend_optimizations(translator, replace_we_are_jitted=True)
    insert_ll_stackcheck(translator)
    check_stack_in(translator, heads)
    translator.frozen = True


def check_stack_in(translator, graphs):
    """Insert a stack check at the start of each graph: a cycle through two libraries is invisible to both."""
    from rpython.flowspace.model import Constant, SpaceOperation
    from rpython.rlib.rstack import stack_check
    from rpython.rtyper.lltypesystem import lltype
    from rpython.translator.unsimplify import varoftype
    rtyper = translator.rtyper
    check = rtyper.getcallable(rtyper.annotate_helper(stack_check, []))
    rtyper.specialize_more_blocks()
    c_check = Constant(check, lltype.typeOf(check))
    for graph in graphs:
        operations = graph.startblock.operations
        if not any(op.opname == 'direct_call' and op.args[0] == c_check for op in operations):
            if not has_calls(graph):
                continue
            operations.insert(0, SpaceOperation('direct_call', [c_check], varoftype(lltype.Void)))
            graph.inhibit_tail_call = True


def has_calls(graph):
    return any(op.opname in ('direct_call', 'indirect_call') for block in graph.iterblocks() for op in block.operations)


PARTS = ('annotator', 'memory', 'rtyper', 'translator')


def version_of_rpython():
    """A hash over the parts of the rpython package that determine layouts and code."""
    import rpython
    root = os.path.dirname(os.path.abspath(rpython.__file__))
    total = hashlib.sha256()
    for part in PARTS:
        for folder, folders, files in os.walk(os.path.join(root, part)):
            folders[:] = sorted(f for f in folders if f != 'test')
            for name in sorted(files):
                if name.endswith(('.py', '.c', '.h')):
                    total.update(name)
                    with open(os.path.join(folder, name), 'rb') as f:
                        total.update(f.read())
    return total.hexdigest()
