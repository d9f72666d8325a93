"""C names.  Everything that core and extensions share is named after its name in the source, without counters."""

import re

CORE = 'sepcomp_'               # prefix of every symbol that a core exports on behalf of sepcomp


def mangle(path):
    """An identifier for a path like `core.W_Int.add` or `core.table['x']`."""
    return re.sub(r'[^A-Za-z0-9_]', lambda m: '__' if m.group() == '.' else '_%02x' % ord(m.group()), path)


def function(name):
    return CORE + 'f_' + mangle(name)


def vtable(classname):
    return CORE + 'vt_' + mangle(classname)


def prebuilt(path):
    return CORE + 'o_' + mangle(path)


def memo(name, number):
    return CORE + 'm_' + mangle(name) + ('_%d' % number if number else '')


def answer(symbol):
    """The function that takes an answer to the memo function with this symbol."""
    return symbol + '__answer'


def force(classname, field):
    """The function that is called before an extension writes a quasi-immutable field."""
    return CORE + 'q_' + mangle('%s.%s' % (classname, field))


def gc_helper(name):
    return CORE + 'gc_' + name


ROOT_VTABLE = CORE + 'vt_object'
EXC_DATA = CORE + 'exc_data'
GC = CORE + 'gc'
GCDATA = CORE + 'gcdata'
TYPE_GROUP = CORE + 'typeinfo'
DIGEST = CORE + 'digest'
AFTER_ACQUIRE = CORE + 'after_acquire'
