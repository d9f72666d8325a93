"""Messages for the user from exceptions of the toolchain: rpython's own text, with file and line, once."""

import contextlib
import re
import sys

from sepcomp.shared import entries
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
        text = 'rthread is used, and the core has no threads: translate the core with --thread'
    if isinstance(error, SyntaxError) and error.filename:
        return '%s:%s: error: %s%s' % (error.filename, error.lineno, error.msg, caret(error))
    placed = _PLACE_FIRST.match(text)
    if placed:
        return '%s: error: %s' % (placed.group(1), text[placed.end():])
    if isinstance(error, SetupError):
        return 'error: ' + text
    place = getattr(error, 'sepcomp_caller', None)
    if place is None:
        place = _PLACE.search(text)
        place = place.groups() if place else (
            place_of_operation(error) or getattr(error, 'sepcomp_place', None) or place_of_class(text) or
            getattr(error, 'sepcomp_near', None))
    if place is None:
        place = place_in_program(sys.exc_info()[2])
        if place is not None and not isinstance(error, SepcompError):
            text = '%s: %s' % (type(error).__name__, text)
    place = place or (main, 1)
    return '%s:%s: error: %s' % (place + (compact(text),))


def caret(error):
    """The source line of a SyntaxError, with a caret below the column."""
    if not error.text:
        return ''
    line = error.text.rstrip().expandtabs(1)
    return '\n  %s\n  %s^' % (line.strip(), ' ' * ((error.offset or 1) - 1 - (len(line) - len(line.lstrip()))))


def place_in_program(trace):
    """(file, line) of the innermost statement of the program that was running, None if none was."""
    found = None
    while trace is not None:
        if program.is_users(trace.tb_frame.f_code):
            found = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return found


@contextlib.contextmanager
def placed(func):
    """In a `with` block: errors of the annotator without a place get that of this function."""
    from rpython.annotator.model import AnnotatorError
    try:
        yield
    except AnnotatorError as error:
        if _PLACE.search(str(error)) or _PLACE_FIRST.match(str(error)):
            raise
        place = getattr(error, 'sepcomp_place', None)
        place = '%s:%d' % place if place else program.place_of(func)
        raise SepcompError('%s: %s' % (place, compact(str(error).strip())))


def install():
    """Give every error of the passes a place, also where rpython's own mechanism for that fails."""
    from rpython.annotator import annrpython
    from rpython.memory.gctransform.transform import BaseGCTransformer
    from rpython.rtyper.rtyper import RPythonTyper
    from rpython.translator.c import node
    annrpython.gather_error = gather_error(annrpython.gather_error)
    RPythonAnnotator = annrpython.RPythonAnnotator
    RPythonAnnotator.flowin = at(at(RPythonAnnotator.flowin.im_func, place_in), caller_in_program, 'sepcomp_caller')
    RPythonTyper.specialize_block = at(RPythonTyper.specialize_block.im_func, place_of_block, 'sepcomp_near')
    BaseGCTransformer.transform_graph = at(BaseGCTransformer.transform_graph.im_func, place_of_graph, 'sepcomp_near')
    node.make_funcgen = at(node.make_funcgen, lambda graph, *args: place_of_graph(None, graph), 'sepcomp_near')


def at(original, place, attribute='sepcomp_place'):
    """The function, whose errors get the (file, line) that `place` finds for its arguments, as an attribute."""
    def function(*args, **kwds):
        from rpython.annotator.annrpython import BlockedInference
        try:
            return original(*args, **kwds)
        except BlockedInference:        # not an error, see there
            raise
        except Exception as error:
            if not hasattr(error, attribute):
                setattr(error, attribute, place(*args))
            raise
    return function


def caller_in_program(annotator, graph, block):
    """(file, line) of the call in the program that led to this graph of the toolchain, None for the program's own."""
    found = [graph]
    for callee in found:
        code = code_of(callee)
        if code is None or program.is_users(code):
            return None
        for caller, called, place in annotator.translator.callgraph:
            if called is callee and caller not in found:
                code = code_of(caller)
                if code is not None and program.is_users(code) and isinstance(place, tuple):
                    caller_block, number = place
                    return place_at(code, [caller_block.operations[number].offset])
                found.append(caller)


def place_of_block(rtyper, block):
    """(file, line) of a block that is rtyped, if nothing more precise is known."""
    graph = rtyper.annotator.annotated[block]
    return place_of_graph(rtyper, graph, [op.offset for op in block.operations if op.offset >= 0])


def place_of_graph(owner, graph, offsets=()):
    """(file, line) of an operation in a graph, or of its function, None for a graph without one."""
    code = code_of(graph)
    return code and place_at(code, offsets)


def code_of(graph):
    return getattr(entries.written_by_user(getattr(graph, 'func', None)), 'func_code', None)


def gather_error(original):
    def gather(annotator, graph, block, operindex):
        try:
            return original(annotator, graph, block, operindex)
        except Exception:       # it reads the annotations again, and fails with the error that it has to describe
            place = place_in(annotator, graph, block)
            return 'Happened at file %s line %d' % place if place else ''
    return gather


def place_in(annotator, graph, block):
    """(file, line) of the first operation that has no annotation yet; of the last one if all have."""
    offsets = [op.offset for op in block.operations if op.offset >= 0 and op.result.annotation is None] or (
        [op.offset for op in block.operations if op.offset >= 0][-1:])
    return place_of_graph(annotator, graph, offsets)


def place_at(code, offsets):
    """(file, line) of the first of these offsets in a function's bytecode; of the function if there are none."""
    from rpython.tool.error import offset2lineno
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
    """The text without the blank lines of rpython's long form."""
    lines = [line.rstrip() for line in text.splitlines()]
    return '\n  '.join(line for line in lines if line and line != 'Known variable annotations:')


def is_frozen_container(error):
    try:
        from rpython.annotator.listdef import ListChangeUnallowed, TooLateForChange
    except ImportError:
        return False
    return isinstance(error, TooLateForChange) or (isinstance(error, ListChangeUnallowed) and not error.args)
