"""Watches what happens while the modules of an extension are imported, in the process that translates it.

The extension depends on the functions of the core that run then (see `templates`).  Changes of lists, dicts and
instances that are shared at run time would have no effect on the core that is loaded later, so they are refused: they
belong into an initializer.
"""

import os
import sys

from sepcomp.command.errors import SepcompError
from sepcomp.sources.program import source_of


class Watch(object):
    """Records, while it traces, which functions of the core run and whether shared objects are changed.

    modules: {name: module} of the core; data: its interface; paths: its objects, see program.prebuilt_paths();
    folders: those of the program.
    """

    def __init__(self, modules, data, paths, folders):
        self.files = set(source_of(module) for module in modules.values())
        self.folders = tuple(folder + os.sep for folder in folders)
        self.codes = set()
        shared = set(data['containers']) | set(data['prebuilt'])
        self.state = [(path, value, contents(value)) for path, value in sorted(paths.values(), key=lambda item: item[0])
                      if path in shared and has_contents(value)]
        self.changed = None     # (FILE:LINE, path)
        self.line = '?'

    def start(self):
        sys.settrace(self.note_call)

    def stop(self):
        """Raises SepcompError if a shared object is not what it was."""
        sys.settrace(None)
        self.compare()
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
