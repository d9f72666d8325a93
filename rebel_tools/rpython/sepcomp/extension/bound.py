"""The core from the side of an extension: its interface, and what the extension has used of it so far.

Everything is made on first use, so the cost of a translation depends on what the extension uses, not on the core's
size.
"""

import os
import types

from rpython.annotator import description, model, specialize
from rpython.annotator.classdesc import ClassDef
from rpython.annotator.model import AnnotatorError
from rpython.rtyper.lltypesystem import lltype

from sepcomp.core import functions
from sepcomp.extension import imported
from sepcomp.interfaces import annotations, classnames
from sepcomp.passes import graphs
from sepcomp.shared import ownvalues, parameters, stable, templates
from sepcomp.sources import program as programs
from sepcomp.interfaces.annotations import describe
from sepcomp.command.errors import InterfaceError


class Before(object):
    """What the core's modules held before the extension was loaded, which may register its own objects there."""

    def __init__(self, program, names):
        modules = program.modules()
        self.modules = dict((name, modules[name]) for name in names if name in modules)
        self.classes = templates.own_classes(self.modules)
        self.paths = programs.prebuilt_paths(self.modules, classnames.Names(program, first=names))


class Core(object):
    """The interface of a core, bound to one translation of an extension.

    imported: {container or function object: C name} of everything that the extension's C code refers to.
    """

    def __init__(self, data, digest, program, class_names, before):
        self.data = data
        self.before = before
        self.digest = digest
        self.bookkeeper = None      # known at the latest when bind() is called
        self.imported = {}
        self.pointers = {}
        self.folders = program.folders
        modules = program.modules()
        self.modules = dict((name, modules[name]) for name in data['sources'] if name in modules)
        self.class_names = class_names
        self.shared = shared_classes(data)
        class_names.private = self.is_private
        self.names, self.owners = programs.function_names(self.modules, class_names, self.owns_class)
        later = dict((name, module) for name, module in self.modules.items() if name not in before.modules)
        self.paths = dict(programs.prebuilt_paths(later, class_names, self.modules).items() + before.paths.items())
        self.objects = dict(self.paths.values())
        self.used = templates.Used(self.modules)
        self.own = ownvalues.Own(program, class_names, data['sources'], self.owns_class)
        self.contracts = functions.Contracts(self)
        self.check_sources()

    def bind(self, bookkeeper):
        """Called with the first class: a bookkeeper asks for the standard exceptions while it is being made."""
        if self.bookkeeper is None:
            self.bookkeeper = bookkeeper
            self.decoder = annotations.Decoder(bookkeeper, self.classdef_of, self.object_at, self.own,
                                               self.contracts.decode)

    @property
    def translator(self):
        return self.bookkeeper.annotator.translator

    def check_sources(self):
        for name, module in sorted(self.modules.items()):
            files = self.files_of(name)
            if len(files) > 1:
                raise InterfaceError('%s:1: this is module %s of the core or hides it, for there is another one in %s: '
                                     'one program can have one module of this name; rename one of them' % (
                                         files[0], name, os.path.dirname(files[1])))
            if programs.fingerprint(module) != self.data['sources'][name]:
                raise InterfaceError('%s:1: module %s has changed since the core %s was built; build the core again' % (
                    programs.source_of(module), name, self.data['library']))

    def files_of(self, name):
        """The files that can be the module with this name, that of the extension first."""
        base = os.path.join(*name.split('.'))
        found = [os.path.join(folder, path) for folder in self.folders
                 for path in (base + '.py', os.path.join(base, '__init__.py'))]
        kept = []
        for path in found:
            if os.path.exists(path) and not any(os.path.samefile(path, other) for other in kept):
                kept.append(path)
        return kept

    def decode(self, data):
        return self.decoder.decode(data)

    # ---------------------------------------------------------------- functions

    def owns_function(self, pyfunc):
        return getattr(pyfunc, '__module__', None) in self.modules

    def owns_class(self, cls):
        """Whether the core has this class, too; its functions may make others for the extension.

        An exception class without a path, such as those that a function makes for each format of a message, is caught
        as its base; then each library has a class of its own.
        """
        if cls.__module__ not in self.modules or issubclass(cls, BaseException) and cls not in self.class_names.paths:
            return False
        return cls in self.before.classes or cls.__module__ not in self.before.modules

    def is_template(self, pyfunc):
        """Whether the extension compiles this function of the core."""
        is_mixin = '_mixin_' in vars(self.owners.get(pyfunc, object))
        return pyfunc not in self.names or is_mixin or templates.is_generic(pyfunc)

    def function_entry(self, pyfunc):
        """The interface's entry of a function of the core; AnnotatorError if it has none."""
        name = self.names[pyfunc]
        if name in self.data['functions']:
            return self.data['functions'][name]
        raise AnnotatorError('%s belongs to the core %s but is not exported: %s' % (
            name, self.data['name'], self.why_not(name)))

    def why_not(self, name):
        if name in self.data['refused']:
            return 'its signature holds %s' % self.data['refused'][name]
        if self.data['classes'].get(name.rpartition('.')[0], {}).get('open'):
            return 'the core never calls it, so that nothing says its types; write @export(types...) above it'
        return 'mark it with @export in the core'

    def function_desc(self, pyfunc, name, signature, defaults):
        if getattr(pyfunc, '_annspecialcase_', '') == 'specialize:memo':
            return description.MemoDesc(self.bookkeeper, pyfunc, name, signature, defaults, self.specialize_memo)
        entry = self.function_entry(pyfunc)
        desc = description.FunctionDesc(self.bookkeeper, pyfunc, name, signature, defaults, self.specialize)
        desc.sepcomp_entry = entry
        return desc

    def specialize(self, desc, inputcells):
        """The graph of an imported function, with the arguments that the interface states.

        If an instance may be None here but not in the core, there is another graph that checks for None.
        """
        declared = [self.decode(arg) for arg in desc.sepcomp_entry['args']]
        checked = []
        for i, (s_declared, s_given) in enumerate(zip(declared, inputcells)):
            if not imported.accepts(s_declared, s_given):
                if not imported.accepts(s_declared, without_none(s_given, s_declared)):
                    raise AnnotatorError('argument %s of %s of the core is %s, it was given %s' % (
                        desc.signature.argnames[i], self.names[desc.pyobj], describe(s_declared), describe(s_given)))
                declared[i] = model.SomeInstance(s_declared.classdef, can_be_None=True)
                checked.append(desc.signature.argnames[i])
        inputcells[:] = declared
        return desc.cachedgraph(tuple(checked) or None, builder=lambda translator, pyfunc: self.stub(desc, checked))

    def specialize_memo(self, desc, inputcells):
        """A memo function of the core: computed here for constants of the extension, otherwise a call of the core."""
        from sepcomp.shared import memo
        if all(s.is_constant() for s in inputcells) and not all(memo.is_of_core(self, s.const) for s in inputcells):
            self.used.ran(desc.pyobj, [s.const for s in inputcells])
            return specialize.memo(desc, inputcells)
        desc.sepcomp_entry = self.function_entry(desc.pyobj)
        return self.specialize(desc, inputcells)

    def stub(self, desc, checked=()):
        """A graph that calls the exported function. checked: names of arguments that must not be None."""
        target = imported.ImportedCall(self, desc.name, desc.sepcomp_entry)
        if checked:
            return graphs.checking_graph(self.translator, desc, target, checked)
        graph = graphs.call_graph(desc, target)
        self.translator.graphs.append(graph)
        return graph

    def function_pointer(self, symbol, FUNC, canraise=True, collects=True):
        """A low-level pointer to a function that the core exports."""
        key = symbol, FUNC
        if key not in self.pointers:
            pointer = lltype.functionptr(FUNC, symbol, external='C', canraise=canraise, _callable=None,
                                         random_effects_on_gcobjs=collects)
            self.imported[pointer._obj] = symbol
            self.pointers[key] = pointer
        return self.pointers[key]

    # ---------------------------------------------------------------- classes

    def class_entry(self, classdesc):
        """The interface's entry of a class, None for a class of the extension."""
        return self.data['classes'].get(classdesc.name)

    def is_private(self, cls):
        """Whether core and extension each have their own version of a class of rpython's library.

        No signature passes instances between them, so each version has the fields and methods that its library uses.
        """
        return is_of_library(cls.__module__) and not issubclass(cls, BaseException) and (
            classnames.default(cls) not in self.shared)

    def classdef_of(self, name):
        return self.bookkeeper.getuniqueclassdef(self.find_class(name))

    def object_at(self, path):
        """The frozen object with this path.  Both sides walk the same modules in the same order."""
        return self.objects[path]

    def find_class(self, name):
        """The class with this name; the module that defines it may not have been imported yet."""
        import importlib
        entry = self.data['classes'].get(name)
        if entry is not None:
            importlib.import_module(entry['module'])
        cls = self.class_names.find(name)
        if cls is None:
            raise AnnotatorError('no module of the core %s leads to its class %s' % (self.data['name'], name))
        return cls

    def restore_class(self, classdesc, entry):
        """The ClassDef of a class of the core: attributes as the core's annotator found them, and frozen."""
        self.bind(classdesc.bookkeeper)
        base = classdesc.basedesc and classdesc.basedesc.name
        if base != entry['base']:
            raise AnnotatorError('class %s cannot be used by extensions: no module of the core leads to its base %s' % (
                classdesc.name, entry['base']))
        if classdesc.basedesc is not None:
            classdesc.basedesc.getuniqueclassdef()      # its attributes may lead here
            if classdesc.classdef is not None:
                return classdesc.classdef
        classdef = ClassDef(self.bookkeeper, classdesc)
        self.bookkeeper.classdefs.append(classdef)
        classdesc.classdef = classdef
        classdef.sepcomp_entry = entry
        for name, (readonly, data) in sorted(entry['attrs'].items()):
            s_value, why = self.decode(data), imported.why_fixed(data)
            classdef.attrs[name] = imported.ImportedAttribute(name, s_value, readonly, why=why)
        for name, slot in sorted(entry['slots'].items()):
            classdef.attrs[name] = imported.ImportedAttribute(name, model.s_ImpossibleValue, True, is_slot=True)
            self.add_contract(classdef, classdef, name, slot)
        for name in sorted(entry['results']):
            self.refine(classdef, name, entry['results'][name])
        self.add_templates(classdef)
        if entry['stable']:
            stable.restore_accessors(self, classdef, imported.ImportedAttribute)
        if entry['open'] and '__del__' in classdesc.classdict:
            s_del = classdesc.s_read_attribute('__del__')
            self.bookkeeper.emulate_pbc_call(classdef, s_del, [model.SomeInstance(classdef)])
        return classdef

    def add_templates(self, classdef):
        """Methods that the core has no single version of, and those of rpython's library."""
        cls = classdef.classdesc.pyobj
        below = [c for c in templates.subclasses(cls) if self.owns_class(c) or is_of_library(c.__module__)]
        in_vtable = dict(classdef.sepcomp_entry['vtable_layout'])
        for name, value in sorted(vars(cls).items()):
            if (isinstance(value, types.FunctionType) and name not in classdef.attrs and not name.startswith('__')
                    and in_vtable.get('cls_' + name, 'Void') == 'Void'      # else the core has several implementations
                    and (templates.is_generic(value) or is_of_library(cls.__module__))
                    and not any(name in vars(other) for other in below)):
                method = self.bookkeeper.getmethoddesc(self.bookkeeper.getdesc(value), classdef, None, name)
                classdef.attrs[name] = imported.ImportedAttribute(name, model.SomePBC([method]), True, why=(
                    ' of which each use has a version, so that nothing can override it'))
                classdef.sepcomp_templates = getattr(classdef, 'sepcomp_templates', ()) + (name,)

    def refine(self, classdef, name, result):
        """Below its owner, a slot may promise a more precise result."""
        owner = classdef.get_owner(name)
        if owner is None or owner is classdef or getattr(owner, 'sepcomp_entry', None) is None:
            return
        if name in owner.sepcomp_entry['slots'] and classdef.basedef.sepcomp_entry['results'].get(name) != result:
            self.add_contract(classdef, owner, name, owner.sepcomp_entry['slots'][name])

    def add_contract(self, classdef, owner, name, slot):
        """A MethodDesc without a body: what a call through an instance of `classdef` may be given and return."""
        desc = parameters.contract(self.bookkeeper, '%s.%s' % (classdef.name, name), slot,
                                   self.defaults_of(classdef.classdesc.pyobj, name), self.specialize_contract)
        desc.sepcomp_result = classdef.sepcomp_entry['results'].get(name, slot['result'])
        method = self.bookkeeper.getmethoddesc(desc, classdef, None, name)
        attr = owner.attrs[name]
        attr.s_value = model.unionof(attr.s_value, model.SomePBC([method]))

    def defaults_of(self, cls, name):
        """Those of a method, which only subclasses may have."""
        found = [c for c in [cls] + templates.subclasses(cls) if hasattr(c, name) and self.owns_class(c)]
        return getattr(found[0], name).im_func.func_defaults if found else None

    def specialize_contract(self, desc, inputcells):
        declared = [self.decode(arg) for arg in desc.sepcomp_slot['args']]
        for i, (s_declared, s_given) in enumerate(zip(declared, inputcells)):
            if not imported.accepts(s_declared, s_given):
                raise AnnotatorError('argument %s of method %s of the core is %s, it was given %s' % (
                    desc.signature.argnames[i], desc.name, describe(s_declared), describe(s_given)))
        inputcells[:] = declared

        def build(translator, pyfunc):
            graph = graphs.call_graph(desc, imported.Contract(self, desc.name, desc.sepcomp_result))
            translator.graphs.append(graph)
            return graph
        return desc.cachedgraph(None, builder=build)

    # ---------------------------------------------------------------- prebuilt objects

    def container(self, value):
        """[symbol, annotation, low-level type] of a list or dict that the core exports, None for others."""
        if type(value) not in (list, dict) or id(value) not in self.paths:
            return None
        return self.data['containers'].get(self.paths[id(value)][0])

    def prebuilt(self, value):
        """[symbol, class name] of an object that the core's modules hold, None for one of the extension's."""
        found = self.paths.get(programs.identity(value))
        if found is None or isinstance(value, tuple):
            return None
        path = found[0]
        if path not in self.data['prebuilt']:
            raise AnnotatorError('%s belongs to the core %s, which does not export it: only instances of exported '
                                 'classes can be shared; use an exported function' % (path, self.data['name']))
        return self.data['prebuilt'][path]


def without_none(s_given, s_declared):
    """The annotation `s_given` without None, for an argument that must not be None."""
    if isinstance(s_declared, model.SomeInstance) and isinstance(s_given, model.SomeNone):
        return s_declared
    if isinstance(s_given, model.SomeInstance):
        return model.SomeInstance(s_given.classdef, flags=s_given.flags)
    return s_given


def is_of_library(modname):
    return modname.startswith('rpython.')


def shared_classes(data):
    """The names of the classes that functions, attributes and objects of an interface lead to, with all that derives
    from them and all that they derive from."""
    classes, found = data['classes'], set()
    opened = [entry for entry in classes.values() if entry['open']]
    todo = [data['functions'], data['prebuilt'], [name for name in classes if classes[name]['open']], opened]
    below = {}
    for name, entry in classes.items():
        below.setdefault(entry['base'], []).append(name)
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value.values()
        elif isinstance(value, (list, tuple)):
            todo += value
        elif isinstance(value, str) and value in classes and value not in found:
            found.add(value)
            todo += [classes[value], below.get(value, [])]
    return found
