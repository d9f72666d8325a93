# ruff: noqa
"""Wrapped objects of the interpreter."""
from sepcomp import export, export_class

from interpreter.baseobj import W_Root
from interpreter.error import OperationError, oefmt
from interpreter.gateway import interp2app, methods_of
from interpreter.typedef import TypeDef


@export_class
class W_NoneObject(W_Root):
    typedef = TypeDef('NoneType', W_Root.typedef)

    def descr_repr(self, space):
        return space.newtext('None')

    def is_true(self, space):
        return False


@export_class
class W_IntObject(W_Root):
    _attrs_ = ['intval']
    _immutable_fields_ = ['intval']
    typedef = TypeDef('int', W_Root.typedef)

    def __init__(self, intval):
        self.intval = intval

    def int_w(self, space):
        return self.intval

    def descr_repr(self, space):
        return space.newtext(str(self.intval))

    def is_true(self, space):
        return self.intval != 0

    def descr_eq(self, space, w_other):
        return space.newbool(isinstance(w_other, W_IntObject) and w_other.intval == self.intval)


@export_class
class W_BoolObject(W_IntObject):
    typedef = TypeDef('bool', W_IntObject.typedef)

    def descr_repr(self, space):
        return space.newtext('True' if self.intval else 'False')


@export_class
class W_TextObject(W_Root):
    _attrs_ = ['_value']
    _immutable_fields_ = ['_value']

    def __init__(self, value):
        self._value = value

    def text_w(self, space):
        return self._value

    def descr_repr(self, space):
        return space.newtext("'" + self._value + "'")

    def descr_str(self, space):
        return self

    def is_true(self, space):
        return len(self._value) != 0

    def descr_eq(self, space, w_other):
        return space.newbool(isinstance(w_other, W_TextObject) and w_other._value == self._value)

    def descr_upper(self, space):
        return space.newtext(self._value.upper())

    def descr_len(self, space):
        return space.newint(len(self._value))


methods_of(W_TextObject)
W_TextObject.typedef = TypeDef(
    'str', W_Root.typedef,
    upper=interp2app(W_TextObject.descr_upper.im_func),
    __len__=interp2app(W_TextObject.descr_len.im_func),
)


@export_class
class W_ListObject(W_Root):
    _attrs_ = ['wrappeditems']

    def __init__(self, wrappeditems):
        self.wrappeditems = wrappeditems

    def listview(self, space):
        return self.wrappeditems

    def is_true(self, space):
        return len(self.wrappeditems) != 0

    def descr_repr(self, space):
        return space.newtext('[' + ', '.join([space.text_w(space.repr(w)) for w in self.wrappeditems]) + ']')

    def descr_append(self, space, w_item):
        self.wrappeditems.append(w_item)

    def descr_len(self, space):
        return space.newint(len(self.wrappeditems))

    def descr_iter(self, space):
        return W_SeqIterObject(self)


@export_class
class W_SeqIterObject(W_Root):
    _attrs_ = ['w_list', 'index']

    def __init__(self, w_list):
        self.w_list = w_list
        self.index = 0

    def descr_next(self, space):
        items = self.w_list.wrappeditems
        if self.index >= len(items):
            raise OperationError(space.w_StopIteration, space.w_None)
        self.index += 1
        return items[self.index - 1]

    def descr_iter(self, space):
        return self


methods_of(W_ListObject)
methods_of(W_SeqIterObject)
W_ListObject.typedef = TypeDef(
    'list', W_Root.typedef,
    append=interp2app(W_ListObject.descr_append.im_func),
    __len__=interp2app(W_ListObject.descr_len.im_func),
    __iter__=interp2app(W_ListObject.descr_iter.im_func),
)
W_SeqIterObject.typedef = TypeDef(
    'sequenceiterator', W_Root.typedef,
    next=interp2app(W_SeqIterObject.descr_next.im_func),
    __iter__=interp2app(W_SeqIterObject.descr_iter.im_func),
)


@export_class
class W_TypeObject(W_Root):
    _attrs_ = ['name', 'dict_w', 'w_base']
    typedef = TypeDef('type', W_Root.typedef)

    def __init__(self, name, w_base):
        self.name = name
        self.w_base = w_base
        self.dict_w = {}

    def lookup(self, name):
        w_type = self
        while w_type is not None:
            w_value = w_type.dict_w.get(name, None)
            if w_value is not None:
                return w_value
            w_type = w_type.w_base
        return None

    def descr_repr(self, space):
        return space.newtext("<type '%s'>" % self.name)

    def descr_call(self, space, args_w):
        w_new = self.lookup('__new__')
        if w_new is None:
            raise oefmt(space.w_TypeError, 'cannot create %s objects', self.name)
        return w_new.descr_call(space, [self] + args_w)


@export_class
class W_Module(W_Root):
    _attrs_ = ['w_name', 'dict_w']
    typedef = TypeDef('module', W_Root.typedef)

    def __init__(self, name):
        self.w_name = W_TextObject(name)
        self.dict_w = {}

    def getdictvalue(self, space, attr):
        return self.dict_w.get(attr, None)

    def descr_repr(self, space):
        return space.newtext("<module '%s'>" % space.text_w(self.w_name))
