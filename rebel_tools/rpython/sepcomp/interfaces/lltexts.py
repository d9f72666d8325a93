"""Low-level types as canonical text, and the layouts of structures as plain data.

Two translations never share type objects: a type that an extension has rebuilt is the core's type if the texts are
equal. Structures of user classes are represented by their names (their layouts are compared separately), all others by
their fields.
"""

from rpython.memory.gctypelayout import is_subclass_of_object
from rpython.rtyper.lltypesystem import llmemory, lltype


def text(T, seen=()):
    """The canonical text of a low-level type."""
    if isinstance(T, lltype.Ptr):
        if T.TO._gckind == 'raw' and getattr(T.TO, '_name', None) == 'pbc':
            return 'Address'    # a frozen object: extensions only compare its address
        return '*' + text(T.TO, seen)
    if isinstance(T, lltype.FuncType):
        return 'func(%s)%s' % (','.join(text(A, seen) for A in T.ARGS if A is not lltype.Void), text(T.RESULT, seen))
    if isinstance(T, lltype.Struct):
        return struct_text(T, seen)
    if isinstance(T, (lltype.Array, lltype.FixedSizeArray)):
        hints = ''.join(' ' + name for name in ('nolength',) if T._hints.get(name))
        return '%sarray%s[%s]' % (gc_prefix(T), hints, text(T.OF, seen + (id(T.__dict__),)))
    if isinstance(T, lltype.OpaqueType):
        return 'opaque ' + T.tag
    if T == llmemory.WeakRef:
        return 'weakref'
    return str(getattr(T, '_name', T))


def gc_prefix(T):
    return 'gc ' if T._gckind == 'gc' else ''


def struct_text(T, seen):
    if is_subclass_of_object(T):
        return 'instance ' + T._name
    if T._name.endswith('_vtable'):
        return 'vtable ' + T._name[:-len('_vtable')]
    key = id(T.__dict__)
    if key in seen:
        return '^%d' % (len(seen) - seen.index(key))
    seen += (key,)
    if isinstance(T, lltype.FixedSizeArray):
        return '%sfixed[%d %s]' % (gc_prefix(T), T.length, text(T.OF, seen))
    names = [name for name in T._names if T._flds[name] is not lltype.Void]
    fields = ','.join('%s:%s' % (name, text(T._flds[name], seen)) for name in names)
    return '%sstruct %s{%s}' % (gc_prefix(T), T._name, fields)


def layout(T):
    """[[field, text]] of a structure, in memory order, the inlined parent ('super') left out."""
    return [[name, text(T._flds[name])] for name in T._names if name != 'super']


GENERIC = {'Signed': lltype.Signed, 'Unsigned': lltype.Unsigned, 'Bool': lltype.Bool, 'Char': lltype.Char,
           'UniChar': lltype.UniChar, 'Float': lltype.Float, 'Void': lltype.Void, 'SingleFloat': lltype.SingleFloat}


def generic(kind):
    """A type with the size and the GC kind of the type with this text, for fields that this extension cannot use."""
    if kind in GENERIC:
        return GENERIC[kind]
    if kind.startswith(('*gc ', '*instance ', '*opaque GCREF')) or kind == '*weakref':
        return llmemory.GCREF
    if kind.startswith('*') or kind == 'Address':
        return llmemory.Address
    return None
