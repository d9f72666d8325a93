"""What stands for functions, contracts and attributes of the core in the translation of an extension."""

from rpython.annotator import model
from rpython.annotator.classdesc import Attribute
from rpython.annotator.model import AnnotatorError
from rpython.rtyper.extregistry import ExtRegistryEntry
from rpython.rtyper.lltypesystem import lltype

from sepcomp.command.errors import InterfaceError
from sepcomp.interfaces import lltexts
from sepcomp.interfaces.annotations import describe


def accepts(s_declared, s_given):
    try:
        return model.unionof(s_declared, s_given) == s_declared
    except AnnotatorError:      # what cannot be united at all, or only by changing a list of the core
        return False


class ImportedCall(object):
    """The object that the stub of an imported function calls: a call of the core's function."""

    def __init__(self, core, name, entry):
        self.core, self.name, self.entry = core, name, entry
        self.__name__ = name


class ImportedCallEntry(ExtRegistryEntry):
    _type_ = ImportedCall

    def compute_result_annotation(self, *args_s):
        return self.instance.core.decode(self.instance.entry['result'])

    def specialize_call(self, hop):
        core, entry = self.instance.core, self.instance.entry
        getrepr = hop.rtyper.getrepr
        reprs = [getrepr(core.decode(arg)) for arg in entry['ll_args']]
        r_result = getrepr(core.decode(entry['ll_result']))
        vlist = hop.inputargs(*reprs)
        hop.rtyper.call_all_setups()
        FUNC = lltype.FuncType([r.lowleveltype for r in reprs], r_result.lowleveltype)
        check_type(self.instance.name, FUNC, entry['ll'])
        pointer = core.function_pointer(entry['symbol'], FUNC)
        hop.exception_is_here()
        v = hop.genop('direct_call', [hop.inputconst(lltype.typeOf(pointer), pointer)] + vlist, resulttype=r_result)
        if hop.r_result.lowleveltype is lltype.Void:
            return hop.inputconst(lltype.Void, None)
        return hop.llops.convertvar(v, r_result, hop.r_result)


def check_type(name, T, expected):
    found = lltexts.text(T)
    if found != expected:
        raise InterfaceError('%s has another low-level type here than in the core:\n    core:      %s\n'
                             '    extension: %s' % (name, expected, found))


class Contract(object):
    """The object that the body of a contract calls. It is never executed: calls go through a slot of the vtable."""

    def __init__(self, core, name, result):
        self.core, self.name, self.result = core, name, result
        self.__name__ = name


class ContractEntry(ExtRegistryEntry):
    _type_ = Contract

    def compute_result_annotation(self, *args_s):
        return self.instance.core.decode(self.instance.result)

    def specialize_call(self, hop):
        hop.exception_is_here()
        T = hop.r_result.lowleveltype
        hop.genop('debug_fatalerror', [hop.inputconst(lltype.Void, 'contract of %s called' % self.instance.name)])
        return hop.inputconst(T, None if T is lltype.Void else T._defl())


def why_fixed(data):
    """Why an extension cannot give an attribute another value, if that is not obvious; otherwise ''."""
    if data[0] != 'frozen':
        return ''
    paths, _, attributes = data[1:]
    if not attributes:
        return ' of the same class, which a module or class of the extension must hold'
    if attributes == ['*']:
        return ', always %s' % paths[0]
    return ', one of %s: the core reads %s of it at run time' % (', '.join(paths), ', '.join(attributes))


class ImportedAttribute(Attribute):
    """An attribute of a class of the core; the code of an extension must not change its annotation."""

    def __init__(self, name, s_value, readonly, is_slot=False, why=''):
        Attribute.__init__(self, name)
        self.why = why
        self.s_value = s_value
        self.readonly = readonly
        self.is_slot = is_slot

    def add_constant_source(self, classdef, source):
        s_value = source.s_get_value(classdef, self.name)
        if self.is_slot:
            self.s_value = model.unionof(self.s_value, s_value)
        elif not accepts(self.s_value, s_value):
            raise AnnotatorError('class %s makes attribute %r %s, in the core it is %s%s' % (
                classdef.name, self.name, describe(s_value), describe(self.s_value), self.why))

    def modified(self, classdef='?'):
        if self.readonly:
            raise AnnotatorError('%r is a method or class constant of the core and cannot be assigned to' % self.name)

    def validate(self, homedef):
        pass
