"""Representations of the core's classes in an extension: rebuilt from annotations, with the layout of the interface.

A field whose annotation the interface cannot describe is replaced by one without a usable name, of the same size and of
the same kind for the GC.
"""

import sys

from rpython.rtyper import rclass, rpbc
from rpython.rtyper.error import TyperError
from rpython.rtyper.llannotation import SomePtr
from rpython.rtyper.lltypesystem import lltype

from sepcomp.extension import imported
from sepcomp.interfaces import lltexts, names
from sepcomp.jit import forcing
from sepcomp.shared import classids, stable
from sepcomp.command.errors import InterfaceError


AT_RUN_TIME = ('attribute %r of a %s of the core that is known only at run time cannot be read; ask for it in a '
               'function with @specialize.memo()')
INSTANTIATE = ('an instance of a class that is known only at run time cannot be made here, for the class may be %s of '
               'the core; test which one it is, and name it')


def install(core):
    ImportedClassRepr.core = ImportedInstanceRepr.core = core
    rclass.ClassRepr.__new__ = staticmethod(choose_class_repr)
    rclass.buildinstancerepr = build_instance_repr(rclass.buildinstancerepr)
    rclass.InstanceRepr._check_for_immutable_conflicts = check_immutable(
        rclass.InstanceRepr._check_for_immutable_conflicts.im_func)
    rpbc.getFrozenPBCRepr = choose_frozen(core, rpbc.getFrozenPBCRepr)
    rpbc.ClassesPBCRepr._instantiate_runtime_class = instantiate(
        rpbc.ClassesPBCRepr._instantiate_runtime_class.im_func)
    rclass.ClassRepr.setup_vtable = setup_vtable(rclass.ClassRepr.setup_vtable.im_func)


def instantiate(original):
    """The vtable of a class has a function for this only if its own library needs it."""
    def _instantiate_runtime_class(self, hop, vtypeptr, r_instance):
        names = sorted(desc.name for desc in self.s_pbc.descriptions
                       if getattr(desc.getclassdef(None), 'sepcomp_entry', None) is not None)
        if names:
            raise TyperError(INSTANTIATE % names[0])
        return original(self, hop, vtypeptr, r_instance)
    return _instantiate_runtime_class


def choose_class_repr(cls, rtyper, classdef=None, *args, **kwds):
    is_imported = cls is rclass.ClassRepr and getattr(classdef, 'sepcomp_entry', None) is not None
    return object.__new__(ImportedClassRepr if is_imported else cls)


def build_instance_repr(original):
    """Use the layout of the interface for classes of the core, also where rpython has a special representation."""
    def buildinstancerepr(rtyper, classdef, gcflavor='gc'):
        if getattr(classdef, 'sepcomp_entry', None) is not None:
            return ImportedInstanceRepr(rtyper, classdef, gcflavor)
        return original(rtyper, classdef, gcflavor)
    return buildinstancerepr


def fields_of(classname, layout, reprs):
    """[(name, lltype)] of a structure: types from `reprs` where there is one, generic types for the other fields."""
    fields = []
    for name, kind in layout:
        if name in reprs:
            T = reprs[name].lowleveltype
        else:
            T = lltexts.generic(kind)
        if T is None:
            raise InterfaceError('field %s of %s has the type %s, which no extension can lay out' % (
                name, classname, kind))
        fields.append((name, T))
    return fields


def check_layout(rtyper, classname, T, layout):
    """Compare a structure with its layout; call this when all forward references are resolved."""
    for name, kind in layout:
        found = T._flds[name]
        if lltexts.generic(kind) != found:
            imported.check_type('field %s of %s' % (name, classname), found, kind)


