"""Hooks into rpython's handling of functions, classes and objects, for those that belong to the core."""

from rpython.annotator import classdesc, model
from rpython.annotator.bookkeeper import Bookkeeper
from rpython.annotator.model import AnnotatorError
from rpython.rtyper import normalizecalls

from sepcomp.core import functions
from sepcomp.extension import imported, importreprs
from sepcomp.jit import forcing
from sepcomp.shared import classids, classvalues, containers, memo
from sepcomp.sources import program
from sepcomp.interfaces.annotations import describe

LOCKS = ('allocate_lock', 'allocate_ll_lock')


def install(core):
    Bookkeeper.newfuncdesc = newfuncdesc(core, Bookkeeper.newfuncdesc.im_func)
    Bookkeeper.immutablevalue = immutablevalue(core, Bookkeeper.immutablevalue.im_func)
    classdesc.ClassDesc._init_classdef = init_classdef(core, classdesc.ClassDesc._init_classdef.im_func)
    classdesc.ClassDesc.pycall = pycall(core, classdesc.ClassDesc.pycall.im_func)
    classdesc.ClassDef._generalize_attr = generalize_attr(core, classdesc.ClassDef._generalize_attr.im_func)
    normalizecalls.assign_inheritance_ids = assign_ids(core)
    importreprs.install(core)
    functions.install(core.contracts)
    containers.install(core)
    memo.install(core)


def newfuncdesc(core, original):
    def newfuncdesc(self, pyfunc):
        if not core.owns_function(pyfunc):
            check_lock(core, pyfunc)
            return original(self, pyfunc)
        if core.is_template(pyfunc):
            core.used.compiled(pyfunc)
            return original(self, pyfunc)
        from rpython.annotator.bookkeeper import cpython_code_signature
        signature = cpython_code_signature(pyfunc.func_code)
        return core.function_desc(pyfunc, pyfunc.__name__, signature, pyfunc.func_defaults)
    return newfuncdesc


def check_lock(core, pyfunc):
    """The C of locks is in a core with threads only."""
    if pyfunc.__module__ == 'rpython.rlib.rthread' and pyfunc.__name__ in LOCKS and not core.data['options']['thread']:
        raise AnnotatorError('rthread.%s() is called, and the core has no threads: translate the core with --thread' % (
            pyfunc.__name__,))


def immutablevalue(core, original):
    def immutablevalue(self, x):
        s_container = containers.annotation(core, x)
        if s_container is not None:
            return s_container
        if program.identity(x) in core.paths and not hasattr(x, '_freeze_'):
            found = core.prebuilt(x)
            if found is not None:
                result = model.SomeInstance(self.getuniqueclassdef(x.__class__))
                result.const = x
                return result
        return original(self, x)
    return immutablevalue


def init_classdef(core, original):
    def _init_classdef(self):
        entry = core.class_entry(self)
        if entry is not None:
            return core.restore_class(self, entry)
        if core.owns_class(self.pyobj):
            raise AnnotatorError('class %s belongs to the core %s, which does not use it' % (
                self.name, core.data['name']))
        base = self.basedesc and core.class_entry(self.basedesc)
        if base and not base['open']:
            raise AnnotatorError('class %s cannot subclass %s: the core does not mark it with @export_class' % (
                self.name, self.basedesc.name))
        classdef = original(self)
        check_definitions(core, classdef)
        return classdef
    return _init_classdef


def check_definitions(core, classdef):
    """Raises AnnotatorError for a definition in a class of an extension that the core would not use."""
    bases = [base for base in classdef.getmro() if getattr(base, 'sepcomp_entry', None) is not None]
    for base in bases:
        for name in base.sepcomp_entry['class_reads']:
            if name in classdef.classdesc.classdict or name == classvalues.CALL:
                refuse(classdef, 'the core %s' % (
                    'creates instances of classes that it gets at run time (x.__class__())' if name == classvalues.CALL
                    else 'reads %s of classes that it gets at run time (x.__class__.%s)' % (name, name)), base, name)
        for name in sorted(classdef.classdesc.classdict):
            why = core.data['refused'].get('%s.%s' % (base.name, name))
            if why is not None and not name.startswith('__'):
                refuse(classdef, 'in the core it holds %s, so that no extension can define it' % why, base, name)


def refuse(classdef, why, base, name):
    raise AnnotatorError('%s: class %s derives from %s of the core, and may not define %s: %s' % (
        program.place_of(classdef.classdesc.pyobj), classdef.name, base.name, name, why))


def pycall(core, original):
    def pycall(self, *args, **kwds):
        entry = core.class_entry(self)
        if entry is not None and not entry['open'] and core.owns_class(self.pyobj):
            raise AnnotatorError('class %s cannot be instantiated: the core does not mark it with @export_class' % (
                self.name,))
        return original(self, *args, **kwds)
    return pycall


def generalize_attr(core, original):
    def _generalize_attr(self, attr, s_value):
        if getattr(self, 'sepcomp_entry', None) is None:
            return original(self, attr, s_value)
        if attr not in self.attrs:
            why = core.data['refused'].get('%s.%s' % (self.name, attr))
            raise AnnotatorError('class %s of the core has no attribute or method %r that an extension can use%s' % (
                self.name, attr, ': ' + why if why == forcing.WHY else ''))
        found = self.attrs[attr]
        if s_value is not None and not imported.accepts(found.s_value, s_value):
            raise AnnotatorError('attribute %r of class %s is %s in the core, an extension cannot make it %s' % (
                attr, self.name, describe(found.s_value), describe(s_value)))
    return _generalize_attr


def assign_ids(core):
    def assign_inheritance_ids(annotator):
        for classdef in annotator.bookkeeper.classdefs:
            if not hasattr(classdef, 'minid'):
                classdef.minid, classdef.maxid = ids_of(core, classdef)
    return assign_inheritance_ids


def ids_of(core, classdef):
    for base in classdef.getmro():
        if getattr(base, 'sepcomp_entry', None) is not None:
            low, high = core.data['class_ids'][base.name]
            return (classids.ClassId(low), classids.ClassId(high)) if base is classdef else classids.ids_below(low)
    return classids.ids_below(None)
