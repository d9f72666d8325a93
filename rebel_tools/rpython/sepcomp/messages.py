"""What to tell the user about an exception of the toolchain: rpython's own words, with file and line, once."""

import contextlib
import re

from sepcomp import program
from sepcomp.errors import SepcompError, SetupError

_PLACE = re.compile(r'Happened at file (\S+) line (\d+)')
_PLACE_FIRST = re.compile(r'^(\S+\.py:\d+): ')
_NOISE = re.compile(r' at 0x[0-9a-f]+')


def of(error, main):
    """The text for standard error, `FILE:LINE: error: ...` first; `main` is the source of a program as a whole."""
    text = _NOISE.sub('', str(error).strip() or type(error).__name__)
    if is_frozen_container(error):
        text = text.replace('None', 'this would make a list or dict of the core hold something more general, or '
                                    'change its representation; its type was fixed when the core was translated', 1)
    if "translate with '--thread'" in text:
        text = 'threads are not supported in a core: rthread cannot be used (entry points may be called from any thread)'
    placed = _PLACE_FIRST.match(text)
    if placed:
        return '%s: error: %s' % (placed.group(1), text[placed.end():])
    if isinstance(error, SetupError):
        return 'error: ' + text
    place = _PLACE.search(text)
    place = place.groups() if place else place_of_operation(error) or (main, 1)
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
        raise SepcompError('%s: %s' % (program.place_of(func), compact(str(error).strip())))


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