class ImportedClassRepr(rclass.ClassRepr):

    def _setup_repr(self):
        entry = self.classdef.sepcomp_entry
        self.rbase = rclass.getclassrepr(self.rtyper, self.classdef.basedef)
        self.rbase.setup()
        reprs, self.clsfields, methods = {}, {}, {}
        for mangled, kind in entry['vtable_layout']:
            attr = self.classdef.attrs.get(mangled[len('cls_'):]) if mangled.startswith('cls_') else None
            if attr is None or not attr.readonly:
                continue
            s_value = self.prepare_method(attr.s_value)
            if s_value is not None:
                methods[attr.name] = True
            reprs[mangled] = self.rtyper.getrepr(attr.s_value if s_value is None else s_value)
            self.clsfields[attr.name] = mangled, reprs[mangled]
        fields = fields_of(self.classdef.name, entry['vtable_layout'], reprs) + self.accessor_fields(methods)
        self.vtable_type.become(lltype.Struct('%s_vtable' % self.classdef.name,
                                              ('super', self.rbase.vtable_type), *fields))
        methods.update(self.rbase.allmethods)
        self.pbcfields, self.allmethods, self.vtable = {}, methods, None

    def accessor_fields(self, methods):
        """Fields without size for accessors of a stable class and for templates, which rpython calls like methods."""
        fields = []
        for name, attr in sorted(self.classdef.attrs.items()):
            is_known = 'cls_' + name in dict(self.classdef.sepcomp_entry['vtable_layout'])
            if not is_known and (stable.is_accessor(name) or name in getattr(self.classdef, 'sepcomp_templates', ())):
                r_function = self.rtyper.getrepr(self.prepare_method(attr.s_value))
                self.clsfields[name] = 'cls_' + name, r_function
                methods[name] = True
                fields.append(('cls_' + name, r_function.lowleveltype))
        return fields

    def getpbcfield(self, vcls, access_set, attr, llops):
        raise TyperError(AT_RUN_TIME % (attr, 'class'))

    def _setup_repr_final(self):
        check_layout(self.rtyper, self.classdef.name, self.vtable_type, self.classdef.sepcomp_entry['vtable_layout'])

    def init_vtable(self):
        """The core's vtable, an extern symbol.  Only the ids are set here."""
        self.vtable = lltype.malloc(self.vtable_type, immortal=True)
        root = rclass.cast_vtable_to_typeptr(self.vtable)
        root.subclassrange_min, root.subclassrange_max = self.classdef.minid, self.classdef.maxid
        root.ext_parent = lltype.nullptr(rclass.OBJECT_VTABLE)
        self.core.imported[self.vtable._obj] = str(self.classdef.sepcomp_entry['vtable'])

    def own_vtable(self):
        self.getvtable()
        return self.vtable


def import_root(core, rtyper):
    vtable = lltype.malloc(rclass.OBJECT_VTABLE, immortal=True)
    vtable.subclassrange_min, vtable.subclassrange_max = classids.ClassId(0), classids.ClassId(sys.maxint)
    rtyper.rootclass_repr.vtable = vtable
    core.imported[vtable._obj] = names.ROOT_VTABLE


class ImportedInstanceRepr(rclass.InstanceRepr):

    def _setup_repr(self, llfields=None, hints=None, adtmeths=None):
        classdef, entry = self.classdef, self.classdef.sepcomp_entry
        self.rclass = rclass.getclassrepr(self.rtyper, classdef)
        self.rbase = rclass.getinstancerepr(self.rtyper, classdef.basedef, self.gcflavor)
        self.rbase.setup()
        reprs, self.fields = {}, {}
        for mangled, kind in entry['instance_layout']:
            attr = classdef.attrs.get(mangled[len('inst_'):]) if mangled.startswith('inst_') else None
            if attr is not None and not attr.readonly:
                reprs[mangled] = self.rtyper.getrepr(attr.s_value)
                self.fields[attr.name] = mangled, reprs[mangled]
        self.hidden = [name for name, kind in entry['instance_layout'] if name not in reprs and kind != 'Void'
                       and not name.startswith(forcing.MUTATE)]     # NULL until a trace reads the field beside it
        self.immutable_field_set = classdef.classdesc.immutable_fields
        # no hint of immutability: constants of the core are not known here, so nothing may be folded
        self.object_type.become(lltype.GcStruct(
            classdef.name, ('super', self.rbase.object_type), rtti=True,
            *fields_of(classdef.name, entry['instance_layout'], reprs)))
        self.allinstancefields = dict(self.rbase.allinstancefields)
        self.allinstancefields.update(self.fields)

    def _check_for_immutable_conflicts(self):
        pass    # the core's translation has done that

    def _setup_repr_final(self):
        if self.classdef.sepcomp_entry['open']:
            rclass.InstanceRepr._setup_repr_final(self)
        else:       # never allocated here, so a destructor does not matter
            graph = self.rtyper.annotate_helper(rclass.ll_runtime_type_info, [SomePtr(rclass.OBJECTPTR)])
            lltype.attachRuntimeTypeInfo(self.object_type, self.rtyper.getcallable(graph), None)
        check_layout(self.rtyper, self.classdef.name, self.object_type, self.classdef.sepcomp_entry['instance_layout'])

    def convert_const_exact(self, value):
        if value not in self.iprebuiltinstances and id(value) in self.core.paths:
            symbol = self.core.prebuilt(value)[0]
            self.setup()
            pointer = self.create_instance()
            lltype.cast_pointer(rclass.OBJECTPTR, pointer).typeptr = self.rclass.getvtable()
            self.core.imported[pointer._obj] = str(symbol)
            self.iprebuiltinstances[value] = pointer
        return rclass.InstanceRepr.convert_const_exact(self, value)

    def initialize_prebuilt_data(self, value, classdef, result):
        if self.hidden:
            raise InterfaceError('%r is a prebuilt instance of %s, whose field %s only the core can fill' % (
                value, self.classdef.name, self.hidden[0]))
        rclass.InstanceRepr.initialize_prebuilt_data(self, value, classdef, result)


