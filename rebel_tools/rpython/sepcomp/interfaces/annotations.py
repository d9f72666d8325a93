"""Annotations (rpython.annotator.model.SomeXxx) to plain data and back.

Lists and dicts: the annotator gives every place that makes a list its own ListItem and merges them when lists meet.
Across the boundary nothing can be merged any more, so every list type of an interface is one frozen ListItem, the
most general one (mutated, no range), shared by all signatures that use that type.
"""

from rpython.annotator import model
from rpython.annotator.dictdef import DictDef
from rpython.annotator.listdef import ListDef
from rpython.rlib import rarithmetic, rstring
from rpython.rtyper.lltypesystem import rffi    # noqa: F401 (it registers the platform's integers in rarithmetic)


class Unsupported(Exception):
    """An annotation that an interface cannot promise; str() says which."""


SIMPLE = {
    model.SomeBool: ('bool', lambda: model.SomeBool()),
    model.SomeFloat: ('float', lambda: model.SomeFloat()),
    model.SomeSingleFloat: ('singlefloat', lambda: model.SomeSingleFloat()),
    model.SomeNone: ('none', lambda: model.s_None),
    model.SomeImpossibleValue: ('impossible', lambda: model.s_ImpossibleValue),
    rstring.SomeStringBuilder: ('StringBuilder', lambda: rstring.SomeStringBuilder()),
    rstring.SomeUnicodeBuilder: ('UnicodeBuilder', lambda: rstring.SomeUnicodeBuilder()),
    model.SomeByteArray: ('bytearray', lambda: model.SomeByteArray()),
}
TEXTS = {
    model.SomeString: 'str', model.SomeChar: 'char',
    model.SomeUnicodeString: 'unicode', model.SomeUnicodeCodePoint: 'unichar',
}
GENERATORS = 'rpython.flowspace.generator'      # the module of the classes that rpython makes of them
BUILDERS = {rstring.StringBuilder: rstring.SomeStringBuilder, rstring.UnicodeBuilder: rstring.SomeUnicodeBuilder}
MAKE_SIMPLE = dict(SIMPLE.values())
MAKE_TEXT = dict((name, cls) for cls, name in TEXTS.items())


def integer_types():
    types = dict((t.__name__, t) for t in vars(rarithmetic).values()
                 if isinstance(t, type) and issubclass(t, rarithmetic.base_int))
    types['int'] = int
    return types


INTEGERS = integer_types()


def encode(s, pending=()):
    """Plain data for the annotation `s`; its constant, if any, is not part of it.  Raises Unsupported."""
    cls = s.__class__
    if cls in SIMPLE:
        return [SIMPLE[cls][0]]
    if cls in TEXTS:
        return [TEXTS[cls], s.can_be_None, s.no_nul]
    if cls is model.SomeInteger and INTEGERS.get(s.knowntype.__name__) is s.knowntype:
        return ['int', s.knowntype.__name__, s.nonneg]
    if cls is model.SomeInstance and not s.flags:
        if s.classdef and s.classdef.classdesc.pyobj.__module__ == GENERATORS:
            raise Unsupported('a generator')
        return ['instance', s.classdef and s.classdef.name, s.can_be_None]
    if cls is model.SomeTuple:
        return ['tuple', [encode(item, pending) for item in s.items]]
    if cls is model.SomeWeakRef:
        return ['weakref', s.classdef and s.classdef.name]
    if cls is model.SomeList:
        item = s.listdef.listitem
        return ['list', encode_item(item, pending), bool(item.resized)]
    if cls is model.SomeDict and not s.dictdef.dictkey.custom_eq_hash:
        return ['dict', encode_item(s.dictdef.dictkey, pending), encode_item(s.dictdef.dictvalue, pending)]
    if isinstance(s, model.SomePBC):
        return encode_choice(s, pending)
    raise Unsupported(describe(s))


def encode_choice(s, pending):
    """A function, or one of several classes, or one of several frozen objects, which the core's modules name."""
    kind = s.getKind().__name__
    if kind == 'FunctionDesc':
        from sepcomp.core import functions
        return functions.encode(s, pending)
    if kind == 'ClassDesc':
        return ['classes', sorted(desc.name for desc in s.descriptions), s.can_be_None]
    if kind == 'FrozenDesc' and all(id(desc.pyobj) in frozen.paths for desc in s.descriptions):
        frozen.sets.append(s)
        paths = sorted(frozen.paths[id(desc.pyobj)][0] for desc in s.descriptions)
        return ['frozen', paths, s.can_be_None, attributes_read(s)]
    raise Unsupported(describe(s))


def attributes_read(s):
    """The attributes that the core reads of such frozen objects at run time; '*' for a constant.

    Of its own extensions bring only objects of which nothing is read.
    """
    if s.is_constant():
        return ['*']
    families = [desc.queryattrfamily() for desc in s.descriptions]
    found = set(name for family in families if family is not None for name in family.attrs)
    return sorted(found.union(*[frozen.reads.get(desc.pyobj, ()) for desc in s.descriptions]))


class Frozen(object):
    """The frozen objects of the core that is being translated, as program.prebuilt_paths() found them.

    sets: annotations of values of which some interface entry speaks; their objects must be exported.
    reads: {object: names} of what the core reads of an object that may be another one at run time.
    """
    paths = {}
    sets = []
    reads = {}


