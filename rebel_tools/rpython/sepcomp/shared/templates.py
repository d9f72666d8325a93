"""Generic code of the core, which an extension compiles for itself, from the core's source.

An exported function of the core has one version for all extensions.  A function that is specialised, takes `*args`, or
is made for the extension (a method of a mixin or of a class that a function of the core returns, a closure) has a
version for each use.  Such a function is a template: the extension translates it like its own code, and the functions,
classes and objects that it refers to have to be exported by the core.

Templates are not part of the interface, so a change of one affects only the extensions that use it: each body has a
digest, the core lists all of them, an extension those that it has used.  Build systems compare the lists, and
init_module() compares the digests with those of the core.
"""

import ast
import hashlib
import types

from sepcomp.sources import program as programs

VARARGS = 0x04      # of co_flags

CORE_C = '''
/* the digest of the body of a function of this core's source, 0 for one that it does not have; for extensions that have
   compiled it, too.  By hashes of names, since there are many. */
EXPORTED unsigned long sepcomp_template(unsigned long name)
{
    static const unsigned long bodies[][2] = { %s };
    size_t i;
    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        if (bodies[i][0] == name)
            return bodies[i][1];
    return 0;
}
'''
CHECK_C = '''    if (sepcomp_template == NULL || sepcomp_template(%sUL) != %sUL) {
        fprintf(stderr, "%%(name)s: %s of the core has changed, and is compiled in here; build %%(name)s again\\n");
        return 0;
    }
'''


def is_generic(func):
    """Whether a function has several versions: it is specialised, or takes any number of arguments."""
    tag = getattr(func, '_annspecialcase_', None) or ''
    return tag.startswith('specialize') and tag != 'specialize:memo' or bool(func.func_code.co_flags & VARARGS)


class Bodies(object):
    """Digests of the bodies of the core's functions. modules: {name: module}."""

    def __init__(self, modules):
        self.units = {}         # {file: [(first line, name, digest)]}, of functions and methods in order
        self.whole = {}         # {name of a module: digest}, for functions without a place in a file
        for name, module in modules.items():
            path = programs.source_of(module)
            with open(path) as f:
                tree = programs.without_docstrings(ast.parse(f.read()))
            self.units[path] = sorted(units_in(tree, name))
            self.whole[name] = digest_of(tree)

    def plain(self):
        """{name: digest}"""
        found = dict((name, digest) for units in self.units.values() for _, name, digest in units)
        return dict(found, **self.whole)

    def of(self, code):
        """(name, digest) of the function of a module, or method of a class of a module, in which this code stands.

        None for code that is made while the program runs.
        """
        before = [unit for unit in self.units.get(code.co_filename, ()) if unit[0] <= code.co_firstlineno]
        return before[-1][1:] if before else None


def units_in(tree, prefix):
    for node in tree.body:
        name = '%s.%s' % (prefix, getattr(node, 'name', ''))
        if isinstance(node, ast.FunctionDef):
            yield min([node.lineno] + [d.lineno for d in node.decorator_list]), name, digest_of(node)
        elif isinstance(node, ast.ClassDef):
            for unit in units_in(node, name):
                yield unit


def digest_of(node):
    """16 hexadecimal digits."""
    return hashlib.sha256(ast.dump(node)).hexdigest()[:16]


def number_of(name):
    return '0x' + hashlib.sha256(name).hexdigest()[:16]


class Used(object):
    """The bodies that an extension has compiled or run. modules: those of the core."""

    def __init__(self, modules):
        self.modules = modules
        self.bodies = None
        self.functions = set()
        self.codes = set()      # that ran

    def compiled(self, func):
        self.functions.add(func)

    def ran(self, func, args):
        """Record that a memo function was run, and everything that it may have called."""
        todo = [func] + [value.__class__ for value in args]
        seen = set()
        while todo:
            value = todo.pop()
            if id(value) in seen or getattr(value, '__module__', None) not in self.modules:
                continue
            seen.add(id(value))
            if isinstance(value, types.FunctionType):
                self.functions.add(value)
                todo += referred_to(value)
            elif isinstance(value, (type, types.ClassType)):
                todo += [getattr(v, 'im_func', v) for v in vars(value).values()] + list(value.__bases__)

    def plain(self):
        """{name: digest}"""
        bodies = Bodies(self.modules)
        found = [bodies.of(code) for code in self.codes]
        found += [bodies.of(f.func_code) or (f.__module__, bodies.whole[f.__module__]) for f in self.functions]
        return dict(filter(None, found))


def referred_to(func):
    """The functions and classes that a function can refer to by its globals and cells."""
    found, codes = [], [func.func_code]
    while codes:
        code = codes.pop()
        found += [func.func_globals[name] for name in code.co_names if name in func.func_globals]
        codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    for cell in func.func_closure or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:      # still empty
            pass
    return [value for value in found if isinstance(value, (type, types.ClassType, types.FunctionType))]


def text(plain):
    """For build systems: a line for each body."""
    return ''.join('%s %s\n' % (digest, name) for name, digest in sorted(plain.items()))


def core_text(plain):
    return CORE_C % ',\n'.join('{%sUL, 0x%sUL}' % (number_of(name), digest) for name, digest in sorted(plain.items()))


def checks(plain):
    """C statements of an extension that compare the digests, with %(name)s for its name."""
    return ''.join(CHECK_C % (number_of(name), '0x' + digest, name) for name, digest in sorted(plain.items()))


def subclasses(cls):
    """All classes below a class."""
    found = list(type.__subclasses__(cls)) if isinstance(cls, type) else []
    return found + [other for sub in found for other in subclasses(sub)]


def own_classes(modules):
    """All classes that these modules have made so far."""
    import gc
    todo, found = [object], set()
    for cls in todo:
        for sub in type.__subclasses__(cls):
            if sub not in found:
                found.add(sub)
                todo.append(sub)
    found.update(value for value in gc.get_objects() if type(value) is types.ClassType)     # noqa: E721
    return set(cls for cls in found if cls.__module__ in modules)
