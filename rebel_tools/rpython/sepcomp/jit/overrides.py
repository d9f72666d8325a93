"""Checks that the overrides of an extension that elidable functions of the core call have no effects."""

from sepcomp.command.errors import SepcompError
from sepcomp.jit import effects, promises
from sepcomp.shared import openness
from sepcomp.sources import program


def check(extension, slots, overrides):
    """Raises SepcompError for the first override with effects.  extension: an ExtensionTranslation after rtyping.

    slots: [(owner ClassDef, name, slot)]. overrides(s_methods): the MethodDescs among them that are the extension's.
    """
    found = effects.Effects(Judge(extension.core))
    for owner, name, slot in slots:
        for desc in overrides(owner.s_getattr(name, {})) if 'elidable' in slot else ():
            [graph] = desc.funcdesc.getgraphs()
            what = found.of(graph)
            if what:
                raise SepcompError(
                    '%s: %s.%s overrides a method of %s that the elidable function %s of the core calls: it must have '
                    'no effects, and %s' % (program.place_of(desc.funcdesc.pyobj), desc.originclassdef.name, name,
                                            owner.name, slot['elidable'], what))


class Judge(object):
    """The effects of calls in an extension, see effects.Effects."""

    def __init__(self, core):
        self.core = core
        self.entries = dict((entry['symbol'], (name, entry)) for name, entry in core.data['functions'].items())

    def __call__(self, op):
        if op.opname == 'direct_call':
            symbol = self.core.imported.get(op.args[0].value._obj)
            return promises.of_direct_call(op) if symbol is None else self.of_core(symbol)
        if not openness.is_open_call(op):
            return promises.callees(op) or 'calls a function that is not known'
        slots = [desc for desc in op.args[-1].row if hasattr(desc, 'sepcomp_slot')]
        for desc in sorted(slots, key=lambda desc: desc.name):
            if 'elidable' not in desc.sepcomp_slot:
                return 'calls %s of the core, which may have effects' % desc.name
        return ''

    def of_core(self, symbol):
        name, entry = self.entries.get(symbol, (symbol, {}))
        if 'effects' not in entry:
            return 'calls %s of the core, which may have effects' % name
        return effects.restore(entry['effects'], 'calls %s of the core, which changes what it is given' % name)
