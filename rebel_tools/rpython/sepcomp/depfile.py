"""What a translation read: modules, files that they opened, folders that they listed, as a depfile for build systems.

    libcore.so core.interface: core.py prims/ prims/one.py

The format is that of `gcc -MD`; a folder ends with a slash, and stands for the names in it.
"""

import __builtin__
import os
import sys


class Recorder(object):
    """Notes what the program reads, from install() on.

    read: {path of a file or a listed folder: the source file of the program that asked}
    """

    def __init__(self):
        self.read = {}

    def install(self):
        self.listdir, self.open = os.listdir, __builtin__.open
        os.listdir, __builtin__.open = self.list_folder, self.open_file

    def list_folder(self, path='.'):
        self.note(os.path.join(path, ''))
        return self.listdir(path)

    def open_file(self, name, mode='r', *args):
        if mode.startswith(('r', 'U')) and '+' not in mode:
            self.note(name)
        return self.open(name, mode, *args)

    def note(self, path):
        try:
            self.read.setdefault(os.path.abspath(path) + ('/' if path.endswith('/') else ''), asker())
        except TypeError:
            pass    # no path: open() will say so


def asker():
    """The source file of the innermost function that is no part of Python's own library or of the toolchain."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get('__name__', '')
        path = frame.f_code.co_filename
        if not path.startswith((sys.prefix, '<')) and name.split('.')[0] not in ('sepcomp', 'rpython', 'py'):
            return os.path.abspath(path)
        frame = frame.f_back
    return ''


def dependencies(recorder, program, without=(), output=''):
    """Sorted paths below the program's folders. without: names of modules that are another library's."""
    from sepcomp.program import source_of
    modules = program.modules()
    left_out = set(source_of(modules[name]) for name in without if name in modules)
    found = set(source_of(module) for module in modules.values()) | set([program.main])
    for path, by in recorder.read.items():
        inside = any(path.startswith(folder + os.sep) for folder in program.folders)
        if by and inside and by not in left_out and not path.startswith(output + os.sep) and not is_compiled(path):
            found.add(path)
    return sorted(found - left_out)


def is_compiled(path):
    return path.endswith(('.pyc', '.pyo'))


def text(targets, paths):
    """The depfile; paths are written relative to the current folder where they are below it."""
    return '%s: %s\n' % (' '.join(map(escape, targets)), ' \\\n  '.join(map(escape, paths)))


def escape(path):
    here = os.getcwd() + os.sep
    path = path[len(here):] if path.startswith(here) else path
    return path.replace('\\', '\\\\').replace(' ', '\\ ').replace('#', '\\#').replace('$', '$$')
