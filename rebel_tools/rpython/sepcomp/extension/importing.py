"""Watches what happens while the modules of an extension are imported, in the process that translates it.

The extension depends on the functions of the core that run then (see `templates`).  Changes of lists, dicts and
instances that are shared at run time would have no effect on the core that is loaded later, so they are refused: they
belong into an initializer.  So is another value for a name of a module or class of the core.
"""

import ast
import os
import sys

from sepcomp.command.errors import SepcompError
from sepcomp.sources.program import source_of


class Watch(object):
    """Records, while it traces, which functions of the core run and whether shared objects are changed.

    before: a bound.Before; data: the interface of the core; folders: those of the program.
    """

    def __init__(self, before, data, folders):
        self.files = set(source_of(module) for module in before.modules.values())
        self.bindings = Bindings(before)
        self.folders = tuple(folder + os.sep for folder in folders)
        self.codes = set()
        shared = set(data['containers']) | set(data['prebuilt'])
        objects = sorted(before.paths.values(), key=lambda item: item[0])
        self.state = [(path, value, contents(value)) for path, value in objects
                      if path in shared and has_contents(value)]
        self.changed = None     # (FILE:LINE, path)
        self.line = '?'

    def start(self):
        sys.settrace(self.note_call)

    def stop(self):
        """Raises SepcompError if a shared object, or what a name of the core stands for, is not what it was."""
        sys.settrace(None)
        self.compare()
        self.bindings.check(self.folders, self.files)
        if self.changed is not None:
            raise SepcompError('%s: %s belongs to the core, and is changed when this module is imported: the core that '
                               'is loaded later does not see that; change it in a function with @initializer' %
                               self.changed)

    def note_call(self, frame, event, argument):
        path = frame.f_code.co_filename
        if path in self.files:
            self.codes.add(frame.f_code)
        elif path.startswith(self.folders):
            return self.note_line

    def note_line(self, frame, event, argument):
        self.compare()
        self.line = '%s:%d' % (frame.f_code.co_filename, frame.f_lineno)
        return self.note_line

    def compare(self):
        """Attribute changes since the last call to the line that has just run."""
        if self.changed is None:
            for path, value, before in self.state:
                if contents(value) != before:
                    self.changed = self.line, path
                    break


class Bindings(object):
    """What the names of the core's modules and classes stand for. before: a bound.Before."""

    def __init__(self, before):
        self.modules = [(name, module, dict(vars(module))) for name, module in sorted(before.modules.items())]
        self.classes = [('%s.%s' % (cls.__module__, cls.__name__), cls, dict(vars(cls))) for cls in before.classes]

    def check(self, folders, core_files):
        """Raises SepcompError if one stands for something else now; folders: where the program's sources are.

        New names in modules are imports; in a class, they could hide what the core inherits.
        """
        for path, owner, known in self.modules + sorted(self.classes, key=lambda row: row[0]):
            now = vars(owner)
            names = set(known) if (path, owner, known) in self.modules else set(known) | set(now)
            for name in sorted(names):
                if not name.startswith('__') and known.get(name) is not now.get(name):
                    raise SepcompError('%s%s.%s belongs to the core, and is set when this module is imported: the '
                                       'core that is loaded later does not see that; derive a class, or change the '
                                       "core's source" % (place_of_assignment(name, folders, core_files), path, name))


def place_of_assignment(name, folders, core_files):
    """'FILE:LINE: ' of an assignment to an attribute of this name, rather in the extension; '' where none is found."""
    files = set(source_of(module) for module in sys.modules.values() if module is not None)
    files = [path for path in files if path and path.startswith(folders) and os.path.exists(path)]
    for path in sorted(files, key=lambda path: (path in core_files, path)):
        with open(path, 'rb') as f:
            tree = ast.parse(f.read())
        for node in ast.walk(tree):
            if assigns(node, name):
                return '%s:%d: ' % (path, node.lineno)
    return ''


def assigns(node, name):
    if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'setattr' and len(node.args) == 3:
        return getattr(node.args[1], 's', None) == name
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == name


def has_contents(value):
    return not hasattr(value, '_freeze_') and (isinstance(value, (list, dict)) or hasattr(value, '__dict__'))


def contents(value):
    """Something that is equal as long as the object holds the same objects."""
    if isinstance(value, list):
        return map(id, value)
    if isinstance(value, dict):
        return dict((key, id(item)) for key, item in value.items())
    return dict((name, (id(item), contents(item) if isinstance(item, (list, dict)) else None))
                for name, item in vars(value).items())
