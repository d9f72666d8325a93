"""The decorators that a user's RPython source imports.  They only leave marks: under CPython nothing changes.

This module must stay importable without the rpython package, so that a decorated program runs as plain Python 2.7.
"""

ENTRY_POINTS = []       # [EntryPoint], in the order of their definition
PACKAGES = []           # names of modules and packages given to export_package()
INITIALIZERS = []       # functions run at the end of init_module(), in the order of their definition


class EntryPoint(object):
    """A C-callable function of a library: `func`, the Python types of its arguments, its C name."""

    def __init__(self, func, types):
        self.func = func
        self.types = types
        self.name = func.__name__


def is_type(value):
    """Is `value` what can stand between the parentheses of @export(...)?"""
    return isinstance(value, (type, list, dict, tuple)) or value is None or hasattr(value, '__bases__')


def export(*types, **options):
    """Export a function or method of the core to extensions.

    `@export(int, [str], W_Root)` gives the types of the arguments (for a method: without `self`); a list stands for
    a list of that type, a dict for a dict, a tuple for a tuple.  A bare `@export` takes the types that the core's
    own calls imply.  `result=` gives the type of the result: wanted for a method that only extensions implement.
    """
    if len(types) == 1 and not is_type(types[0]):
        types[0]._sepcomp_export_ = None
        return types[0]

    def mark(func):
        func._sepcomp_export_ = types
        if 'result' in options:
            func._sepcomp_result_ = (options['result'],)
        return func
    return mark


def export_class(cls):
    """Export a class of the core: extensions may use its fields and methods, instantiate it and subclass it."""
    cls._sepcomp_open_ = True
    return cls


def export_package(name):
    """Export what a module, or a package with all that is below it, defines; its source stays as it is.

    name: 'pkg.module', or the module; of a package, the modules that the program imports.  Classes that the core uses
    are exported as by @export_class, functions that it calls as by a bare @export.  What it does not use, or has
    several versions of, is refused where an extension uses it.
    """
    name = getattr(name, '__name__', name)
    __import__(name)
    PACKAGES.append(name)


def export_stable(cls):
    """Export the fields of a class through functions of the core.

    Extensions read and write them and pass instances on, but cannot instantiate or subclass the class. An extension
    that was translated with `--stable` goes on working when such a class gets, loses or moves fields that it does not
    use.
    """
    cls._sepcomp_stable_ = True
    return cls


def entrypoint(*types):
    """Make a function callable from C, under its own name.

    Arguments and result are int (C `long`), float (`double`), bool (`int`) or str (`const char *`, copied); a
    result may be None (`void`).  A str result stays valid until the next call of an entry point of the same library
    that returns a str.  An exception that escapes is told by `sepcomp_last_error()`; the result is then -1 or NULL.
    """
    def mark(func):
        ENTRY_POINTS.append(EntryPoint(func, types))
        return func
    return mark


def initializer(func):
    """Run `func()` when `init_module()` has bound the extension to its core; an exception makes that fail."""
    INITIALIZERS.append(func)
    return func


def load_source(name):
    """What loading a translated extension does, for programs that run as plain Python: import it, run initializers."""
    before = len(INITIALIZERS)
    __import__(name)
    for func in INITIALIZERS[before:]:
        func()
