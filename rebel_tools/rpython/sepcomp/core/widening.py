"""Makes annotations general enough for an interface.

The annotator is precise about the core's own calls: an argument that happens to be 5 everywhere, a result that is never
negative, a string without NUL.  Calls by an extension would not keep to that.  So the annotations of exported
functions, of methods that may be overridden and of the attributes of exported classes are made general, and the
annotator continues until nothing changes any more.
"""

from rpython.annotator import description, model

from sepcomp.core import chars, functions
from sepcomp.interfaces import classnames


def widen(s):
    """The most general annotation that an interface states for `s`."""
    cls = s.__class__
    if cls is model.SomeInteger:
        return model.SomeInteger(knowntype=s.knowntype)
    if cls is model.SomeBool:
        return model.SomeBool()
    if cls is model.SomeFloat:
        return model.SomeFloat()
    if cls in (model.SomeString, model.SomeUnicodeString):
        return cls(can_be_None=s.can_be_None)
    if cls in chars.STRINGS:
        return chars.widen(s)
    if cls is model.SomeInstance:
        return model.SomeInstance(nameable(s.classdef), can_be_None=s.can_be_None)
    if cls is model.SomeTuple:
        return model.SomeTuple([widen(item) for item in s.items])
    if cls is model.SomeList:
        return widen_list(s)
    if cls is model.SomeDict and not s.dictdef.dictkey.custom_eq_hash:
        s.dictdef.generalize_key(widen(s.dictdef.dictkey.s_value))
        s.dictdef.generalize_value(widen(s.dictdef.dictvalue.s_value))
        return model.SomeDict(s.dictdef)
    if isinstance(s, model.SomePBC) and s.getKind() is description.FunctionDesc:
        return functions.widen(s)
    return s


def nameable(classdef):
    """The class, or its nearest base that has a path: extensions cannot name a class that was made in a function."""
    found = classdef
    while found is not None and classnames.UNREACHABLE in found.name:
        found = found.basedef
    return found or classdef


def widen_constant(s):
    """The same for a constant of a class, for which a class of an extension has another."""
    if isinstance(s, model.SomePBC) and s.getKind() is description.FrozenDesc and len(s.descriptions) == 1:
        return model.SomePBC(s.descriptions, can_be_None=True)     # not the only one, see `classvalues`
    return widen(s)


def widen_list(s):
    item = s.listdef.listitem
    if item.must_not_resize:
        s.listdef.mutate()
    else:
        s.listdef.resize()
    s.listdef.generalize_range_step(None)
    if not isinstance(item.s_value, model.SomeImpossibleValue):
        s.listdef.generalize(widen(item.s_value))
    return model.SomeList(s.listdef)


def to_fixpoint(annotator, functions, classdefs):
    """Widen until nothing changes.

    functions: a callable that returns [(FunctionDesc, ClassDef of the method's class or None)] of what matters now
        (annotating may show up more).  A method takes any instance of its class, whatever the core calls it with.
    classdefs: a callable that returns the ClassDefs of the exported classes.
    """
    while True:
        changed = False
        for desc, classdef in functions():
            for graph in desc.getgraphs():
                changed |= widen_graph(annotator, graph, classdef)
        for classdef in classdefs():
            changed |= widen_attributes(classdef)
        annotator.complete()
        if not changed:
            return


def widen_graph(annotator, graph, classdef):
    changed = widen_block(annotator, graph, graph.startblock, classdef)
    return widen_block(annotator, graph, graph.returnblock) or changed


def widen_block(annotator, graph, block, classdef=None):
    before = [v.annotation for v in block.inputargs]
    if None in before:      # never reached: a function that always raises
        return False
    after = [widen(s) for s in before]
    if classdef is not None:
        after[0] = model.unionof(after[0], model.SomeInstance(classdef))
    if all(s.contains(w) and w.contains(s) for s, w in zip(before, after)):
        return False
    annotator.addpendingblock(graph, block, after)
    return True


def widen_attributes(classdef):
    changed = False
    for name, attr in sorted(classdef.attrs.items()):
        if isinstance(attr.s_value, model.SomeImpossibleValue) or is_one_static_method(classdef, name, attr):
            continue
        general = widen_constant(attr.s_value) if attr.readonly else widen(attr.s_value)
        if not attr.s_value.contains(general):
            classdef.generalize_attr(name, general)
            changed = True
    return changed


def is_one_static_method(classdef, name, attr):
    """Whether an attribute is a static method that stays constant: specialised functions may need that, and no
    extension can override it.
    """
    return (attr.readonly and attr.s_value.is_constant()
            and isinstance(vars(classdef.classdesc.pyobj).get(name), staticmethod))
