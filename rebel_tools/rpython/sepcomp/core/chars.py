"""Strings where the core happens to use only one-character constants, and extensions longer strings.

rpython annotates such a constant, or a union of several, as a character. Here a character that comes only from
constants is marked, and an interface states a string for it (see `widening`). ord() accepts strings, too.
"""

from rpython.annotator import model
from rpython.rtyper import rstr
from rpython.tool.pairtype import pairtype

STRINGS = {model.SomeChar: model.SomeString, model.SomeUnicodeCodePoint: model.SomeUnicodeString}


def widen(s):
    """A string if `s` comes only from constants, otherwise a character."""
    return STRINGS[s.__class__]() if is_constant(s) else s.__class__()


def is_constant(s):
    return hasattr(s, 'const') or hasattr(s, 'sepcomp_constants')


def remember(cls):
    pair_of_chars = pairtype(cls, cls)
    original = pair_of_chars.union.im_func

    def union(pair):
        s = original(pair)
        if all(map(is_constant, pair)) and s.__class__ is cls:
            s.sepcomp_constants = True
        return s
    pair_of_chars.union = union


def ll_ord(s):
    if s.ll_strlen() != 1:
        raise TypeError
    return ord(s.chars[0])


def rtype_ord(self, hop):
    hop.has_implicit_exception(TypeError)
    hop.exception_is_here()
    return hop.gendirectcall(ll_ord, *hop.inputargs(self))


def install():
    for cls in STRINGS:
        remember(cls)
    for cls in STRINGS.values():
        cls.ord = lambda self: model.SomeInteger(nonneg=True)
    rstr.AbstractStringRepr.rtype_ord = rtype_ord
