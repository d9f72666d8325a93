# ruff: noqa
"""The root of all wrapped objects."""
from sepcomp import export, export_class

from interpreter.error import oefmt
from interpreter.typedef import TypeDef


@export_class
class W_Root(object):
    _attrs_ = ()
    typedef = TypeDef('object')
    user_overridden_class = False

    def unwrap_failed(self, space, expected):
        return oefmt(space.w_TypeError, 'expected %s, got %T object', expected, self)

    def int_w(self, space):
        raise self.unwrap_failed(space, 'integer')

    def text_w(self, space):
        raise self.unwrap_failed(space, 'string')

    def listview(self, space):
        raise self.unwrap_failed(space, 'list')

    def descr_call(self, space, args_w):
        raise oefmt(space.w_TypeError, "'%T' object is not callable", self)

    def descr_repr(self, space):
        return space.newtext('<%s object>' % space.type_name(space.type(self)))

    def descr_str(self, space):
        return self.descr_repr(space)

    def is_true(self, space):
        return True

    def descr_eq(self, space, w_other):
        return space.newbool(self is w_other)

    def getdictvalue(self, space, attr):
        return None
