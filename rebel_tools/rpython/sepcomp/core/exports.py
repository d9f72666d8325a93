"""What a core exports, found in the user's modules, annotated and widened."""

import types

from rpython.annotator import description, model
from rpython.flowspace.model import Constant

from sepcomp import api
from sepcomp.command import messages
from sepcomp.core import functions, widening
from sepcomp.interfaces import annotations
from sepcomp.jit import forcing
from sepcomp.shared import stable, templates
from sepcomp.sources import program as programs
from sepcomp.command.errors import SepcompError
from sepcomp.sources.program import place_of

MARKS = ('_sepcomp_open_', '_sepcomp_stable_')
NOT_SLOTS = ('__init__', '__del__', '__new__', '_freeze_')


class Exports(object):
    """The marked functions and classes of a core's program, and their descriptions in the annotator."""

    def __init__(self, translator, program, class_names, has_jit=False):
        self.translator = translator
        self.has_jit = has_jit
        self.annotator = translator.annotator
        self.bookkeeper = translator.annotator.bookkeeper
        self.program = program
        self.class_names = class_names
        self.accessors = []
        self.abstract = []      # [(ClassDef, name)] of methods that the core calls but the class does not have
        self.implied_classes, self.implied_functions = set(), set()
        self.look()

    def look(self):
        """Find what is marked in the modules that are loaded; functions may import more when they are annotated."""
        self.modules = self.program.modules()
        self.class_names.refresh()
        self.names, self.owners = programs.function_names(self.modules, self.class_names)
        self.paths = programs.prebuilt_paths(self.modules, self.class_names)
        self.mark_packages(api.PACKAGES)
        self.classes = self.find_classes('_sepcomp_open_')
        self.stable = self.find_classes('_sepcomp_stable_')
        self.functions = [f for f in self.names if hasattr(f, '_sepcomp_export_') and not templates.is_generic(f)]
        self.functions.sort(key=self.names.get)

    def mark_packages(self, packages):
        """Mark the classes and functions in the modules of export_package(), except those that cannot be exported."""
        for name in packages:
            found = [module for module in self.modules if (module + '.').startswith(name + '.')]
            if not found:
                raise SepcompError('%s:1: export_package(%r): this is no module below the folders of the program' % (
                    self.program.main, name))
            for cls in self.class_names.paths:
                if (cls.__module__ in found and not set(MARKS) & set(vars(cls)) and not vars(cls).get('_mixin_')
                        and not is_frozen(cls) and not (self.has_jit and forcing.is_virtualizable(cls))):
                    cls._sepcomp_open_ = True
                    self.implied_classes.add(cls)
            for func in self.names:
                is_function = func not in self.owners or is_frozen(self.owners[func]) and func.__name__ not in NOT_SLOTS
                if func.__module__ in found and is_function and not hasattr(func, '_sepcomp_export_'):
                    func._sepcomp_export_ = None
                    self.implied_functions.add(func)

    def find_classes(self, mark):
        return dict((path, cls) for cls, path in self.class_names.paths.items() if mark in vars(cls))

    # ---------------------------------------------------------------- annotation

    def annotate(self):
        self.annotator.complete_pending_blocks()
        if self.program.modules() != self.modules:
            self.look()
        self.classdefs()
        for value in self.exported_objects().values():
            with self.bookkeeper.at_position(None):
                self.bookkeeper.immutablevalue(value)
        for func in self.functions:
            if func._sepcomp_export_ is not None:
                self.call_explicitly(func)
        self.widen()
        self.add_abstract_methods()
        self.check_implied()
        self.add_accessors()

    def widen(self):
        self.annotator.complete()
        widening.to_fixpoint(self.annotator, self.promised_functions, self.classdefs)

    def call_explicitly(self, func):
        """Annotate a call of a function or method with the types of its @export(...)."""
        name = self.names[func]
        cls = self.owner(func)
        args_s = [annotations.of_type(t, self.bookkeeper) for t in func._sepcomp_export_]
        expected = func.func_code.co_argcount - (cls is not None)
        if not expected - len(func.func_defaults or ()) <= len(args_s) <= expected:
            raise SepcompError('%s: @export gives %d types, %s takes %d arguments' % (
                place_of(func), len(args_s), name, expected))
        if cls is None or func.__name__ in NOT_SLOTS or is_frozen(cls):
            s_func = model.SomePBC([self.bookkeeper.getdesc(func)])
            if cls is not None and is_frozen(cls):
                args_s.insert(0, self.frozen_instances(func, cls))
            elif cls is not None:
                args_s.insert(0, model.SomeInstance(self.bookkeeper.getuniqueclassdef(cls)))
        else:
            with self.bookkeeper.at_position(None):
                s_func = self.bookkeeper.getuniqueclassdef(cls).s_getattr(func.__name__, {})
        with messages.placed(func):
            self.bookkeeper.emulate_pbc_call(('sepcomp', name), s_func, args_s)
        if hasattr(func, '_sepcomp_result_'):
            for graph in self.bookkeeper.getdesc(func).getgraphs():
                self.returns(graph, annotations.of_type(func._sepcomp_result_[0], self.bookkeeper))

    def frozen_instances(self, func, cls):
        """The annotation of `self` in a method of frozen objects: all prebuilt instances."""
        found = [value for path, value in sorted(self.paths.values(), key=lambda item: item[0])
                 if isinstance(value, cls)]
        if not found:
            raise SepcompError('%s: %s is a method of frozen objects, and no module holds one' % (
                place_of(func), self.names[func]))
        return model.SomePBC(map(self.bookkeeper.getdesc, found))

    def returns(self, graph, s_result):
        """Add `s_result` to what the annotator takes as the result of a function, whatever its body returns."""
        self.annotator.addpendingblock(graph, graph.returnblock, [s_result])

    def owner(self, func):
        """The class whose method `func` is, None for a plain function."""
        return self.owners.get(func)

    def funcdesc(self, func):
        """The FunctionDesc of `func` if the annotator has seen it, else None."""
        desc = self.bookkeeper.descs.get(Constant(func))
        return desc if desc is not None and desc.getgraphs() else None

    def promised_functions(self):
        """[(FunctionDesc, ClassDef or None)] of everything that an extension may call."""
        found = []
        for func in self.promised():
            desc, cls = self.funcdesc(func), self.owner(func)
            if desc is not None:
                has_self = cls is not None and desc.signature.argnames and not self.is_static(cls, func)
                is_method = has_self and not is_frozen(cls)
                found.append((desc, self.bookkeeper.getuniqueclassdef(cls) if is_method else None))
        return found + [(opened, None) for opened in sorted(functions.opened, key=lambda opened: opened.name)]

    def is_static(self, cls, func):
        return isinstance(vars(cls).get(func.__name__), staticmethod)

    def promised(self):
        methods = [f for f in self.names if self.owner(f) in self.classes.values() and f not in self.functions
                   and not templates.is_generic(f)]
        return self.functions + self.accessors + sorted(methods, key=self.names.get)

    def classdefs(self):
        found = dict(self.classes, **self.stable)
        found = dict((name, cls) for name, cls in found.items() if self.is_promised(cls))
        return [self.bookkeeper.getuniqueclassdef(found[name]) for name in sorted(found)]

    def is_used(self, cls):
        desc = self.bookkeeper.descs.get(Constant(cls))
        return desc is not None and desc.classdef is not None

    def add_accessors(self):
        made = stable.add_accessors(self)
        self.names.update(made)
        self.owners.update((func, self.stable[name.rpartition('.')[0]]) for func, name in made.items())
        self.accessors = sorted(made, key=made.get)

    def check_implied(self):
        for func in list(self.functions):
            if func in self.implied_functions:
                if self.why_not(func):
                    self.functions.remove(func)
            elif self.funcdesc(func) is None:
                raise SepcompError('%s: %s is exported without types, and the core never calls it; '
                                   'write @export(types...)' % (place_of(func), self.names[func]))
            elif len(self.funcdesc(func).getgraphs()) != 1:
                self.functions.remove(func)     # a memo function

    def why_not(self, func):
        """Why the function of an exported package is not exported, '' if it is."""
        desc = self.funcdesc(func)
        if desc is None:
            return 'arguments without types: the core never calls it, write @export(types...)'
        return 'several versions' if len(desc.getgraphs()) != 1 else ''

    # ---------------------------------------------------------------- openness

    def is_open_class(self, cls):
        """Whether extensions may subclass it."""
        return any('_sepcomp_open_' in vars(base) for base in getattr(cls, '__mro__', (cls,)))

    def open_classdefs(self):
        return [classdef for classdef in self.classdefs() if classdef.name not in self.stable]

    def slot_owners(self):
        """The classes in whose vtable an extension's class may put a method of its own."""
        found = set(base for classdef in self.open_classdefs() for base in classdef.getmro())
        return sorted(found, key=lambda classdef: classdef.name)

    def add_abstract_methods(self):
        """Add methods that the core calls through an open class, and that only its subclasses have, to the class
        itself.

        So the class has a slot, which extensions fill or inherit. The added method raises AttributeError, as Python
        does for a missing method.
        """
        for classdef in self.open_classdefs():
            for name, attr in sorted(classdef.attrs.items()):
                descs = sorted(methods_of(attr.s_value), key=lambda desc: desc.originclassdef.name)
                if descs and classdef.classdesc.lookup(name) is None:
                    like = descs[0].funcdesc
                    function = functions.raising(name, like.signature, like.defaults, 'AttributeError', like.pyobj)
                    classdef.classdesc.add_source_attribute(name, function)
                    classdef.add_source_for_attribute(name, classdef.classdesc)
                    self.abstract.append((classdef, name))
        self.widen()

    def put_slots(self):
        """Place each called method of an open class at the topmost open class that has it."""
        for classdef, name in self.abstract:
            self.call_everywhere(classdef, name)
        for classdef in self.open_classdefs():
            for name, value in sorted(vars(classdef.classdesc.pyobj).items()):
                if isinstance(value, types.FunctionType) and self.is_slot(value):
                    top = self.topmost(classdef, name)
                    with self.bookkeeper.at_position(None):
                        top.find_attribute(name)
                    self.call_everywhere(top, name)
        self.widen()

    def call_everywhere(self, top, name):
        """Annotate one call of the slot on `top` with the arguments of all implementations, so that they become one
        call family.
        """
        s_methods = top.s_getattr(name, {})
        rows = [self.arguments(desc.funcdesc) for desc in s_methods.descriptions if desc.funcdesc.getgraphs()]
        if not rows:
            return
        if len(set(map(len, rows))) != 1:
            raise SepcompError('%s: implementations of %s.%s take different numbers of arguments' % (
                place_of(top.classdesc.pyobj), top.name, name))
        args_s = [model.unionof(*column) for column in zip(*rows)][1:]
        self.bookkeeper.emulate_pbc_call(('sepcomp', top, name), s_methods, args_s)
        self.annotator.complete()
        self.share_result([g for desc in s_methods.descriptions for g in desc.funcdesc.getgraphs()])

    def share_result(self, graphs):
        """Give implementations that always raise the result of the others, because an override may return."""
        results = [g.getreturnvar().annotation or model.s_ImpossibleValue for g in graphs]
        s_result = model.unionof(*results)
        for graph, s in zip(graphs, results):
            if s == model.s_ImpossibleValue != s_result:
                self.returns(graph, s_result)

    def arguments(self, desc):
        [graph] = desc.getgraphs()
        return [v.annotation for v in graph.getargs()]

    def is_slot(self, func):
        desc = self.funcdesc(func)
        return (desc is not None and func.__name__ not in NOT_SLOTS and len(desc.getgraphs()) == 1
                and not templates.is_generic(func))

    def topmost(self, classdef, name):
        top = classdef
        for base in classdef.getmro():
            if base.classdesc.pyobj in self.classes.values() and name in base.classdesc.classdict:
                top = base
        return top

    def open_functions(self):
        """The FunctionDescs with which extensions may share a call: methods of open classes, and of slots in them."""
        found = set(functions.opened)
        for classdef in self.slot_owners():
            found.update(method.funcdesc for attr in classdef.attrs.values() for method in methods_of(attr.s_value))
        for func, cls in self.owners.items():
            if cls in self.classes.values() and func.__name__ not in NOT_SLOTS and self.funcdesc(func):
                found.add(self.funcdesc(func))
        return set(desc for desc in found if desc.pyobj is None or not templates.is_generic(desc.pyobj))

    # ---------------------------------------------------------------- prebuilt objects

    def exported_objects(self):
        """{path: object} of instances of exported classes that modules or frozen objects hold."""
        owners = set(self.modules) | set(path for path, value in self.paths.values() if hasattr(value, '_freeze_'))
        found = {}
        for path, value in self.paths.values():
            cls = getattr(value, '__class__', None)
            if path.rpartition('.')[0] in owners and cls in self.classes.values() and self.is_promised(cls):
                found[path] = value
        return found

    def is_promised(self, cls):
        return cls not in self.implied_classes or self.is_used(cls)


def is_frozen(cls):
    """Whether instances are constants, like an object space."""
    return hasattr(cls, '_freeze_')


def methods_of(s_value):
    """The MethodDescs of the value of an attribute."""
    if isinstance(s_value, model.SomePBC) and s_value.getKind() is description.MethodDesc:
        return s_value.descriptions
    return []
