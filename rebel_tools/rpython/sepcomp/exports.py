"""What a core exports, found in the user's modules, annotated and widened."""

import types

from rpython.annotator import model

from sepcomp import annotations, program as programs, stable, widening
from sepcomp.errors import SepcompError

NOT_SLOTS = ('__init__', '__del__', '__new__')


class Exports(object):
    """The marked functions and classes of a core's program, and their descriptions in the annotator."""

    def __init__(self, translator, program):
        self.translator = translator
        self.annotator = translator.annotator
        self.bookkeeper = translator.annotator.bookkeeper
        self.modules = program.modules()
        self.names = programs.function_names(self.modules)
        self.paths = programs.prebuilt_paths(self.modules)
        self.classes = self.find_classes('_sepcomp_open_')
        self.stable = self.find_classes('_sepcomp_stable_')
        self.accessors = []
        self.functions = [f for f in self.names if hasattr(f, '_sepcomp_export_') and '.' in self.names[f]]
        self.functions.sort(key=self.names.get)

    def find_classes(self, mark):
        found = {}
        for modname in sorted(self.modules):
            for value in vars(self.modules[modname]).values():
                if isinstance(value, (type, types.ClassType)) and mark in vars(value):
                    found['%s.%s' % (value.__module__, value.__name__)] = value
        return found

    # ---------------------------------------------------------------- annotation

    def annotate(self):
        self.classdefs()
        for value in self.exported_objects().values():
            with self.bookkeeper.at_position(None):
                self.bookkeeper.immutablevalue(value)
        for func in self.functions:
            if func._sepcomp_export_ is not None:
                self.call_explicitly(func)
        self.annotator.complete()
        widening.to_fixpoint(self.annotator, self.promised_functions, self.classdefs)
        self.check_implied()
        self.add_accessors()

    def call_explicitly(self, func):
        """Annotate a call of a function or method with the types of its @export(...)."""
        name = self.names[func]
        cls = self.owner(func)
        args_s = [annotations.of_type(t, self.bookkeeper) for t in func._sepcomp_export_]
        expected = func.func_code.co_argcount - (cls is not None)
        if not expected - len(func.func_defaults or ()) <= len(args_s) <= expected:
            raise SepcompError('%s: @export gives %d types, %s takes %d arguments' % (
                where(func), len(args_s), name, expected))
        if cls is None or func.__name__ in NOT_SLOTS:
            s_func = model.SomePBC([self.bookkeeper.getdesc(func)])
            if cls is not None:
                args_s.insert(0, model.SomeInstance(self.bookkeeper.getuniqueclassdef(cls)))
        else:
            with self.bookkeeper.at_position(None):
                s_func = self.bookkeeper.getuniqueclassdef(cls).s_getattr(func.__name__, {})
        self.bookkeeper.emulate_pbc_call(('sepcomp', name), s_func, args_s)
        if hasattr(func, '_sepcomp_result_'):
            for graph in self.bookkeeper.getdesc(func).getgraphs():
                self.returns(graph, annotations.of_type(func._sepcomp_result_[0], self.bookkeeper))

    def returns(self, graph, s_result):
        """Let the annotator believe that the function may return this, whatever its body says."""
        self.annotator.addpendingblock(graph, graph.returnblock, [s_result])

    def owner(self, func):
        """The class whose method `func` is, None for a plain function."""
        parts = self.names[func].split('.')
        for modname, module in self.modules.items():
            if self.names[func].startswith(modname + '.') and len(parts) - modname.count('.') == 3:
                cls = getattr(module, parts[-2], None)
                if isinstance(cls, (type, types.ClassType)):
                    return cls
        return None

    def funcdesc(self, func):
        """The FunctionDesc of `func` if the annotator has seen it, else None."""
        from rpython.flowspace.model import Constant
        desc = self.bookkeeper.descs.get(Constant(func))
        return desc if desc is not None and desc.getgraphs() else None

    def promised_functions(self):
        """[(FunctionDesc, ClassDef or None)] of everything that an extension may call."""
        found = []
        for func in self.promised():
            desc, cls = self.funcdesc(func), self.owner(func)
            if desc is not None:
                is_method = cls is not None and desc.signature.argnames and not self.is_static(cls, func)
                found.append((desc, self.bookkeeper.getuniqueclassdef(cls) if is_method else None))
        return found

    def is_static(self, cls, func):
        return isinstance(vars(cls).get(func.__name__), staticmethod)

    def promised(self):
        methods = [f for f in self.names if self.owner(f) in self.classes.values() and f not in self.functions]
        return self.functions + self.accessors + sorted(methods, key=self.names.get)

    def classdefs(self):
        found = dict(self.classes, **self.stable)
        return [self.bookkeeper.getuniqueclassdef(found[name]) for name in sorted(found)]

    def add_accessors(self):
        made = stable.add_accessors(self)
        self.names.update(made)
        self.accessors = sorted(made, key=made.get)

    def check_implied(self):
        for func in self.functions:
            if self.funcdesc(func) is None:
                raise SepcompError('%s: %s is exported without types, and the core never calls it; '
                                   'write @export(types...)' % (where(func), self.names[func]))
            if len(self.funcdesc(func).getgraphs()) != 1:
                raise SepcompError('%s: %s is specialised; only functions with one version can be exported' % (
                    where(func), self.names[func]))

    # ---------------------------------------------------------------- openness

    def put_slots(self):
        """Place each called method of an open class at the topmost open class that has it."""
        for classdef in self.classdefs():
            if classdef.name in self.stable:
                continue
            for name, value in sorted(vars(classdef.classdesc.pyobj).items()):
                if isinstance(value, types.FunctionType) and self.is_slot(value):
                    top = self.topmost(classdef, name)
                    with self.bookkeeper.at_position(None):
                        top.find_attribute(name)
                    self.call_everywhere(top, name)
        self.annotator.complete()
        widening.to_fixpoint(self.annotator, self.promised_functions, self.classdefs)

    def call_everywhere(self, top, name):
        """One call of the slot on `top` with the arguments of all implementations, so that all are one family."""
        s_methods = top.s_getattr(name, {})
        rows = [self.arguments(desc.funcdesc) for desc in s_methods.descriptions if desc.funcdesc.getgraphs()]
        if not rows:
            return
        if len(set(map(len, rows))) != 1:
            raise SepcompError('%s.%s: implementations take different numbers of arguments' % (top.name, name))
        args_s = [model.unionof(*column) for column in zip(*rows)][1:]
        self.bookkeeper.emulate_pbc_call(('sepcomp', top, name), s_methods, args_s)
        self.annotator.complete()
        self.share_result([g for desc in s_methods.descriptions for g in desc.funcdesc.getgraphs()])

    def share_result(self, graphs):
        """An implementation that always raises may be overridden by one that returns, like the others of the slot."""
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
        return desc is not None and func.__name__ not in NOT_SLOTS and len(desc.getgraphs()) == 1

    def topmost(self, classdef, name):
        top = classdef
        for base in classdef.getmro():
            if base.classdesc.pyobj in self.classes.values() and name in base.classdesc.classdict:
                top = base
        return top

    def is_open_function(self, desc):
        func = desc.pyobj
        return (func in self.names and func.__name__ not in NOT_SLOTS
                and self.owner(func) in self.classes.values())

    # ---------------------------------------------------------------- prebuilt objects

    def exported_objects(self):
        """{path: object} of module globals that are instances of exported classes."""
        found = {}
        for path, value in self.paths.values():
            if getattr(value, '__class__', None) in self.classes.values() and path.count('.') == 1:
                found[path] = value
        return found


def where(func):
    return '%s:%d' % (func.func_code.co_filename, func.func_code.co_firstlineno)
