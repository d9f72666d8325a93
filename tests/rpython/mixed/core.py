# ruff: noqa
"""A small interpreter in PyPy's style, with one mixed module of its own."""
from sepcomp import entrypoint, export

from interpreter import pyinterp
from interpreter.baseobj import W_Root
from interpreter.error import OperationError, oefmt
from interpreter.gateway import GetSetProperty, WrappedDefault, interp2app, methods_of, unwrap_spec
from interpreter.mixedmodule import MixedModule
from interpreter.objects import W_IntObject, W_ListObject, W_TextObject, W_TypeObject
from interpreter.space import space
from interpreter.typedef import TypeDef


@unwrap_spec(step=int)
def descr_range(space, w_count, step=1):
    count = space.int_w(w_count)
    if step == 0:
        raise oefmt(space.w_ValueError, 'step must not be zero')
    return space.newlist([space.newint(i * step) for i in range(count)])


def descr_len(space, w_obj):
    return space.newint(space.len_w(w_obj))


def descr_repr(space, w_obj):
    return space.repr(w_obj)


def descr_type(space, w_obj):
    return space.type(w_obj)


@unwrap_spec(name='text')
def descr_hasattr(space, w_obj, name):
    try:
        space.getattr(w_obj, name)
    except OperationError as e:
        if not e.match(space, space.w_AttributeError):
            raise
        return space.w_False
    return space.w_True


@unwrap_spec(w_default=WrappedDefault(None))
def descr_first(space, w_iterable, w_default=None):
    items_w = space.unpackiterable(w_iterable)
    if not items_w:
        return w_default
    return items_w[0]


class W_Cell(W_Root):
    def __init__(self, w_value):
        self.w_value = w_value

    def descr_get(self, space):
        return self.w_value

    def descr_set(self, space, w_value):
        self.w_value = w_value


def descr_new_cell(space, w_subtype, w_value):
    w_cell = space.allocate_instance(W_Cell, w_subtype)
    W_Cell.__init__(w_cell, w_value)
    return w_cell


methods_of(W_Cell)
W_Cell.typedef = TypeDef(
    'cell', W_Root.typedef,
    __new__=interp2app(descr_new_cell),
    set=interp2app(W_Cell.descr_set.im_func),
    value=GetSetProperty(W_Cell.descr_get.im_func),
)


class BuiltinModule(MixedModule):
    applevel_name = '__builtin__'
    interpleveldefs = {
        'range': descr_range, 'len': descr_len, 'repr': descr_repr, 'type': descr_type, 'hasattr': descr_hasattr,
        'first': descr_first, 'cell': W_Cell.typedef, 'maxint': 9223372036854775807,
    }
    appleveldefs = {
        'twice': 'def twice(x): x + x',
        'size_of_twice': 'def size_of_twice(x): len(twice(x))',
    }


build_builtins = BuiltinModule.builder()


@export()
def prepare():
    if not pyinterp.STATE.builtins_w:
        build_builtins()
        pyinterp.STATE.builtins_w = pyinterp.import_module('__builtin__').dict_w


@entrypoint(str)
def execute(program):
    prepare()
    return pyinterp.run(program)
