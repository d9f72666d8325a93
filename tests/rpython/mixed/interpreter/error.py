# ruff: noqa
"""Application-level exceptions at interpreter level."""
from rpython.rlib.objectmodel import specialize
from rpython.rlib.unroll import unrolling_iterable
from sepcomp import export, export_class


@export_class
class OperationError(Exception):
    _application_traceback = None

    def __init__(self, w_type, w_value):
        self.w_type = w_type
        self._w_value = w_value

    def match(self, space, w_check_class):
        return space.issubtype_w(self.w_type, w_check_class)

    def get_w_value(self, space):
        w_value = self._w_value
        if w_value is None:
            self._w_value = w_value = space.newtext(self._compute_value(space))
        return w_value

    def _compute_value(self, space):
        raise NotImplementedError

    def errorstr(self, space):
        s = space.text_w(space.str(self.get_w_value(space)))
        name = space.type_name(self.w_type)
        if s == '':
            return name
        return name + ': ' + s


_fmtcache = {}
_FMTS = tuple('NRSTsd')


def decompose_valuefmt(valuefmt):
    """('abc ', ' def'), ('s',) for 'abc %s def'"""
    formats, parts = [], []
    text = valuefmt.split('%%')
    i = 0
    while i < len(text):
        part = text[i]
        if '%' in part:
            before, rest = part.split('%', 1)
            assert rest[0] in _FMTS, 'invalid format %r' % valuefmt
            parts.append(before)
            formats.append(rest[0])
            text[i] = rest[1:]
        else:
            if i + 1 < len(text):
                text[i + 1] = part + '%' + text[i + 1]
            else:
                parts.append(part)
            i += 1
    return tuple(parts), tuple(formats)


def get_operrcls2(valuefmt):
    valuefmt = valuefmt.decode('ascii').encode('ascii')
    strings, formats = decompose_valuefmt(valuefmt)
    assert len(strings) == len(formats) + 1
    try:
        OpErrFmt = _fmtcache[formats]
    except KeyError:
        attrs = ['x%d' % i for i in range(len(formats))]
        entries = unrolling_iterable(zip(range(len(formats)), formats, attrs))

        class OpErrFmt(OperationError):
            def __init__(self, w_type, strings, *args):
                assert len(args) == len(strings) - 1
                self.xstrings = strings
                for i, _, attr in entries:
                    setattr(self, attr, args[i])
                OperationError.__init__(self, w_type, None)

            def _compute_value(self, space):
                lst = [''] * (len(formats) + len(formats) + 1)
                for i, fmt, attr in entries:
                    lst[i + i] = self.xstrings[i]
                    value = getattr(self, attr)
                    if fmt == 'd':
                        result = str(value)
                    elif fmt == 'R':
                        result = space.text_w(space.repr(value))
                    elif fmt == 'S':
                        result = space.text_w(space.str(value))
                    elif fmt == 'T':
                        result = space.type_name(space.type(value))
                    elif fmt == 'N':
                        result = space.type_name(value)
                    else:
                        result = str(value)
                    lst[i + i + 1] = result
                lst[-1] = self.xstrings[-1]
                return ''.join(lst)
        _fmtcache[formats] = OpErrFmt
    return OpErrFmt, list(strings)


@specialize.memo()
def get_operr_class(valuefmt):
    return get_operrcls2(valuefmt)


@specialize.arg(1)
def oefmt(w_type, valuefmt, *args):
    """Equivalent to OperationError(w_type, space.newtext(valuefmt % args)); computed lazily."""
    if not len(args):
        return OperationError(w_type, space_newtext(valuefmt))
    OpErrFmt, strings = get_operr_class(valuefmt)
    return OpErrFmt(w_type, strings, *args)


@export(str)
def space_newtext(s):
    from interpreter.space import space
    return space.newtext(s)
