"""Entry points: the RPython function behind a C-callable one, and the C around it.

    long name(long a, const char *s)  ->  RPython: name(a, charp2str(s))

The C side lets one thread in at a time, clears and sets the error that `sepcomp_last_error()` returns, and catches all
exceptions.
"""

import re

from sepcomp.command.errors import SepcompError
from sepcomp.sources.program import place_of

C_TYPES = {'Signed': 'long', 'Float': 'double', 'Bool': 'int', 'Void': 'void', '*': 'const char *'}
ERRORS = {'long': '-1', 'double': '-1.0', 'int': '-1', 'const char *': 'NULL'}


KEYWORDS = frozenset("""auto bool break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef union unsigned void
    volatile while""".split())
RESERVED = ('sepcomp_', 'pypy', 'rpy', 'RPy', 'init_module')


def annotate_all(translator, entries):
    """[(entry, RPython function behind it)] of api.EntryPoints."""
    for number, entry in enumerate(entries):
        check_name(entry, entries[:number])
    return [(entry, annotate(translator, entry)) for entry in entries]


def check_name(entry, others):
    place = place_of(entry.func)
    for other in others:
        if other.name == entry.name:
            raise SepcompError('%s: there is another @entrypoint %s, at %s; C knows one function of a name' % (
                place, entry.name, place_of(other.func)))
    if not re.match(r'[A-Za-z_]\w*$', entry.name) or entry.name in KEYWORDS or entry.name.startswith(RESERVED):
        raise SepcompError('%s: @entrypoint %s: a function of C cannot have this name; give it another one' % (
            place, entry.name))


def annotate(translator, entry):
    """Annotate the RPython function behind `entry` (an api.EntryPoint)."""
    argcount = entry.func.func_code.co_argcount
    if argcount != len(entry.types):
        raise SepcompError('%s: @entrypoint has %d types, %s() takes %d arguments' % (
            place_of(entry.func), len(entry.types), entry.name, argcount))
    inner = make_inner(entry)
    translator.annotator.build_types(inner, [low_type(entry, t) for t in entry.types], complete_now=False)
    return inner


def low_type(entry, t):
    from rpython.rtyper.lltypesystem import rffi
    if t in (int, float, bool):
        return t
    if t is str:
        return rffi.CCHARP
    raise SepcompError('%s: @entrypoint %s: %r cannot come from C; int, float, bool and str can' % (
        place_of(entry.func), entry.name, t))


def make_inner(entry):
    from rpython.rlib.objectmodel import specialize
    from rpython.rtyper.lltypesystem import rffi

    @specialize.argtype(0)
    def to_c(result):
        if isinstance(result, str):
            return rffi.str2charp(result, track_allocation=False)
        return result

    args = ['a%d' % i for i in range(len(entry.types))]
    values = ['charp2str(%s)' % a if t is str else a for a, t in zip(args, entry.types)]
    source = 'def entry_%s(%s):\n    return to_c(func(%s))\n' % (entry.name, ', '.join(args), ', '.join(values))
    namespace = {'func': entry.func, 'charp2str': rffi.charp2str, 'to_c': to_c}
    exec source in namespace
    inner = namespace['entry_' + entry.name]
    inner.sepcomp_calls = entry.func
    return inner


def written_by_user(func):
    """The function of the program for which an inner function stands, into which it may be inlined."""
    return getattr(func, 'sepcomp_calls', func)


class Emitted(object):
    """An entry point with the C name of its RPython function and its low-level type."""

    def __init__(self, entry, cname, FUNC):
        self.name = entry.name
        self.cname = cname
        self.result = c_type(entry, FUNC.RESULT)
        self.args = [c_type(entry, A) for A in FUNC.ARGS]

    def declaration(self):
        args = ', '.join('%s a%d' % (t, i) for i, t in enumerate(self.args)) or 'void'
        return '%s %s(%s)' % (self.result, self.name, args)

    def words(self):
        """Result and arguments as interface.function_in_words takes them."""
        names = {'long': 'Signed', 'double': 'Float', 'int': 'int', 'void': 'void', 'const char *': '*'}
        return ' '.join(names[t] for t in [self.result] + self.args)

    def definition(self, message, refused='0', entered=''):
        """The C function.

        message: C expressions for the message and the errno of an exception of this library; refused: a C condition
        that is true while nothing may be called; entered: a statement before the call.
        """
        values = ', '.join('(%s)a%d' % ('bool_t' if t == 'int' else 'char *' if '*' in t else t, i)
                           for i, t in enumerate(self.args))
        is_void = self.result == 'void'
        error = '' if is_void else ERRORS[self.result]
        lines = ['EXPORTED %s' % self.declaration(), '{']
        lines += ['    int entered;'] + ([] if is_void else ['    %s result;' % self.result])
        lines += ['    if (%s) return %s;' % (refused, error),
                  '    entered = sepcomp_enter();',
                  '    %ssepcomp_clear_error();' % entered,
                  '    %s%s(%s);' % ('' if is_void else 'result = ', self.cname, values),
                  '    if (RPyExceptionOccurred()) { sepcomp_record_error(%s); %s}' % (
                      message, '' if is_void else 'result = %s; ' % error)]
        if '*' in self.result:
            lines.append('    else { free((void *)sepcomp_last_string); sepcomp_last_string = result; }')
        return '\n'.join(lines + ['    sepcomp_leave(entered);', '    return%s;' % ('' if is_void else ' result'), '}'])


def c_type(entry, T):
    from rpython.rtyper.lltypesystem import lltype
    key = '*' if isinstance(T, lltype.Ptr) and T.TO._gckind == 'raw' else str(T)
    if key not in C_TYPES:
        raise SepcompError('%s: @entrypoint %s returns %s; int, float, bool, str and None can go to C' % (
            place_of(entry.func), entry.name, T))
    return C_TYPES[key]
