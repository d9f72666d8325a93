"""A user's program: loaded modules, stable names of what they define, and hashes of their sources.

Names are the same in the core's and in the extension's translation, since both import the same sources: a function
`f` of module `m` is `m.f`, a method `m.C.f`, a prebuilt object the path that leads to it from a module's globals.
"""

import ast
import hashlib
import imp
import importlib
import os
import re
import sys
import types

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STATES = ('r_dict', 'r_ordereddict', 'RWeakValueDictionary', 'RWeakKeyDictionary')    # of rpython's library


class Program(object):
    """The modules below `folders` (the folders of the given source files), loaded from `main`.

    first: names of modules to import before; loaded: called after that, before `main` is.
    """

    def __init__(self, main, search=(), first=(), loaded=None):
        self.main = os.path.abspath(main)
        beside, others = os.path.dirname(self.main), [os.path.abspath(f) for f in search]
        self.folders = others if beside in others else [beside] + others
        for folder in reversed(self.folders):
            if folder not in sys.path:
                sys.path.insert(0, folder)
        for name in first:
            try:
                importlib.import_module(name)
            except ImportError:
                pass    # loaded by a name of its own: the program will do that
        if loaded is not None:
            loaded(self)
        name = os.path.splitext(os.path.basename(self.main))[0]
        if name not in sys.modules:
            imp.load_source(name, self.main)
        self.module = sys.modules[name]

    def modules(self):
        """{module name: module} of all that was loaded from the program's folders, sepcomp itself left out."""
        found = {}
        for name, module in sys.modules.items():
            path = source_of(module)
            if path and not is_library(name) and any(path.startswith(f + os.sep) for f in self.folders):
                found[name] = module
        return found


def source_of(module):
    path = getattr(module, '__file__', None)
    if path is None:
        return None
    path = os.path.abspath(path)
    return path[:-1] if path.endswith('.pyc') else path


def is_library(name):
    return name.split('.')[0] in ('sepcomp', 'rpython', 'py', 'encodings')


def is_users(code):
    """Whether this is no code of Python's own library or of the toolchain."""
    toolchain = [os.path.dirname(os.path.abspath(sys.modules[name].__file__)) + os.sep for name in ('rpython', 'py')
                 if name in sys.modules]
    return not code.co_filename.startswith((sys.prefix, HERE, '<') + tuple(toolchain))


def fingerprint(module):
    """A hash over what an extension uses of a core's source that is not in the interface.

    That is the structure of the module, its classes and its constants.  It does not cover the bodies of functions,
    since an extension calls the translated ones (see `templates` for the others), nor comments and docstrings.
    """
    with open(source_of(module), 'rb') as f:
        tree = without_docstrings(ast.parse(f.read()))
    total = hashlib.sha256(ast.dump(Skeleton().visit(tree)))
    for owner in [module] + [value for _, value in sorted(vars(module).items()) if is_class_of(value, module)]:
        for name, value in sorted(vars(owner).items()):
            if is_plain(value) and not name.startswith(('__', '_sepcomp_')):
                total.update('%s=%s;' % (name, without_folder(repr(value), source_of(module))))
    return total.hexdigest()


def without_folder(text, path):
    """A text without the folders above `path`, so that a constant with such a path is the same in every folder."""
    folder = os.path.dirname(path)
    while len(folder) > 1:
        text = text.replace(repr(folder)[1:-1], '')
        folder = os.path.dirname(folder)
    return text


def is_class_of(value, module):
    return isinstance(value, (type, types.ClassType)) and value.__module__ == module.__name__


def is_plain(value):
    if isinstance(value, tuple):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (int, long, float, str, unicode))


class Skeleton(ast.NodeTransformer):
    """Drops the bodies of functions."""

    def visit_FunctionDef(self, node):
        node.body = []
        return node


def without_docstrings(tree):
    for node in ast.walk(tree):
        body = getattr(node, 'body', None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Str):
            del body[0]
    return tree


def function_names(modules, class_names, is_theirs=lambda cls: True):
    """({function object: 'module.f' or 'module.Class.f'}, {method: its class}) of everything that the modules define.

    is_theirs: whether a class is one of theirs; functions of theirs may have made others.
    """
    names, owners = {}, {}
    for modname in sorted(modules):
        for name, value in sorted(vars(modules[modname]).items()):
            if isinstance(value, types.FunctionType) and value.__module__ == modname:
                names.setdefault(value, '%s.%s' % (modname, name))
    for cls, path in sorted(class_names.paths.items(), key=lambda item: item[1]):
        if cls.__module__ in modules and is_theirs(cls):
            for attr, func in sorted(vars(cls).items()):
                if isinstance(func, staticmethod):
                    func = func.__get__(42)
                if isinstance(func, types.FunctionType) and func not in names:
                    names[func] = '%s.%s' % (path, attr)
                    owners[func] = cls
    return names, owners


