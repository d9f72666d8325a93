"""The core's side of the interface: annotations of functions, classes and slots as plain data.

A function has two signatures.  `args` and `result` are what the annotator found for the function itself: calls by an
extension must match them.  `ll` is its type in C after normalisation, where all functions of a call table take the same
arguments.  A class states for each slot (method that may be overridden) what a call through an instance of that class
may return; an override may return nothing more general.
"""

from rpython.annotator import description, model
from rpython.rtyper import rclass
from rpython.rtyper.lltypesystem import lltype

from sepcomp.interfaces import annotations, lltexts, names
from sepcomp.shared import parameters, stable, templates


def before_normalisation(exports):
    """{function object: (args, result)} and {(class name, slot): result} while annotations are still precise."""
    signatures = {}
    for func in exports.promised():
        desc = exports.funcdesc(func)
        if desc is not None and len(desc.getgraphs()) == 1:
            [graph] = desc.getgraphs()
            signatures[func] = [v.annotation for v in graph.getargs()], graph.getreturnvar().annotation
    contracts = {}
    for classdef in sorted(set(exports.classdefs()) | set(exports.slot_owners()), key=lambda classdef: classdef.name):
        for owner in classdef.getmro():
            for name, attr in owner.attrs.items():
                s_result = contract(classdef, attr.s_value)
                if s_result is not None:
                    contracts.setdefault((classdef.name, name), s_result)
    return signatures, contracts


def contract(classdef, s_value):
    """What a call of this method through an instance of `classdef` may return; None if it is no called method."""
    if not isinstance(s_value, model.SomePBC) or s_value.getKind() is not description.MethodDesc:
        return None
    if any(templates.is_generic(desc.funcdesc.pyobj) for desc in s_value.descriptions):
        return None
    s_methods = classdef.lookup_filter(s_value)
    if not isinstance(s_methods, model.SomePBC):
        return None
    graphs = [g for desc in s_methods.descriptions for g in desc.funcdesc.getgraphs()]
    results = [g.getreturnvar().annotation for g in graphs]
    return model.unionof(*results) if results else None


class Description(object):
    """Builds the interface's functions and classes after rtyping."""

    def __init__(self, exports, rtyper, signatures, contracts):
        self.exports = exports
        self.rtyper = rtyper
        self.signatures = signatures
        self.contracts = contracts
        self.refused = {}               # {function or attribute: reason}, for the extension's error messages

    def functions(self):
        found = {}
        for func in self.exports.implied_functions:
            if self.exports.why_not(func):
                self.refused[self.exports.names[func]] = self.exports.why_not(func)
        for func in self.exports.promised():
            if func in self.signatures:
                name = self.exports.names[func]
                try:
                    found[name] = self.function(func, names.function(name))
                except annotations.Unsupported as e:
                    self.refused[name] = str(e)
        return found

    def function(self, func, symbol):
        [graph] = self.exports.funcdesc(func).getgraphs()
        args, result = self.signatures[func]
        entry = {
            'symbol': symbol,
            'args': [annotations.encode(s) for s in args],
            'result': annotations.encode(result),
            'll_args': [annotations.encode(v.annotation) for v in graph.getargs()],
            'll_result': annotations.encode(graph.getreturnvar().annotation),
            'll': lltexts.text(lltype.typeOf(self.rtyper.getcallable(graph)).TO),
        }
        if func in self.exports.accessors:
            entry['symbol'] = stable.symbol_of(symbol, entry)
        return entry

    def classes(self, reads):
        """{name: entry}; reads: classvalues.Reads."""
        found = {}
        for classdef in self.exports.bookkeeper.classdefs:
            if classdef.repr is not None and rclass.getgcflavor(classdef) == 'gc':
                found[classdef.name] = self.a_class(classdef)
                found[classdef.name]['class_reads'] = sorted(reads.attributes.get(classdef.classdesc.pyobj, ()))
        return found

    def a_class(self, classdef):
        r_class = rclass.getclassrepr(self.rtyper, classdef)
        r_instance = rclass.getinstancerepr(self.rtyper, classdef)
        self.rtyper.call_all_setups()
        is_stable = classdef.name in self.exports.stable
        return {
            'module': self.module_of(classdef),
            'base': classdef.basedef and classdef.basedef.name,
            'open': self.is_open(classdef),
            'vtable': names.vtable(classdef.name),
            'stable': is_stable,
            'instance_layout': [] if is_stable else lltexts.layout(r_instance.object_type),
            'vtable_layout': lltexts.layout(r_class.vtable_type),
            'attrs': {} if is_stable else self.attributes(classdef),
            'slots': self.slots(classdef),
            'results': self.results(classdef),
            'immutable_fields': [] if is_stable else sorted(classdef.classdesc.immutable_fields),
        }

    def module_of(self, classdef):
        """The module whose import makes the class."""
        name = classdef.classdesc.pyobj.__module__
        names = [m for m in self.exports.modules if classdef.name.startswith(m + '.')]
        return max(names, key=len) if names else name

    def is_open(self, classdef):
        pyobj = classdef.classdesc.pyobj
        return pyobj in self.exports.classes.values() or classdef.classdesc.is_builtin_exception_class()

    def attributes(self, classdef):
        """{name: [readonly, annotation]} of the data attributes that an interface can describe."""
        found = {}
        for name, attr in classdef.attrs.items():
            if self.contract_of(classdef, name) is not None:
                continue
            try:
                found[name] = [bool(attr.readonly), annotations.encode(attr.s_value)]
            except annotations.Unsupported as e:
                self.refused['%s.%s' % (classdef.name, name)] = str(e)
        return found

    def contract_of(self, classdef, name):
        return self.contracts.get((classdef.name, name))

    def slots(self, classdef):
        """{name: signature} of the methods whose slot is in the vtable of this class."""
        found = {}
        r_class = rclass.getclassrepr(self.rtyper, classdef)
        for name in classdef.attrs:
            if self.contract_of(classdef, name) is None or name not in r_class.clsfields:
                continue
            r_func = r_class.clsfields[name][1]
            if r_func.lowleveltype is lltype.Void:      # one function for ever: the class is not open
                continue
            try:
                found[name] = self.slot(r_func)
            except annotations.Unsupported as e:
                self.refused['%s.%s' % (classdef.name, name)] = str(e)
        return found

    def slot(self, r_func):
        [row] = r_func.uniquerows
        descs = sorted(row, key=lambda desc: desc.name)
        graph = row[descs[0]]._obj.graph
        defaults, named = parameters.of_slot(r_func.callfamily, descs, len(graph.getargs()))
        return {
            'args': [annotations.encode(v.annotation) for v in graph.getargs()],
            'result': annotations.encode(graph.getreturnvar().annotation),
            'argnames': list(graph.signature.argnames),
            'defaults': defaults,
            'named': named,
            'll': lltexts.text(r_func.lowleveltype.TO),
        }

    def results(self, classdef):
        found = {}
        for (classname, name), s_result in self.contracts.items():
            if classname == classdef.name:
                try:
                    found[name] = annotations.encode(s_result)
                except annotations.Unsupported as e:
                    self.refused['%s.%s' % (classname, name)] = str(e)
        return found
