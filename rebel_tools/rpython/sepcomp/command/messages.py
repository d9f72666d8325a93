"""What to tell the user about an exception of the toolchain: rpython's own words, with file and line, once."""

import contextlib
import re
import sys

from sepcomp.sources import program
from sepcomp.command.errors import SepcompError, SetupError

_PLACE = re.compile(r'Happened at file (\S+) line (\d+)')
_PLACE_FIRST = re.compile(r'^(\S+\.py:\d+): ')
_CLASS = re.compile(r"<ClassDef '([\w.#]+)'>")
_NOISE = re.compile(r' at 0x[0-9a-f]+')


def of(error, main):
    """The text for standard error, `FILE:LINE: error: ...` first; `main` is the source of a program as a whole."""
    text = _NOISE.sub('', str(error).strip() or type(error).__name__)
    if is_frozen_container(error):
        text = text.replace('None', 'this would make a list or dict of the core hold something more general, or '
                                    'change its representation; its type was fixed when the core was translated', 1)
    if hasattr(error, 's_obj1'):        # a UnionError
        from sepcomp.interfaces.annotations import describe
        text = 'one variable, list or attribute cannot hold both %s and %s\n%s' % (
            describe(error.s_obj1), describe(error.s_obj2), text)
    if "translate with '--thread'" in text:
        text = ('threads are not supported in a core: rthread cannot be used (entry points may be called from any '
                'thread)')
    placed = _PLACE_FIRST.match(text)
    if placed:
        return '%s: error: %s' % (placed.group(1), text[placed.end():])
    if isinstance(error, SetupError):
        return 'error: ' + text
    place = _PLACE.search(text)
    place = place.groups() if place else (
        place_of_operation(error) or getattr(error, 'sepcomp_place', None) or place_of_class(text) or (main, 1))
    return '%s:%s: error: %s' % (place + (compact(text),))


@contextlib.contextmanager
def placed(func):
    """Errors of the annotator that have no place are about this function."""
    from rpython.annotator.model import AnnotatorError
    try:
        yield
    except AnnotatorError as error:
        if _PLACE.search(str(error)) or _PLACE_FIRST.match(str(error)):
            raise
        place = '%s:%d' % error.sepcomp_place if hasattr(error, 'sepcomp_place') else program.place_of(func)
        raise SepcompError('%s: %s' % (place, compact(str(error).strip())))


def install():
    """Let every error of the annotator say where it happened, also where rpython's own way of saying so fails."""
    from rpython.annotator import annrpython
    from rpython.annotator.annrpython import RPythonAnnotator
    original = RPythonAnnotator.flowin.im_func
    annrpython.gather_error = gather_error(annrpython.gather_error)

    def flowin(self, graph, block):
        try:
            original(self, graph, block)
        except Exception as error:
            error.sepcomp_place = place_in(graph, block)
            raise
    RPythonAnnotator.flowin = flowin


def gather_error(original):
    def gather(annotator, graph, block, operindex):
        try:
            return original(annotator, graph, block, operindex)
        except Exception:       # it asks for annotations again, and stumbles over the error that it is to describe
            return 'Happened at file %s line %d' % place_in(graph, block)
    return gather


def place_in(graph, block):
    """(file, line) of the first operation that has no annotation yet; of the last one if all have."""
    from rpython.tool.error import offset2lineno
    code = graph.func.func_code
    offsets = [op.offset for op in block.operations if op.offset >= 0 and op.result.annotation is None] or (
        [op.offset for op in block.operations if op.offset >= 0][-1:])
    return code.co_filename, offset2lineno(code, offsets[0]) if offsets else code.co_firstlineno


def place_of_class(text):
    """(file, line) of the class that an error of the rtyper is about, None if it is about none."""
    for name in _CLASS.findall(text):
        modname, _, clsname = name.partition('#')[0].rpartition('.')
        while modname and modname not in sys.modules:
            modname = modname.rpartition('.')[0]
        path = program.source_of(sys.modules.get(modname))
        if path and not program.is_library(modname):
            return path, program.line_of_class(path, clsname)
    return None


def place_of_operation(error):
    """(file, line) of the operation at which rtyping ended, None for other errors."""
    from rpython.tool.error import offset2lineno
    graph, _, operation = getattr(error, 'where', None) or (None, None, None)
    code = getattr(getattr(graph, 'func', None), 'func_code', None)
    if code is None:
        return None
    offset = getattr(operation, 'offset', -1)
    return code.co_filename, offset2lineno(code, offset) if offset >= 0 else code.co_firstlineno


def compact(text):
    """Without the blank lines of rpython's long form."""
    lines = [line.rstrip() for line in text.splitlines()]
    return '\n  '.join(line for line in lines if line and line != 'Known variable annotations:')


def is_frozen_container(error):
    try:
        from rpython.annotator.listdef import ListChangeUnallowed, TooLateForChange
    except ImportError:
        return False
    return isinstance(error, TooLateForChange) or (isinstance(error, ListChangeUnallowed) and not error.args)
