"""Names of classes that are unique, and the same in the translations of a core and of its extensions.

rpython names a class `module.Class`, from its __module__ and __name__. Two classes made by one function then have the
same name, and the name of a nested class cannot be looked up. Here a class is named by the path to it: `module.Class`,
`module.Outer.Inner`, or `module.A` for `A = make_class()`. The name of a class without a path contains a number, and in
an extension also the name of the extension; it cannot be looked up.
"""

import sys
import types

from rpython.annotator import classdesc

UNREACHABLE = '#'


class Names(object):
    """The names of all classes of a program.

    program: a program.Program; library: the name of an extension, '' in a core; first: names of modules to search
    before all others, those of the core.
    """

    def __init__(self, program, library='', first=()):
        self.program = program
        self.library = library
        self.first = set(first)
        self.loaded = 0
        self.paths = {}         # {class: path}
        self.unreachable = {}   # {class: name}
        self.classes = {}       # {path: class}
        self.private = lambda cls: False    # see bound.Core.is_private
        self.refresh()

    def refresh(self):
        """Find the classes of modules that were imported since the last call."""
        if len(sys.modules) == self.loaded:
            return
        self.loaded = len(sys.modules)
        modules = self.program.modules()
        self.paths = {}
        order = sorted(modules, key=lambda name: (name not in self.first, name))
        for is_home in (True, False):
            for modname in order:
                self.walk(modname, vars(modules[modname]), modname, is_home)
        self.classes = dict((path, cls) for cls, path in self.paths.items())

    def walk(self, prefix, namespace, modname, is_home):
        for name, value in sorted(namespace.items()):
            if not is_class(value) or value in self.paths or (value.__module__ == modname) != is_home:
                continue
            if is_home or not is_found(value):
                # a class that is called otherwise where it was made may have a better name later in this namespace
                better = namespace.get(value.__name__)
                self.paths[value] = '%s.%s' % (prefix, value.__name__ if better is value else name)
                self.walk(self.paths[value], vars(value), modname, is_home)

    def of(self, cls):
        """The name of a class."""
        self.refresh()
        if cls in self.paths:
            return self.paths[cls]
        if self.private(cls):
            return default(cls) + UNREACHABLE + self.library
        if is_found(cls):
            return default(cls)
        if cls not in self.unreachable:
            count = len([one for one in self.unreachable if default(one) == default(cls)]) + 1
            self.unreachable[cls] = '%s%s%s%d' % (default(cls), UNREACHABLE, self.library, count)
        return self.unreachable[cls]

    def find(self, name):
        """The class with this name, None without one."""
        self.refresh()
        if name in self.classes:
            return self.classes[name]
        modname, _, clsname = name.rpartition('.')
        return getattr(sys.modules.get(modname), clsname, None)


def default(cls):
    return '%s.%s' % (cls.__module__, cls.__name__)


def is_class(value):
    return isinstance(value, (type, types.ClassType))


def is_found(cls):
    """Whether looking up __name__ in __module__ gives this class."""
    return getattr(sys.modules.get(cls.__module__), cls.__name__, None) is cls


def install(names):
    """Let rpython use these names; `w.__class__.__name__` stays what Python says."""
    original_desc, original_def = classdesc.ClassDesc.__init__.im_func, classdesc.ClassDef.__init__.im_func

    def init_desc(self, bookkeeper, cls, name=None, basedesc=None, classdict=None):
        original_desc(self, bookkeeper, cls, name or names.of(cls), basedesc, classdict)

    def init_def(self, bookkeeper, desc):
        original_def(self, bookkeeper, desc)
        self.shortname = desc.pyobj.__name__
    classdesc.ClassDesc.__init__, classdesc.ClassDef.__init__ = init_desc, init_def