def choose_frozen(core, original):
    def getFrozenPBCRepr(rtyper, s_pbc):
        if not any(frozen_symbol(core, desc) for desc in s_pbc.descriptions):
            return original(rtyper, s_pbc)
        if len(s_pbc.descriptions) == 1 and not s_pbc.can_be_None:
            return original(rtyper, s_pbc)
        if 'sepcomp' not in rtyper.pbc_reprs:
            rtyper.pbc_reprs['sepcomp'] = ImportedFrozenRepr(rtyper, core)
        return rtyper.pbc_reprs['sepcomp']
    return getFrozenPBCRepr


def frozen_symbol(core, desc):
    found = core.paths.get(id(desc.pyobj))
    return found and core.data['frozen'].get(found[0])


class ImportedFrozenRepr(rpbc.MultipleUnrelatedFrozenPBCRepr):
    """Frozen objects, some of them of the core: only their identity can be compared."""

    def __init__(self, rtyper, core):
        rpbc.MultipleUnrelatedFrozenPBCRepr.__init__(self, rtyper)
        self.core = core

    def convert_desc(self, frozendesc):
        symbol = frozen_symbol(self.core, frozendesc)
        if symbol and frozendesc not in self.converted_pbc_cache:
            pbc = self.create_instance()
            self.core.imported[pbc._obj] = str(symbol)
            self.converted_pbc_cache[frozendesc] = self.convert_pbc(pbc)
        return rpbc.MultipleUnrelatedFrozenPBCRepr.convert_desc(self, frozendesc)

    def rtype_getattr(self, hop):
        if hop.s_result.is_constant():
            return hop.inputconst(hop.r_result, hop.s_result.const)
        raise TyperError(AT_RUN_TIME % (hop.args_s[1].const, 'frozen object'))


def setup_vtable(original):
    """In the vtable of an extension's class, what the extension does not define is copied from the core at load."""
    def setup(self, vtable, r_parentcls):
        if not isinstance(r_parentcls, ImportedClassRepr):
            return original(self, vtable, r_parentcls)
        for name in r_parentcls.vtable_type._names:
            if name != 'super':
                T = r_parentcls.vtable_type._flds[name]
                if T is not lltype.Void:
                    setattr(vtable, name, T._defl())
        own = own_attributes(self.classdef)
        for name, (mangled, r) in r_parentcls.clsfields.items():
            if name in own and r.lowleveltype is not lltype.Void:
                value = self.classdef.classdesc.read_attribute(name)
                setattr(vtable, mangled, r.convert_desc_or_const(value))
    return setup


def check_immutable(original):
    """Let a class list a field as immutable again that a base in the core has declared immutable."""
    def _check_for_immutable_conflicts(self):
        declared = self.immutable_field_set
        known = set(field for base in self.classdef.getmro() if getattr(base, 'sepcomp_entry', None) is not None
                    for field in base.sepcomp_entry['immutable_fields']) if self.classdef else set()
        self.immutable_field_set = set(declared) - known
        try:
            original(self)
        finally:
            self.immutable_field_set = declared
    return _check_for_immutable_conflicts


def nearest_imported(classdef):
    """The ClassRepr of the nearest core ancestor of a class of the extension, None without one."""
    r_class = classdef.repr
    while r_class is not None and r_class.classdef is not None:
        if isinstance(r_class, ImportedClassRepr):
            return r_class
        r_class = r_class.rbase
    return None


def own_attributes(classdef):
    """The names that the extension's part of a class hierarchy defines, from `classdef` up to the core."""
    found = set()
    while classdef is not None and getattr(classdef, 'sepcomp_entry', None) is None:
        found.update(classdef.classdesc.classdict)
        classdef = classdef.basedef
    return found