frozen = Frozen()


def encode_item(item, pending):
    if item in pending:
        raise Unsupported('a container that holds itself')
    return encode(item.s_value, pending + (item,))


def describe(s):
    """The annotation in the words of a message for the user."""
    cls = s.__class__
    if cls in SIMPLE:
        return {'none': 'None', 'impossible': 'nothing'}.get(SIMPLE[cls][0], SIMPLE[cls][0])
    or_none = ' or None' if getattr(s, 'can_be_None', False) else ''
    if cls in TEXTS:
        return {'char': 'str', 'unichar': 'unicode'}.get(TEXTS[cls], TEXTS[cls]) + or_none
    if isinstance(s, model.SomeInteger):
        return s.knowntype.__name__
    if cls is model.SomeInstance:
        return (s.classdef.name if s.classdef else 'object') + or_none
    if cls is model.SomeTuple:
        return '(%s)' % ', '.join(describe(item) for item in s.items)
    if cls is model.SomeList:
        return '[%s]' % describe(s.listdef.listitem.s_value)
    if isinstance(s, model.SomeDict):
        return '{%s: %s}' % (describe(s.dictdef.dictkey.s_value), describe(s.dictdef.dictvalue.s_value))
    if isinstance(s, model.SomePBC):
        kinds = {'FunctionDesc': 'a function', 'MethodDesc': 'a method', 'ClassDesc': 'a class'}
        return kinds.get(s.getKind().__name__, 'a frozen object')
    return repr(s)


def of_type(t, bookkeeper):
    """The annotation for a type in @export(...); rpython's own function does not support classes inside containers."""
    if isinstance(t, list):     # whether it is resized is what the core does with it
        return model.SomeList(ListDef(bookkeeper, of_type(t[0], bookkeeper), mutated=True))
    if isinstance(t, tuple):
        return model.SomeTuple([of_type(item, bookkeeper) for item in t])
    if isinstance(t, dict):
        [(key, value)] = t.items()
        return model.SomeDict(DictDef(bookkeeper, of_type(key, bookkeeper), of_type(value, bookkeeper)))
    if t in BUILDERS:
        return BUILDERS[t]()
    return bookkeeper.annotator.typeannotation(t)


class Decoder(object):
    """Makes annotations of plain data.

    classdef_of: the ClassDef for the qualified name of a class; object_at: the frozen object for its path; own: the
    values that the extension has beside given classes or frozen objects of the core; function: decodes a function type.
    """

    def __init__(self, bookkeeper, classdef_of, object_at, own, function):
        self.bookkeeper = bookkeeper
        self.classdef_of = classdef_of
        self.object_at = object_at
        self.own = own
        self.decode_function = function
        self.containers = {}

    def decode(self, data):
        kind = data[0]
        if kind in MAKE_SIMPLE:
            return MAKE_SIMPLE[kind]()
        return getattr(self, 'decode_' + kind)(*data[1:])

    def _decode_text(kind):
        def decode(self, can_be_None, no_nul):
            if kind in ('char', 'unichar'):
                return MAKE_TEXT[kind](no_nul=no_nul)
            return MAKE_TEXT[kind](can_be_None=can_be_None, no_nul=no_nul)
        return decode

    decode_str = _decode_text('str')
    decode_char = _decode_text('char')
    decode_unicode = _decode_text('unicode')
    decode_unichar = _decode_text('unichar')

    def decode_int(self, knowntype, nonneg):
        return model.SomeInteger(nonneg=nonneg, knowntype=INTEGERS[knowntype])

    def decode_instance(self, name, can_be_None):
        return model.SomeInstance(name and self.classdef_of(name), can_be_None=can_be_None)

    def decode_weakref(self, name):
        return model.SomeWeakRef(name and self.classdef_of(name))

    def decode_classes(self, names, can_be_None):
        classes = [self.classdef_of(name).classdesc.pyobj for name in names]
        if can_be_None:     # classes that are known at run time only
            classes += self.own.subclasses(classes)
        return self.choice(classes, can_be_None)

    def decode_frozen(self, paths, can_be_None, attributes):
        objects = map(self.object_at, paths)
        if not attributes:
            objects += self.own.alike(objects)
        return self.choice(objects, can_be_None)

    def choice(self, values, can_be_None):
        return model.SomePBC(map(self.bookkeeper.getdesc, values), can_be_None=can_be_None)

    def decode_tuple(self, items):
        return model.SomeTuple([self.decode(item) for item in items])

    def decode_list(self, item, resized):
        key = repr(('list', item, resized))
        if key not in self.containers:
            listdef = ListDef(self.bookkeeper, self.decode(item), mutated=True, resized=resized)
            listdef.listitem.dont_change_any_more = True
            self.containers[key] = listdef
        return model.SomeList(self.containers[key])

    def decode_dict(self, key, value):
        cache = repr(('dict', key, value))
        if cache not in self.containers:
            dictdef = DictDef(self.bookkeeper, self.decode(key), self.decode(value))
            dictdef.dictkey.dont_change_any_more = dictdef.dictvalue.dont_change_any_more = True
            self.containers[cache] = dictdef
        return model.SomeDict(self.containers[cache])
