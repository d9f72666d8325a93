"""Access of extensions to fields that a trace may keep in registers or treat as constants.

A quasi-immutable field (`_immutable_fields_ = ['x?']`) is a constant in traces until it is written: each write must
invalidate these traces.  The core exports a function for each such field, which an extension calls before it writes.

The fields of a virtualizable (`_virtualizable_ = [...]`) are kept in registers while a trace runs.  An extension may
access them only through functions of the core, which write them back first: exported ones, or those of @export_stable.
Any other access is refused.
"""

from rpython.flowspace.model import Block, Constant, FunctionGraph, Link, SpaceOperation
from rpython.rtyper import rclass
from rpython.rtyper.lltypesystem import lltype
from rpython.translator.unsimplify import varoftype

from sepcomp.command.errors import SepcompError
from sepcomp.interfaces import names
from sepcomp.sources import program

FORCE = 'jit_force_quasi_immutable'
MUTATE = 'mutate_'      # rpython's prefix of the field beside a quasi-immutable one
WHY = 'it is a field of a virtualizable, which a trace may hold; use a function of the core, or @export_stable'


# ---------------------------------------------------------------- the core

def check_classes(exports):
    """Raises SepcompError for a virtualizable class that is exported with its fields."""
    for path, cls in sorted(exports.classes.items()):
        if is_virtualizable(cls):
            raise SepcompError('%s: class %s is virtualizable, and cannot be exported by @export_class: a trace may '
                               'hold its fields; use @export_stable' % (program.place_of(cls), path))


def check_functions(exports):
    """Raises SepcompError for an exported function or method that accesses a virtualizable directly.

    rpython compiles such a function for calls from traces only: it does not write back the values that a trace keeps in
    registers before it reads the fields.
    """
    for func in exports.promised():
        desc = exports.funcdesc(func)
        if desc is not None and any(getattr(graph, 'access_directly', False) for graph in desc.getgraphs()):
            raise SepcompError(
                '%s: %s is called with a virtualizable that is accessed directly, and cannot be exported; let a '
                'function with @dont_look_inside call it' % (program.place_of(func), exports.names[func]))


def is_virtualizable(cls):
    return getattr(cls, '_virtualizable_', None) is not None


def state(core):
    """Add the quasi-immutable fields to the interface and remove those of virtualizables.

    Returns {symbol: pointer} of the functions that extensions call before they write a quasi-immutable field.
    """
    made = {}
    for classdef in core.exports.bookkeeper.classdefs:
        entry = core.classes.get(classdef.name)
        if entry is None or entry['stable']:
            continue
        r_instance = rclass.getinstancerepr(core.translator.rtyper, classdef)
        entry['forced'] = {}
        for field in [name for name in r_instance.object_type._names if name.startswith(MUTATE)]:
            symbol = entry['forced'][field] = names.force(classdef.name, field[len(MUTATE):])
            made[symbol] = forcing_function(core.translator, symbol, lltype.Ptr(r_instance.object_type), field)
        for field in getattr(r_instance, 'my_redirected_fields', ()):
            name = field[len('inst_'):]
            if entry['attrs'].pop(name, None) is not None:
                core.description.refused['%s.%s' % (classdef.name, name)] = WHY
    return made


def forcing_function(translator, name, T, field):
    """A function of one instance that contains only the operation that the JIT replaces."""
    block = Block([varoftype(T)])
    graph = FunctionGraph(name, block)
    graph.getreturnvar().concretetype = lltype.Void
    block.operations.append(SpaceOperation(FORCE, block.inputargs + [Constant(field, lltype.Void)],
                                           varoftype(lltype.Void)))
    block.closeblock(Link([Constant(None, lltype.Void)], graph.returnblock))
    translator.graphs.append(graph)
    return lltype.getfunctionptr(graph)


# ---------------------------------------------------------------- an extension

def call_functions(core, rtyper, classdefs, graphs):
    """Replace the JIT's operation before each write of such a field by a call of the core's function.

    classdefs: those of the core. graphs: all graphs of the extension.
    """
    symbols = {}
    for classdef in classdefs:
        if classdef.sepcomp_entry.get('forced'):
            T = rclass.getinstancerepr(rtyper, classdef).object_type
            rtyper.call_all_setups()
            symbols.update(((T, field), symbol) for field, symbol in classdef.sepcomp_entry['forced'].items())
    for graph in graphs:
        for _, op in graph.iterblockops():
            if op.opname == FORCE and (op.args[0].concretetype.TO, op.args[1].value) in symbols:
                T = op.args[0].concretetype
                symbol = symbols[T.TO, op.args[1].value]
                pointer = core.function_pointer(str(symbol), lltype.FuncType([T], lltype.Void))
                op.opname = 'direct_call'
                op.args = [Constant(pointer, lltype.typeOf(pointer)), op.args[0]]
