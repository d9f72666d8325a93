"""The decorators that a user's RPython source imports.  They only set attributes: under CPython nothing changes.

This module must stay importable without the rpython package, so that a decorated program runs as plain Python 2.7.
"""

import types

ENTRY_POINTS = []       # [EntryPoint], in the order of their definition
PACKAGES = []           # names of modules and packages given to export_package()
INITIALIZERS = []       # functions run at the end of init_module(), in the order of their definition


class EntryPoint(object):
    """A C-callable function of a library: `func`, the Python types of its arguments, its C name."""

    def __init__(self, func, args):
        self.func = func
        self.types = args
        self.name = func.__name__


def is_type(value):
    """Whether `value` is an argument that @export(...) accepts."""
    if isinstance(value, list):
        return len(value) == 1 and is_type(value[0])
    if isinstance(value, dict):
        return len(value) == 1 and all(map(is_type, value.items()[0]))
    if isinstance(value, tuple):
        return all(map(is_type, value))
    if isinstance(value, (type, types.ClassType)):
        return value not in (list, dict, tuple)
    return value is None or type(value).__module__.startswith('rpython.')       # a low-level type


def check_types(mark, values):
    for value in values:
        if not is_type(value):
            raise TypeError('%s: %r is no type; write int, float, bool, str, unicode, None, a class, [T], {K: V} or '
                            '(T, U)' % (mark, value))


def check_function(mark, func):
    if not isinstance(func, types.FunctionType):
        raise TypeError('%s stands above a function, not above %r; above @staticmethod, write it below' % (mark, func))


def export(*args, **options):
    """Export a function or method of the core to extensions.

    `@export(int, [str], W_Root)` gives the types of the arguments (for a method: without `self`); a list stands for
    a list of that type, a dict for a dict, a tuple for a tuple.  A bare `@export` takes the types from the
    core's own calls.  `result=` gives the type of the result; it is needed for a method that only extensions implement.
    """
    if len(args) == 1 and isinstance(args[0], (types.FunctionType, staticmethod)):
        check_function('@export', args[0])
        args[0]._sepcomp_export_ = None
        return args[0]
    check_types('@export', args + tuple(options.values()))
    if set(options) - set(['result']):
        raise TypeError('@export: result= is the only option')

    def mark(func):
        check_function('@export', func)
        func._sepcomp_export_ = args
        if 'result' in options:
            func._sepcomp_result_ = (options['result'],)
        return func
    return mark


def check_class(mark, cls):
    if not isinstance(cls, (type, types.ClassType)):
        raise TypeError('%s stands above a class, not above %r' % (mark, cls))


def export_class(cls):
    """Export a class of the core: extensions may use its fields and methods, instantiate it and subclass it."""
    check_class('@export_class', cls)
    cls._sepcomp_open_ = True
    return cls


def export_package(name):
    """Export everything that a module, or a package with all modules below it, defines, without changes to its source.

    name: 'pkg.module', or the module; of a package, the modules that the program imports are exported.  Classes that
    the core uses are exported as by @export_class, functions that it calls as by a bare @export.  What the core does
    not use, or has several versions of, is an error where an extension uses it.
    """
    name = getattr(name, '__name__', name)
    __import__(name)
    PACKAGES.append(name)


def export_stable(cls):
    """Export the fields of a class through functions of the core.

    Extensions read and write them and pass instances on, but cannot instantiate or subclass the class. An extension
    that was translated with `--stable` keeps working when fields that it does not use are added, removed or moved.
    """
    check_class('@export_stable', cls)
    cls._sepcomp_stable_ = True
    return cls


def entrypoint(*args):
    """Make a function callable from C, under its own name.

    Arguments and result are int (C `long`), float (`double`), bool (`int`) or str (`const char *`, copied); a
    result may be None (`void`).  A str result stays valid until the next call of an entry point of the same library
    that returns a str.  After an uncaught exception the result is -1 or NULL, and `sepcomp_last_error()` returns its
    class and message.
    """
    def mark(func):
        check_function('@entrypoint(types...)', func)
        ENTRY_POINTS.append(EntryPoint(func, args))
        return func
    if len(args) == 1 and isinstance(args[0], types.FunctionType):
        raise TypeError('@entrypoint: write the types of the arguments, @entrypoint() for none')
    return mark


def initializer(func):
    """Run `func()` when `init_module()` has bound the extension to its core; an exception makes that fail."""
    check_function('@initializer', func)
    INITIALIZERS.append(func)
    return func


def load_source(name):
    """Import a module and run its initializers: for plain Python, the equivalent of loading a translated extension."""
    before = len(INITIALIZERS)
    __import__(name)
    for func in INITIALIZERS[before:]:
        func()