def place_of(value):
    """'FILE:LINE' where a function or a class is defined, '' where that is not known."""
    if hasattr(value, 'func_code'):
        return '%s:%d' % (value.func_code.co_filename, value.func_code.co_firstlineno)
    path = source_of(sys.modules.get(getattr(value, '__module__', None)))
    if not path or not os.path.exists(path):
        return ''
    return '%s:%d' % (path, line_of_class(path, value.__name__))


def place_of_text(modules, text):
    """'FILE:LINE' of the first string constant in the sources of these modules that is this text, '' without one."""
    for name in sorted(modules):
        path = source_of(modules[name])
        with open(path) as f:
            for number, line in enumerate(f, 1):
                if re.search(r'([\'"])%s\1' % re.escape(text), line):
                    return '%s:%d' % (path, number)
    return ''


def line_of_class(path, name):
    with open(path) as f:
        for number, line in enumerate(f, 1):
            if re.match(r'\s*class\s+%s\b' % re.escape(name), line):
                return number
    return 1


def prebuilt_paths(modules, class_names, defined_in=None):
    """{id(object): (path, object)} of the instances, lists, dicts and raw structures that globals and attributes of
    classes lead to; for a pointer of lltype, the id is that of its container.

    A breadth-first walk in sorted order gives each object its shortest path, the same on both sides.  `defined_in` are
    the modules whose classes count, if others than these, besides those of rpython's library.
    """
    paths = {}
    todo = []
    for modname in sorted(modules):
        for name, value in sorted(vars(modules[modname]).items()):
            if not name.startswith('__'):
                todo.append(('%s.%s' % (modname, name), value))
    for cls, path in sorted(class_names.paths.items(), key=lambda item: item[1]):
        if cls.__module__ in modules:
            todo += [('%s.%s' % (path, name), value) for name, value in sorted(vars(cls).items())
                     if not name.startswith('__')]
    todo += held_by_functions(modules, class_names)
    for path, value in todo:
        if identity(value) in paths or not is_prebuilt(value, defined_in or modules):
            continue
        paths[identity(value)] = path, value
        todo.extend(('%s%s' % (path, suffix), child) for suffix, child in children(value))
    return paths


def held_by_functions(modules, class_names):
    """[(path, value)] of the defaults of functions and methods, and of what their closures and own globals hold."""
    found = []
    for func, name in sorted(function_names(modules, class_names)[0].items(), key=lambda item: item[1]):
        values = list(enumerate(func.func_defaults or ()))
        for variable, cell in zip(func.func_code.co_freevars, func.func_closure or ()):
            try:
                values.append((variable, cell.cell_contents))
            except ValueError:      # still empty
                pass
        if func.__module__ in modules and func.func_globals is not vars(modules[func.__module__]):
            values += [(n, func.func_globals[n]) for n in func.func_code.co_names if n in func.func_globals]
        found += [('%s(%s)' % (name, key), value) for key, value in values]
    return found


def is_prebuilt(value, modules):
    if isinstance(value, (list, dict, tuple, bytearray)) or is_raw(value):
        return True
    cls = getattr(value, '__class__', None)
    if cls is None or isinstance(value, (type, types.ClassType, types.FunctionType)):
        return False
    return cls.__module__ in modules or is_state_of_library(value, cls)


def is_state_of_library(value, cls):
    """Whether this is an object of rpython's library with state, like a random number generator."""
    from rpython.rlib.rarithmetic import base_int
    from rpython.rtyper import extregistry
    if not cls.__module__.startswith('rpython.rlib.') or hasattr(value, '_freeze_') or isinstance(value, base_int):
        return False
    return cls.__name__ in STATES or not extregistry.is_registered(value)


def is_raw(value):
    """Whether this is a pointer to a structure that can change."""
    from rpython.rtyper.lltypesystem import lltype
    T = lltype.typeOf(value).TO if isinstance(value, lltype._ptr) and value else None
    return isinstance(T, lltype.ContainerType) and not isinstance(T, (lltype.FuncType, lltype.OpaqueType)) and not (
        T._hints.get('immutable'))


def identity(value):
    if not is_raw(value):
        return id(value)
    from rpython.rtyper.lltypesystem import lltype
    return id(lltype.top_container(value._obj))


def children(value):
    if is_raw(value):
        return []
    if isinstance(value, (list, tuple)):
        return [('[%d]' % i, item) for i, item in enumerate(value)]
    if isinstance(value, dict):
        keys = [key for key in value if isinstance(key, (str, int))]
        return [('[%r]' % (key,), value[key]) for key in sorted(keys)]
    return [('.' + name, item) for name, item in sorted(vars(value).items())] if hasattr(value, '__dict__') else []
