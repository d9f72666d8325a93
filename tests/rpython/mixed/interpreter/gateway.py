# ruff: noqa
"""From interpreter-level functions to application level: gateways that unwrap arguments."""
from rpython.rlib.objectmodel import specialize
from rpython.tool.sourcetools import compile2, func_with_new_name
from sepcomp import export, export_class

from interpreter.baseobj import W_Root
from interpreter.error import OperationError, oefmt
from interpreter.typedef import TypeDef


class WrappedDefault(object):
    def __init__(self, default_value):
        self.default_value = default_value


def unwrap_spec(**spec):
    def decorator(func):
        func.unwrap_spec = spec
        return func
    return decorator


@export_class
class Code(object):
    """What a builtin function does."""
    _immutable_fields_ = ['co_name']
    co_name = '?'

    def funcrun(self, space, args_w):
        raise NotImplementedError


@export_class
class Function(W_Root):
    _attrs_ = ['code']
    _immutable_fields_ = ['code']

    def __init__(self, code):
        self.code = code

    def descr_call(self, space, args_w):
        return self.code.funcrun(space, args_w)

    def descr_repr(self, space):
        return space.newtext('<function %s>' % self.code.co_name)


Function.typedef = TypeDef('function', W_Root.typedef)


@export_class
class Method(W_Root):
    _attrs_ = ['w_function', 'w_self']

    def __init__(self, w_function, w_self):
        self.w_function = w_function
        self.w_self = w_self

    def descr_call(self, space, args_w):
        return self.w_function.descr_call(space, [self.w_self] + args_w)


Method.typedef = TypeDef('method', W_Root.typedef)


@export_class
class Property(W_Root):
    """An attribute that a function computes."""
    _attrs_ = ['w_getter']

    def __init__(self, w_getter):
        self.w_getter = w_getter


Property.typedef = TypeDef('property', W_Root.typedef)

UNWRAP = {int: 'space.int_w(%s)', 'index': 'space.int_w(%s)', 'text': 'space.text_w(%s)', bool: 'space.is_true(%s)'}


class interp2app(object):
    """Makes, once, the prebuilt Function around an interpreter-level function."""
    _cache = {}

    def __new__(cls, func, app_name=None, as_classmethod=False):
        key = func, app_name
        if key not in cls._cache:
            cls._cache[key] = Function(make_code(func, app_name or func.__name__.replace('descr_', ''))())
        return cls._cache[key]


def make_code(func, app_name):
    """A subclass of Code with an unwrapping funcrun()."""
    names = list(func.func_code.co_varnames[:func.func_code.co_argcount])
    spec = getattr(func, 'unwrap_spec', {})
    is_method = names[0] == 'self'
    wrapped = [name for name in names if name != 'space']
    defaults = dict(zip(names[::-1], (func.func_defaults or ())[::-1]))
    required = len([name for name in wrapped if name not in defaults
                    and not isinstance(spec.get(name), WrappedDefault)])
    namespace = {'func': func, 'oefmt': oefmt}
    lines = ['def fastfunc(space, args_w):',
             '    if len(args_w) < %d or len(args_w) > %d:' % (required, len(wrapped)),
             '        raise oefmt(space.w_TypeError, "%s() takes %s arguments (%%d given)", len(args_w))' % (
                 app_name, required if required == len(wrapped) else 'up to %d' % len(wrapped))]
    for i, name in enumerate(wrapped):
        how = spec.get(name)
        if name == 'self':
            namespace['cls'] = func.im_class if hasattr(func, 'im_class') else SELF[func]
            value = 'space.interp_w(args_w[0], cls)'
        else:
            value = UNWRAP.get(how, '%s') % ('args_w[%d]' % i)
        if i >= required:
            if isinstance(how, WrappedDefault):
                namespace['default_%d' % i] = how.default_value
                default = 'space.wrap(default_%d)' % i if how.default_value is not None else 'space.w_None'
            else:
                namespace['default_%d' % i] = defaults[name]
                default = 'default_%d' % i
            lines += ['    if len(args_w) > %d:' % i, '        %s = %s' % (name, value),
                      '    else:', '        %s = %s' % (name, default)]
        else:
            lines.append('    %s = %s' % (name, value))
    lines.append('    return func(%s)' % ', '.join(names))
    exec(compile2('\n'.join(lines) + '\n'), namespace)
    fastfunc = func_with_new_name(namespace['fastfunc'], 'fastfunc_' + app_name)

    class BuiltinCode(Code):
        co_name = app_name

        def funcrun(self, space, args_w):
            w_result = fastfunc(space, args_w)
            if w_result is None:
                return space.w_None
            return w_result
    BuiltinCode.__name__ = 'BuiltinCode_' + app_name
    return BuiltinCode


SELF = {}


def methods_of(cls):
    """Call this below a class whose methods are given to interp2app: their `self` is checked to be one."""
    for value in vars(cls).values():
        if hasattr(value, 'func_code'):
            SELF[value] = cls
    return cls


def GetSetProperty(func):
    return Property(interp2app(func))
