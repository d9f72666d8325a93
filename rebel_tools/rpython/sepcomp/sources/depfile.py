"""Writes what a translation has read as a depfile for build systems: modules, files and folders that these have read.

    libcore.so core.interface: core.py prims/ prims/one.py

The format is that of `gcc -MD`; a path with a slash at its end stands for the names in a folder.  For a missing file
that was looked up, and for a missing module whose name was computed, the depfile contains their folders.
"""

import __builtin__
import imp
import io
import os
import re
import stat
import sys

from sepcomp.sources import program


class Recorder(object):
    """Records what the program reads, after install().

    read: {path of a file, or of a listed folder with a slash at its end: the source file of the code that read it}
    missed: {(name of a module, folders of its package or None): the source file that imports it}
    """

    def __init__(self):
        self.read = {}
        self.missed = {}

    def install(self):
        # These modules look up the functions that are replaced here, so they must be imported before.
        import rpython.rlib.rfile       # noqa: F401
        import rpython.rlib.rposix      # noqa: F401
        os.listdir = self.watch(os.listdir, lambda path='.': self.note(os.path.join(path, '')))
        for name in ('exists', 'isfile', 'lexists'):
            setattr(os.path, name, self.watch(getattr(os.path, name), self.note))
        os.open = self.watch(os.open, self.note)
        io.open = self.watch(io.open, self.note_open)
        imp.load_source = self.watch(imp.load_source, lambda name, path, *args: self.note(path))
        __builtin__.open = self.watch(open, self.note_open)
        __builtin__.execfile = self.execute_file
        __builtin__.file = self.watched_type(file)
        sys.meta_path.insert(0, self)

    def watch(self, original, note):
        """A function that records its arguments and calls `original`; in translated code it is replaced by `original`.
        """
        def watched(*args, **kwds):
            try:
                note(*args, **kwds)
            except (TypeError, AttributeError):
                pass    # wrong arguments, which `original` reports
            return original(*args, **kwds)
        watched._flowspace_rewrite_directly_as_ = original
        watched.__name__ = original.__name__
        return watched

    def watched_type(self, original):
        recorder = self

        class Meta(type):
            def __instancecheck__(cls, value):
                return isinstance(value, original)

        class WatchedFile(original):
            __metaclass__ = Meta
            _flowspace_rewrite_directly_as_ = original

            def __init__(self, *args, **kwds):
                recorder.note_open(*args, **kwds)
                original.__init__(self, *args, **kwds)
        return WatchedFile

    def execute_file(self, path, *scopes):
        self.note(path)
        frame = sys._getframe(1)
        with __builtin__.open(path) as f:
            code = compile(f.read(), path, 'exec')
        scopes = scopes or (frame.f_globals, frame.f_locals)
        exec code in scopes[0], scopes[-1]

    def find_module(self, name, path=None):
        """As an importer that finds nothing, see PEP 302."""
        by = asker()
        if by:
            self.missed.setdefault((name, path and tuple(path)), by)

    def note_open(self, name, mode='r', *args, **kwds):
        if mode.startswith(('r', 'U')) and '+' not in mode:
            self.note(name)

    def note(self, path, *args):
        by, absolute = asker(), os.path.abspath(path)
        if not by:
            return
        if path.endswith('/'):
            self.read.setdefault(os.path.join(absolute, ''), by)
        elif stat.S_ISREG(mode_of(absolute)):
            self.read.setdefault(absolute, by)
        elif not mode_of(absolute):
            self.read.setdefault(os.path.join(os.path.dirname(absolute), ''), by)


def mode_of(path):
    """The mode of a file, 0 if it does not exist."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


def asker():
    """The source file of the innermost function that is no part of Python's own library or of the toolchain."""
    frame = sys._getframe(2)
    while frame is not None:
        if program.is_users(frame.f_code):
            return os.path.abspath(frame.f_code.co_filename)
        frame = frame.f_back
    return ''


def dependencies(recorder, translated, without=(), output=''):
    """Sorted paths below the folders of the translated program. without: names of modules of another library."""
    modules = translated.modules()
    left_out = set(program.source_of(modules[name]) for name in without if name in modules)
    found = set(program.source_of(module) for module in modules.values()) | set([translated.main])
    for path, by in recorder.read.items() + missed_modules(recorder, translated):
        inside = any(path.startswith(folder + os.sep) for folder in translated.folders)
        if by and inside and by not in left_out and not path.startswith(output + os.sep) and not is_compiled(path):
            found.add(path)
    return sorted(found - left_out)


def missed_modules(recorder, translated):
    """[(path, source file that imports it)] of modules that are not loaded (any more): their file, or the folder
    without.

    Left out are modules in import statements, which build systems can look up themselves, and modules that Python
    looked up beside the importing module and found elsewhere.
    """
    found = []
    for (name, folders), by in recorder.missed.items():
        last = name.rpartition('.')[2]
        if sys.modules.get(name) is not None or sys.modules.get(last) is not None or is_named(last, by):
            continue
        for folder in folders or translated.folders:
            base = os.path.join(os.path.abspath(folder), last)
            paths = filter(os.path.isfile, [base + '.py', os.path.join(base, '__init__.py')])
            found += [(path, by) for path in paths or [os.path.dirname(base) + os.sep]]
    return found


def is_named(name, path):
    """Whether an import statement of the source names this module."""
    try:
        with open(path) as f:
            return re.search(r'^[ \t]*(import|from)\b.*\b%s\b' % re.escape(name), f.read(), re.M) is not None
    except IOError:
        return False


def is_compiled(path):
    return path.endswith(('.pyc', '.pyo'))


def text(targets, paths):
    """The depfile; paths are written relative to the current folder where they are below it."""
    return '%s: %s\n' % (' '.join(map(escape, targets)), ' \\\n  '.join(map(escape, paths)))


def escape(path):
    here = os.getcwd() + os.sep
    path = path[len(here):] if path.startswith(here) else path
    return path.replace('\\', '\\\\').replace(' ', '\\ ').replace('#', '\\#').replace('$', '$$')
