# ruff: noqa
"""The object space."""
from rpython.rlib.objectmodel import instantiate, specialize
from sepcomp import export

from interpreter.baseobj import W_Root
from interpreter.error import OperationError, oefmt
from interpreter.gateway import Function, Method, Property
from interpreter.objects import (W_BoolObject, W_IntObject, W_ListObject, W_Module, W_NoneObject, W_TextObject,
                                 W_TypeObject)


class ObjSpace(object):
    def __init__(self):
        self.w_None = W_NoneObject()
        self.w_True, self.w_False = W_BoolObject(1), W_BoolObject(0)
        self.w_Exception = W_TypeObject('Exception', None)
        for name in ('TypeError', 'ValueError', 'StopIteration', 'AttributeError', 'ImportError', 'NameError',
                     'IndexError', 'OverflowError'):
            setattr(self, 'w_' + name, W_TypeObject(name, self.w_Exception))
        self.types = {}
        self.cache = {}

    def _freeze_(self):
        return True

    # ------------------------------------------------------------ types

    @specialize.memo()
    def gettypeobject(self, typedef):
        if typedef not in self.types:
            w_base = self.gettypeobject(typedef.base) if typedef.base is not None else None
            w_type = self.types[typedef] = W_TypeObject(typedef.name, w_base)
            for name, w_value in sorted(typedef.rawdict.items()):
                w_type.dict_w[name] = w_value
        return self.types[typedef]

    @specialize.memo()
    def fromcache(self, cls):
        if cls not in self.cache:
            self.cache[cls] = cls(self)
        return self.cache[cls]

    @export(W_Root)
    def type(self, w_obj):
        return self.gettypeobject(w_obj.typedef)

    @export(W_Root)
    def type_name(self, w_type):
        if isinstance(w_type, W_TypeObject):
            return w_type.name
        return '?'

    @export(W_Root, W_Root)
    def issubtype_w(self, w_sub, w_type):
        while isinstance(w_sub, W_TypeObject):
            if w_sub is w_type:
                return True
            w_sub = w_sub.w_base
        return False

    @export(W_Root, W_Root)
    def isinstance_w(self, w_obj, w_type):
        return self.issubtype_w(self.type(w_obj), w_type)

    @specialize.arg(1)
    def allocate_instance(self, cls, w_subtype):
        instance = instantiate(cls)
        assert isinstance(instance, cls)
        return instance

    @specialize.arg(2)
    def interp_w(self, w_obj, RequiredClass, can_be_None=False):
        if can_be_None and self.is_none(w_obj):
            return None
        if not isinstance(w_obj, RequiredClass):
            raise oefmt(self.w_TypeError, "'%s' object expected, got '%T' instead", RequiredClass.typedef.name, w_obj)
        return w_obj

    # ------------------------------------------------------------ wrapping

    @export(int)
    def newint(self, n):
        return W_IntObject(n)

    @export(bool)
    def newbool(self, flag):
        return self.w_True if flag else self.w_False

    @export(str)
    def newtext(self, s):
        return W_TextObject(s)

    @export([W_Root])
    def newlist(self, items_w):
        return W_ListObject(items_w)

    @specialize.argtype(1)
    def wrap(self, x):
        if x is None:
            return self.w_None
        if isinstance(x, bool):
            return self.newbool(x)
        if isinstance(x, int):
            return self.newint(x)
        return self.newtext(x)

    @export(W_Root)
    def int_w(self, w_obj):
        return w_obj.int_w(self)

    @export(W_Root)
    def text_w(self, w_obj):
        return w_obj.text_w(self)

    @export(W_Root)
    def listview(self, w_obj):
        return w_obj.listview(self)

    @export(W_Root)
    def is_true(self, w_obj):
        return w_obj.is_true(self)

    @export(W_Root)
    def is_none(self, w_obj):
        return w_obj is self.w_None

    @export(W_Root, W_Root)
    def is_w(self, w_one, w_two):
        return w_one is w_two

    # ------------------------------------------------------------ operations

    @export(W_Root)
    def repr(self, w_obj):
        w_repr = self.type(w_obj).lookup('__repr__')
        if w_repr is not None:
            return w_repr.descr_call(self, [w_obj])
        return w_obj.descr_repr(self)

    @export(W_Root, W_Root)
    def eq_w(self, w_one, w_two):
        return self.is_true(w_one.descr_eq(self, w_two))

    @export(W_Root, str)
    def getattr(self, w_obj, name):
        w_value = w_obj.getdictvalue(self, name)
        if w_value is not None:
            return w_value
        w_value = self.type(w_obj).lookup(name)
        if isinstance(w_value, Function):
            return Method(w_value, w_obj)
        if isinstance(w_value, Property):
            return self.call(w_value.w_getter, [w_obj])
        if w_value is None:
            raise oefmt(self.w_AttributeError, "'%T' object has no attribute '%s'", w_obj, name)
        return w_value

    @export(W_Root, [W_Root])
    def call(self, w_callable, args_w):
        return w_callable.descr_call(self, args_w)

    def call_function(self, w_callable, *args_w):
        return self.call(w_callable, list(args_w))

    def call_method(self, w_obj, name, *args_w):
        return self.call(self.getattr(w_obj, name), list(args_w))

    @export(W_Root)
    def len_w(self, w_obj):
        return self.int_w(self.call(self.getattr(w_obj, '__len__'), []))

    @export(W_Root)
    def iter(self, w_obj):
        return self.call(self.getattr(w_obj, '__iter__'), [])

    @export(W_Root)
    def next(self, w_iterator):
        return self.call(self.getattr(w_iterator, 'next'), [])

    @export(W_Root)
    def unpackiterable(self, w_iterable):
        w_iterator = self.iter(w_iterable)
        items_w = []
        while True:
            try:
                items_w.append(self.next(w_iterator))
            except OperationError as e:
                if not e.match(self, self.w_StopIteration):
                    raise
                break
        return items_w

    @export(W_Root)
    def str(self, w_obj):
        if self.type(w_obj).lookup('__repr__') is not None:
            return self.repr(w_obj)
        return w_obj.descr_str(self)


space = ObjSpace()
